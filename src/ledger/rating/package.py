"""Package: usage is billed in whole packages of `divide_by` units, rounded up or down."""

from decimal import Decimal

from ledger.kernel.quantities import EXACT
from ledger.prices.terms import PriceTerms, TransformQuantity
from ledger.rating.lines import RatingStep


def package_steps(terms: PriceTerms, quantity: Decimal) -> list[RatingStep]:
    """One step: packages times the unit amount. Raises ValueError for terms without packages."""
    if terms.transform_quantity is None:
        raise ValueError("these terms do not sell packages")
    packages = count_packages(quantity, terms.transform_quantity)
    price = terms.unit_price
    return [RatingStep("package", packages, price, EXACT.multiply(packages, price))]


def count_packages(quantity: Decimal, transform: TransformQuantity) -> Decimal:
    """`round(quantity / divide_by)` for a quantity of 0 or more, without inexact division."""
    packages, rest = EXACT.divmod(quantity, Decimal(transform.divide_by))
    return EXACT.add(packages, Decimal(1)) if rest and transform.round == "up" else packages
