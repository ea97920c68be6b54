"""What a tax rate comes to. None of it ever changes."""

from decimal import Decimal
from fractions import Fraction

from ledger.kernel.events import Fact


class TaxRateTerms(Fact):
    """`percentage` is decimal text from 0 to 100. An inclusive tax is a part of the price."""

    percentage: str
    inclusive: bool

    @property
    def fraction(self) -> Fraction:
        """The exact share of the net amount."""
        return Fraction(Decimal(self.percentage)) / 100
