"""Per unit: every unit costs the same; fractions of a unit cost their share."""

from decimal import Decimal

from ledger.kernel.quantities import EXACT
from ledger.prices.terms import PriceTerms
from ledger.rating.lines import RatingStep


def per_unit_steps(terms: PriceTerms, quantity: Decimal) -> list[RatingStep]:
    """One step: the quantity times the unit amount."""
    price = terms.unit_price
    return [RatingStep("per_unit", quantity, price, EXACT.multiply(quantity, price))]
