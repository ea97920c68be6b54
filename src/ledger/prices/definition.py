"""From a request to the terms of a price: the rules of contract §6, naming the field at fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.money import check_amount, parse_currency
from ledger.kernel.quantities import decimal_text, parse_decimal_amount
from ledger.prices.terms import (
    BillingScheme,
    PercentageFee,
    PriceTerms,
    Recurring,
    TaxBehavior,
    Tier,
    TiersMode,
    TransformQuantity,
)

LONGEST_CYCLE: Final = {"day": 3 * 365, "week": 3 * 52, "month": 36, "year": 3}
"""Three years, counted in each interval (contract §6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRequest:
    """A tier as it is asked for; an amount may come whole or as a decimal, not as both."""

    up_to: int | Literal["inf"]
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    flat_amount: int | None = None
    flat_amount_decimal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsRequest:
    """The terms of a price as they are asked for; amounts as in `TierRequest`."""

    currency: str
    billing_scheme: BillingScheme = "per_unit"
    unit_amount: int | None = None
    unit_amount_decimal: str | None = None
    transform_quantity: TransformQuantity | None = None
    tiers_mode: TiersMode | None = None
    tiers: tuple[TierRequest, ...] = ()
    recurring: Recurring | None = None
    tax_behavior: TaxBehavior = "unspecified"
    included_units: str | None = None
    percentage_fee: PercentageFee | None = None
    minimum_charge: int | None = None
    maximum_charge: int | None = None


def define_terms(asked: TermsRequest) -> PriceTerms:
    """The terms that a request asks for. Raises InvalidRequest naming the field."""
    if asked.recurring is not None:
        _check_recurring(asked.recurring)
    whole, exact = None, None
    if asked.billing_scheme == "tiered":
        _check_tiered(asked)
    else:
        _check_untiered(asked)
        whole, exact = _amount("unit_amount", asked.unit_amount, asked.unit_amount_decimal)
        if exact is None:
            raise InvalidRequest(
                "Missing required param: unit_amount. A price has unit_amount or "
                "unit_amount_decimal, unless it is tiered.",
                param="unit_amount",
                code="parameter_missing",
            )
    return PriceTerms(
        currency=parse_currency(asked.currency),
        billing_scheme=asked.billing_scheme,
        unit_amount=whole,
        unit_amount_decimal=exact,
        transform_quantity=asked.transform_quantity,
        tiers_mode=asked.tiers_mode,
        tiers=tuple(_tier(i, tier) for i, tier in enumerate(asked.tiers)),
        recurring=asked.recurring,
        tax_behavior=asked.tax_behavior,
        included_units=_included(asked.included_units),
        percentage_fee=_percentage_fee(asked.percentage_fee),
        minimum_charge=_charge("minimum_charge", asked.minimum_charge),
        maximum_charge=_charge("maximum_charge", asked.maximum_charge, asked.minimum_charge or 0),
    )


def _check_recurring(recurring: Recurring) -> None:
    if recurring.interval_count < 1:
        raise _too_small("recurring[interval_count]", 1)
    if recurring.interval_count > LONGEST_CYCLE[recurring.interval]:
        raise InvalidRequest(
            f"A price can be billed at most every three years "
            f"({LONGEST_CYCLE[recurring.interval]} {recurring.interval}s).",
            param="recurring[interval_count]",
        )
    if recurring.usage_type == "metered" and not recurring.meter:
        raise InvalidRequest(
            "Missing required param: recurring[meter]. A metered price is billed from a meter.",
            param="recurring[meter]",
            code="parameter_missing",
        )
    if recurring.usage_type == "licensed" and recurring.meter:
        raise InvalidRequest(
            "A meter can only be given with recurring[usage_type]=metered.",
            param="recurring[meter]",
        )


def _check_untiered(asked: TermsRequest) -> None:
    transform = asked.transform_quantity
    if transform is not None and asked.tiers:
        raise _exclusive("tiers", "transform_quantity")
    for param, given in (("tiers", asked.tiers), ("tiers_mode", asked.tiers_mode)):
        if given:
            raise InvalidRequest(f"{param} requires billing_scheme=tiered.", param=param)
    if transform is not None:
        if transform.divide_by < 1:
            raise _too_small("transform_quantity[divide_by]", 1)
        check_amount(transform.divide_by, param="transform_quantity[divide_by]")


def _check_tiered(asked: TermsRequest) -> None:
    for param, given in (
        ("unit_amount", asked.unit_amount),
        ("unit_amount_decimal", asked.unit_amount_decimal),
        ("transform_quantity", asked.transform_quantity),
    ):
        if given is not None:
            raise _exclusive("tiers", param)
    for param, given in (("tiers_mode", asked.tiers_mode), ("tiers", asked.tiers)):
        if not given:
            raise InvalidRequest(
                f"Missing required param: {param}.", param=param, code="parameter_missing"
            )
    _check_tier_order(asked.tiers)


def _check_tier_order(tiers: Sequence[TierRequest]) -> None:
    bound = 0
    for i, tier in enumerate(tiers[:-1]):
        if not isinstance(tier.up_to, int):
            raise _invalid_bound(i, "Only the last tier can have no upper bound.")
        if tier.up_to <= bound:
            raise _invalid_bound(i, f"up_to must be greater than {bound}; tiers are in order.")
        bound = check_amount(tier.up_to, param=f"tiers[{i}][up_to]")
    if isinstance(tiers[-1].up_to, int):
        raise _invalid_bound(len(tiers) - 1, "The last tier must have up_to=inf.")


def _tier(i: int, tier: TierRequest) -> Tier:
    unit = _amount(f"tiers[{i}][unit_amount]", tier.unit_amount, tier.unit_amount_decimal)
    flat = _amount(f"tiers[{i}][flat_amount]", tier.flat_amount, tier.flat_amount_decimal)
    if unit[1] is None and flat[1] is None:
        raise InvalidRequest(
            "An entry in the tiers array is missing an amount.", param=f"tiers[{i}]"
        )
    return Tier(
        up_to=tier.up_to if isinstance(tier.up_to, int) else None,
        unit_amount=unit[0],
        unit_amount_decimal=unit[1],
        flat_amount=flat[0],
        flat_amount_decimal=flat[1],
    )


def _amount(param: str, whole: int | None, exact: str | None) -> tuple[int | None, str | None]:
    """Both forms of an amount given in one of them; (None, None) if it was not given."""
    decimal_param = f"{param[:-1]}_decimal]" if param.endswith("]") else f"{param}_decimal"
    if whole is not None and exact is not None:
        raise _exclusive(param, decimal_param)
    if whole is not None:
        if whole < 0:
            raise _too_small(param, 0)
        return check_amount(whole, param=param), str(whole)
    if exact is None:
        return None, None
    amount = parse_decimal_amount(exact, param=decimal_param)
    return (int(amount) if amount == int(amount) else None), decimal_text(amount)


def _included(units: str | None) -> str | None:
    if units is None:
        return None
    return decimal_text(parse_decimal_amount(units, param="included_units"))


def _percentage_fee(fee: PercentageFee | None) -> PercentageFee | None:
    if fee is None:
        return None
    param = "percentage_fee[percent]"
    percent = parse_decimal_amount(fee.percent, param=param)
    if not 0 < percent <= 100:
        raise InvalidRequest(
            "Invalid percentage_fee[percent]: must be greater than 0 and at most 100.", param=param
        )
    return fee.model_copy(update={"percent": decimal_text(percent)})


def _charge(param: str, amount: int | None, least: int = 0) -> int | None:
    if amount is None:
        return None
    if amount < 0:
        raise _too_small(param, 0)
    if amount < least:
        raise InvalidRequest(
            f"The maximum_charge must be at least the minimum_charge ({least}).", param=param
        )
    return check_amount(amount, param=param)


def _invalid_bound(i: int, sentence: str) -> InvalidRequest:
    return InvalidRequest(f"Invalid tiers: {sentence}", param=f"tiers[{i}][up_to]")


def _too_small(param: str, least: int) -> InvalidRequest:
    return InvalidRequest(f"This value must be greater than or equal to {least}.", param=param)


def _exclusive(first: str, second: str) -> InvalidRequest:
    return InvalidRequest(
        f"You may only specify one of these parameters: {first}, {second}.",
        param=first,
        code="parameters_exclusive",
    )
