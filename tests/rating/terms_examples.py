"""Terms of prices for rating tests, written short."""

from typing import Any

from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import PriceTerms, TiersMode, TransformQuantity


def each(amount: str) -> PriceTerms:
    """A price per unit, in cents."""
    return define_terms(TermsRequest(currency="usd", unit_amount_decimal=amount))


def packages(amount: str, of: int, rounding: str = "up") -> PriceTerms:
    """A price per package of so many units."""
    transform = TransformQuantity(divide_by=of, round="up" if rounding == "up" else "down")
    return define_terms(
        TermsRequest(currency="usd", unit_amount_decimal=amount, transform_quantity=transform)
    )


def tiered(mode: TiersMode, *tiers: tuple[int | None, str, str]) -> PriceTerms:
    """Tiers of (up_to, unit amount, flat amount)."""
    return define_terms(
        TermsRequest(
            currency="usd",
            billing_scheme="tiered",
            tiers_mode=mode,
            tiers=tuple(
                TierRequest(
                    up_to="inf" if up_to is None else up_to,
                    unit_amount_decimal=unit,
                    flat_amount_decimal=flat,
                )
                for up_to, unit, flat in tiers
            ),
        )
    )


def with_extensions(terms: PriceTerms, *, metered: bool = True, **extensions: Any) -> PriceTerms:
    """The same terms with extensions, billed monthly; `percentage_fee` is (percent, of)."""
    if (fee := extensions.get("percentage_fee")) is not None:
        extensions["percentage_fee"] = {"percent": fee[0], "of": fee[1]}
    usage: dict[str, Any] = {"usage_type": "metered", "meter": "mtr_test_1"} if metered else {}
    recurring = {"interval": "month", **usage}
    return PriceTerms.model_validate({**terms.model_dump(), "recurring": recurring, **extensions})
