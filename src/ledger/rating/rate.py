"""Rating: the terms of a price and a quantity in, a line with its steps out.

A rating is a function of its arguments alone. Whatever would change the amount for the same terms
and quantity is a new `RATING_ENGINE_VERSION`, and finalized invoices name the one they used.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from ledger.kernel.money import round_half_away
from ledger.kernel.quantities import ZERO, exact_sum
from ledger.prices.terms import PriceTerms
from ledger.rating.graduated import graduated_steps
from ledger.rating.lines import Model, RatedLine, RatingStep
from ledger.rating.package import package_steps
from ledger.rating.per_unit import per_unit_steps
from ledger.rating.volume import volume_steps

RATING_ENGINE_VERSION: Final = 1

MODELS: Final[dict[Model, Callable[[PriceTerms, Decimal], tuple[RatingStep, ...]]]] = {
    "per_unit": per_unit_steps,
    "package": package_steps,
    "graduated": graduated_steps,
    "volume": volume_steps,
}


def rate(terms: PriceTerms, quantity: Decimal) -> RatedLine:
    """What a quantity costs, the steps summed exactly and rounded once, half away from zero.

    A negative quantity, left by corrections, is billed as 0 (contract §5). Raises InvalidRequest if
    the amount does not fit in 64 bits.
    """
    billed = quantity if quantity > 0 else ZERO
    steps = MODELS[model_of(terms)](terms, billed)
    exact = steps[0].amount if len(steps) == 1 else exact_sum(step.amount for step in steps)
    return RatedLine(
        amount=round_half_away(exact),
        quantity=billed,
        exact=exact,
        unit_amount_decimal=terms.unit_amount_decimal,
        steps=steps,
    )


def model_of(terms: PriceTerms) -> Model:
    """Which row of the table rates these terms."""
    if terms.tiers_mode is not None:
        return terms.tiers_mode
    return "per_unit" if terms.transform_quantity is None else "package"
