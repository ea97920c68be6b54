"""Volume tiers: the whole quantity costs the price of the one tier it falls in.

A quantity on a bound belongs to the tier below it, a fraction above it to the next. The matched
tier's flat amount is charged once; no usage falls in the first tier (a decision, contract §15).
"""

from decimal import Decimal

from ledger.kernel.quantities import EXACT
from ledger.prices.terms import PriceTerms
from ledger.rating.lines import RatingStep


def volume_steps(terms: PriceTerms, quantity: Decimal) -> list[RatingStep]:
    """One step: the whole quantity at the matched tier. Raises ValueError for terms without one."""
    for above, up_to, price, flat, *_ in terms.brackets:
        if up_to is None or quantity <= up_to:
            amount = EXACT.fma(quantity, price, flat)
            return [RatingStep("volume", quantity, price, amount, flat, above, up_to)]
    raise ValueError("volume tiers end without an unbounded tier")
