"""Terms of prices for rating tests, written short."""

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
