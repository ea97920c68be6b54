"""What usage adds up to, computed from what clients sent and from nothing else."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import NamedTuple

from tests.doors.uses import MICROSECONDS, Use

EXACT = Context(prec=60)
_TWELVE_DECIMALS = Decimal("1e-12")


class Window(NamedTuple):
    """A question for summaries. Times are epoch seconds; `width` cuts it where it is not None."""

    start: int
    end: int
    width: int | None = None


def expected_summaries(uses: Iterable[Use], formula: str, window: Window) -> dict[int, Decimal]:
    """Summaries of the usage of one customer and meter, in the order of their recording, by the
    start of their stretch."""
    stretches: dict[int, list[Use]] = defaultdict(list)
    for use in uses:
        second = use.time // MICROSECONDS
        if window.start <= second < window.end:
            start = window.start
            if window.width is not None:
                start = max(start, second // window.width * window.width)
            stretches[start].append(use)
    return {start: FORMULAS[formula](theirs) for start, theirs in stretches.items()}


def _sum(uses: list[Use]) -> Decimal:
    total = Decimal(0)
    for use in uses:
        total = EXACT.add(total, Decimal(use.value))
    return total


def _average(uses: list[Use]) -> Decimal:
    exact = EXACT.divide(_sum(uses), Decimal(len(uses)))
    return exact.quantize(_TWELVE_DECIMALS, ROUND_HALF_UP)


FORMULAS: dict[str, Callable[[list[Use]], Decimal]] = {
    "sum": _sum,
    "count": lambda uses: Decimal(len(uses)),
    "last": lambda uses: Decimal(max(reversed(uses), key=lambda use: use.time).value),
    "max": lambda uses: max(Decimal(use.value) for use in uses),
    "min": lambda uses: min(Decimal(use.value) for use in uses),
    "average": _average,
    "unique_count": lambda uses: Decimal(len({use.value for use in uses})),
}


def surviving(uses: Iterable[Use], width: int | None) -> list[Use]:
    """Of uses in the order of their recording, those that count: the first of each identifier,
    and of these the latest in each hour or day, where `width` in seconds says so."""
    first: dict[str, Use] = {}
    for use in uses:
        first.setdefault(use.identifier, use)
    if width is None:
        return list(first.values())
    latest: dict[int, Use] = {}
    for use in first.values():
        window = use.time // MICROSECONDS // width
        latest.pop(window, None)  # a later one stands at its own place in the order
        latest[window] = use
    return list(latest.values())
