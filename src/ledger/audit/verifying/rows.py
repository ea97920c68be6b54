"""Many rows, held against as many that they have to be, without keeping either.

Rows are compared by the sum of their hashes, which does not depend on their order. Python's hash
of bytes is keyed by chance for each run, so that nobody can choose rows with the same sum. Only
where sums differ, the rows themselves are looked at: of the first stretches of the log that differ.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

Rows = Callable[[], Iterator[bytes]]
"""All rows of a table."""
Expected = Callable[[int, int], Iterator[bytes]]
"""The rows that the events from one position through another lead to."""
PositionOf = Callable[[bytes], int]

_STRETCHES: Final = 4_096
_LOOKED_AT: Final = 16
_MOST_ROWS: Final = 100_000


class Sides(NamedTuple):
    """The rows of a table, those that are expected of a log that ends at `head`, and the position
    of the event that a row says it is of."""

    there: Rows
    expected: Expected
    position_of: PositionOf
    head: int


class Differing(NamedTuple):
    """Rows of the first stretches of the log that differ: `missing` are expected and not there,
    `surplus` there and not expected."""

    missing: list[bytes]
    surplus: list[bytes]


def sum_of(rows: Iterable[bytes]) -> int:
    """Tells rows from others, whatever order they come in."""
    return sum(map(hash, rows))


def differing(sides: Sides) -> Differing:
    """The rows that make the difference, of as much of the log as can be held at once."""
    width = max(1, -(-sides.head // _STRETCHES))
    sums: Counter[int] = Counter()
    for row in sides.there():
        sums[_stretch(sides, row, width)] += hash(row)
    for row in sides.expected(1, sides.head):
        sums[_stretch(sides, row, width)] -= hash(row)
    stretches = sorted(stretch for stretch, total in sums.items() if total)
    chosen = frozenset(stretches[:_LOOKED_AT])
    return _rows_of(sides, chosen, width)


def _stretch(sides: Sides, row: bytes, width: int) -> int:
    """The number of the stretch of the log that a row belongs to; -1 for one outside the log."""
    position = sides.position_of(row)
    return (position - 1) // width if 0 < position <= sides.head else -1


def _rows_of(sides: Sides, stretches: frozenset[int], width: int) -> Differing:
    counted: Counter[bytes] = Counter()
    for stretch in sorted(stretches):
        if stretch >= 0 and len(counted) < _MOST_ROWS:
            counted.update(sides.expected(stretch * width + 1, (stretch + 1) * width))
    surplus: list[bytes] = []
    for row in sides.there():
        if _stretch(sides, row, width) not in stretches:
            continue
        if counted[row] > 0:
            counted[row] -= 1
        elif len(surplus) < _MOST_ROWS:
            surplus.append(row)
    return Differing([row for row, times in counted.items() if times > 0], surplus)
