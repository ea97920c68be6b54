"""Proration: an amount's share for a part of a period, by the second (contract §8)."""

from datetime import timedelta
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from ledger.kernel.periods import Period

_SHARES: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])

_SECOND: Final = timedelta(seconds=1)


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
