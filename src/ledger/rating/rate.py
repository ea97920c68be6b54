"""Rating: the terms of a price and a quantity in, a line with its steps out.

A rating is a function of its arguments alone. Whatever would change the amount for the same terms
and quantity is a new `RATING_ENGINE_VERSION`, and finalized invoices name the one they used.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ledger.kernel.money import round_half_away
from ledger.kernel.periods import Period
from ledger.kernel.quantities import ZERO, exact_sum
from ledger.prices.terms import PriceTerms
from ledger.rating.extended import Due, apply_limits, lead_to, percentage_step, take_included
from ledger.rating.graduated import graduated_steps
from ledger.rating.lines import Model, RatedLine, RatingStep
from ledger.rating.package import package_steps
from ledger.rating.per_unit import per_unit_steps
from ledger.rating.proration import Share
from ledger.rating.volume import volume_steps

RATING_ENGINE_VERSION: Final = 2

MODELS: Final[dict[Model, Callable[[PriceTerms, Decimal], list[RatingStep]]]] = {
    "per_unit": per_unit_steps,
    "package": package_steps,
    "graduated": graduated_steps,
    "volume": volume_steps,
}


def rate(
    terms: PriceTerms, quantity: Decimal, part: Period | None = None, whole: Period | None = None
) -> RatedLine:
    """What a quantity costs, the steps summed exactly and rounded once, half away from zero.

    For a `part` of a `whole` period a licensed quantity costs its share by the second. Usage is
    what it is; of a metered price only the minimum and the maximum charge are shared.

    A negative quantity, left by corrections, is billed as 0 (contract §5). Raises InvalidRequest if
    the amount does not fit in 64 bits, and ValueError if the part is not within the whole.
    """
    billed = quantity if quantity > 0 else ZERO
    steps = _model_steps(terms, billed)
    exact = steps[0].amount if len(steps) == 1 else exact_sum(step.amount for step in steps)
    share = None if part is None or whole is None or part == whole else Share(part, whole)
    due = Due(exact, exact)
    if terms.is_limited or share is not None:
        due = _settle(terms, due, share, steps)
    amount = round_half_away(due.amount)
    if due.stated != amount:
        lead_to("rounding", due, Decimal(amount), steps)
    return RatedLine(amount, billed, due.stated, terms.unit_amount_decimal, tuple(steps))


def _model_steps(terms: PriceTerms, billed: Decimal) -> list[RatingStep]:
    """What the model charges, between the included units and the percentage fee."""
    rated = MODELS[model_of(terms)]
    if terms.included_units is None and terms.percentage_fee is None:
        return rated(terms, billed)
    rest, free = take_included(terms, billed)
    steps = rated(terms, rest)
    if terms.percentage_fee is not None:
        charged = exact_sum(step.amount for step in steps)
        steps.append(percentage_step(terms, rest, charged))
    return [free, *steps] if free.quantity else steps


def _settle(terms: PriceTerms, due: Due, share: Share | None, steps: list[RatingStep]) -> Due:
    """The limits and the share of a part of a period."""
    if terms.is_metered:
        return apply_limits(terms, due, share, steps)
    due = apply_limits(terms, due, None, steps)
    return due if share is None else lead_to("proration", due, share.of(due.amount), steps)


def model_of(terms: PriceTerms) -> Model:
    """Which row of the table rates these terms."""
    if terms.tiers_mode is not None:
        return terms.tiers_mode
    return "per_unit" if terms.transform_quantity is None else "package"
