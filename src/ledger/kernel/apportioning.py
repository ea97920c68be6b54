"""A whole amount, divided among several so that the parts are whole and sum up to it."""

from collections.abc import Sequence
from fractions import Fraction


def round_fraction(exact: Fraction) -> int:
    """The nearest whole number, a half going away from zero, as amounts are rounded."""
    whole = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return whole if exact >= 0 else -whole


def apportion(exact: Sequence[Fraction], room: Sequence[int] | None = None) -> list[int]:
    """The exact shares as whole numbers whose sum is that of the shares, rounded once.

    Largest remainder: shares are cut towards zero, and what is missing goes, one unit each, to
    those that lost most, the earlier of equals first. So a share is never rounded by a whole unit,
    and never changes its sign. With `room` a share is rounded up only where there is room for a
    unit; what finds no room is left out of the sum.
    """
    shares = [int(share) for share in exact]
    missing = round_fraction(sum(exact, Fraction(0))) - sum(shares)
    step = 1 if missing > 0 else -1
    lost = [(share - whole) * step for share, whole in zip(exact, shares, strict=True)]
    takers = [i for i, part in enumerate(lost) if part > 0 and (room is None or room[i] > 0)]
    takers.sort(key=lambda i: (-lost[i], i))
    for i in takers[: abs(missing)]:
        shares[i] += step
    return shares


def apportion_by(total: int, weights: Sequence[int]) -> list[int]:
    """The total, divided in proportion to weights. Raises ZeroDivisionError if they sum to 0."""
    whole = sum(weights)
    return apportion([Fraction(total * weight, whole) for weight in weights])
