"""Graduated tiers: the units within each tier cost that tier's price.

Bounds are real numbers: 10.5 units of tiers up to 10 and beyond are 10 in the first and 0.5 in the
second. A tier's flat amount is charged when the tier is entered, and the first tier is always
entered: with no usage at all its flat amount is due (a decision, contract §15).
"""

from decimal import Decimal

from ledger.kernel.quantities import EXACT
from ledger.prices.terms import PriceTerms
from ledger.rating.lines import RatingStep


def graduated_steps(terms: PriceTerms, quantity: Decimal) -> list[RatingStep]:
    """One step for each tier entered, lowest first. Raises ValueError for terms without tiers."""
    steps: list[RatingStep] = []
    add = steps.append
    for above, up_to, price, flat, width, full_amount in terms.brackets:
        if up_to is None or quantity <= up_to:
            units = EXACT.subtract(quantity, above)
            amount = EXACT.fma(units, price, flat)
            add(RatingStep("graduated", units, price, amount, flat, above, up_to))
            return steps
        add(RatingStep("graduated", width, price, full_amount, flat, above, up_to))
    raise ValueError("graduated tiers end without an unbounded tier")
