"""Proration: an amount's share for a part of a period, by the second (contract §8)."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final, NamedTuple

from ledger.kernel.periods import Period

_SHARES: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])

_SECOND: Final = timedelta(seconds=1)

_STATED: Final = Decimal("1e-12")
"""The finest decimal that a step states of a share that no decimal writes in full."""

_MOST_DECIMALS: Final = 60
"""More than exact amounts have: a quantity's 12, a unit amount's 12 and a percentage's 14."""


class Share(NamedTuple):
    """A part of a whole period."""

    part: Period
    whole: Period

    def of(self, exact: Decimal) -> Decimal:
        """The amount's share. Raises ValueError as `prorate` does."""
        return prorate(exact, self.part, self.whole)


def prorate(exact: Decimal, part: Period, whole: Period) -> Decimal:
    """`exact` times the seconds of the part over those of the whole, not rounded to a minor unit.

    A share that no decimal writes in full (a third) is carried to 120 digits, far beyond where it
    could fall on the other side of a half minor unit. Raises ValueError if the part is not within
    the whole, or the whole is empty.
    """
    if part.start < whole.start or part.end > whole.end or not whole.length:
        raise ValueError(f"{part} is no part of {whole}")
    covered = Decimal(part.length // _SECOND)
    return _SHARES.divide(_SHARES.multiply(exact, covered), Decimal(whole.length // _SECOND))


def stated(amount: Decimal) -> Decimal:
    """An amount as a step states it: to 12 decimals if it is a share without end, else in full."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent >= -_MOST_DECIMALS:
        return amount
    return amount.quantize(_STATED, ROUND_HALF_UP, _SHARES)
