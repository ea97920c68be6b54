"""Extensions of a price: included units, a percentage fee, and limits of what a period costs.

They apply in this order: included units come off the quantity, the model rates the rest, the
percentage fee is added, and the sum is raised to the minimum and lowered to the maximum. Each is a
step of its own.
"""

from decimal import Decimal
from typing import NamedTuple

from ledger.kernel.quantities import EXACT, ZERO
from ledger.prices.terms import PriceTerms
from ledger.rating.lines import RatingStep, StepModel
from ledger.rating.proration import Share, stated


class Due(NamedTuple):
    """What is due: the exact amount, and what the steps so far add up to.

    The two differ where a share by the second has more decimals than a step states.
    """

    amount: Decimal
    stated: Decimal


def take_included(terms: PriceTerms, quantity: Decimal) -> tuple[Decimal, RatingStep]:
    """What is left of the quantity, and the step that takes the included units off."""
    free = min(quantity, terms.included)
    return EXACT.subtract(quantity, free), RatingStep("included", free, ZERO, ZERO)


def percentage_step(terms: PriceTerms, quantity: Decimal, amount: Decimal) -> RatingStep:
    """The fee on the quantity that is left, or on the amount that the model came to."""
    of_amount = terms.percentage_fee is not None and terms.percentage_fee.of == "amount"
    base = amount if of_amount else quantity
    return RatingStep("percentage", base, terms.fee_share, EXACT.multiply(base, terms.fee_share))


def apply_limits(terms: PriceTerms, due: Due, share: Share | None, steps: list[RatingStep]) -> Due:
    """What is due within the minimum and the maximum, of which a share is taken where one is given.

    Adds a step for the one that changes the amount.
    """
    if terms.minimum_charge is not None:
        least = _limit(terms.minimum_charge, share)
        if due.amount < least:
            due = lead_to("minimum", due, least, steps)
    if terms.maximum_charge is not None:
        most = _limit(terms.maximum_charge, share)
        if due.amount > most:
            due = lead_to("maximum", due, most, steps)
    return due


def lead_to(model: StepModel, due: Due, amount: Decimal, steps: list[RatingStep]) -> Due:
    """Another amount due from here on, with the step that leads there."""
    after = stated(amount)
    change = EXACT.subtract(after, due.stated)
    steps.append(RatingStep(model, ZERO, ZERO, change, change, due.stated, after))
    return Due(amount, after)


def _limit(charge: int, share: Share | None) -> Decimal:
    return Decimal(charge) if share is None else share.of(Decimal(charge))
