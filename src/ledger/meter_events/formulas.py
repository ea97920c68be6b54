"""What each formula makes of the events that count, in one pass and exactly.

- `sum` adds the values, `count` counts the events, `last` takes the value of the latest event by
  its own timestamp, then by its place in the log (contract §5).
- `max` and `min` take the greatest and the smallest value, `average` the sum over the number of
  events, rounded half up to 12 decimals, and `unique_count` the number of distinct texts,
  compared to the byte. These are extensions (decision 18).

Without events each gives 0.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

import msgspec

from ledger.kernel.quantities import EXACT, ZERO, exact_sum, quotient
from ledger.meter_events.events import CountedRecord
from ledger.meters.events import Formula

_whole_numbers: Final = msgspec.json.Decoder(list[int])


class MeteredEvent(NamedTuple):
    """A meter event with its place in the log. `timestamp` is in epoch microseconds.

    `value` is canonical decimal text, or the text that `unique_count` counts.
    """

    position: int
    ordinal: int
    timestamp: int
    value: str | None


class MeteredEvents(NamedTuple):
    """Meter events of one position; the value of one that has none is empty."""

    position: int
    ordinals: Sequence[int]
    records: Sequence[CountedRecord]
    values: Sequence[str]


class Running(Protocol):
    """A formula under way. Takes events in the order of the log."""

    def take(self, event: MeteredEvent, /) -> None:
        """The next event."""
        ...

    def take_all(self, events: MeteredEvents, /) -> None:
        """The next events."""
        ...

    def quantity(self) -> Decimal:
        """What the events taken so far amount to."""
        ...


class _OneByOne:
    """Takes many events as each after the other."""

    def take(self, event: MeteredEvent, /) -> None:
        raise NotImplementedError

    def take_all(self, events: MeteredEvents, /) -> None:
        for ordinal, record in zip(events.ordinals, events.records, strict=True):
            self.take(MeteredEvent(events.position, ordinal, record.timestamp, record.value))


class _Sum:
    def __init__(self) -> None:
        self._sum = ZERO

    def take(self, event: MeteredEvent, /) -> None:
        self._sum = EXACT.add(self._sum, Decimal(event.value or 0))

    def take_all(self, events: MeteredEvents, /) -> None:
        self._sum = EXACT.add(self._sum, _sum_of(events.values))

    def quantity(self) -> Decimal:
        return self._sum


class _Count:
    def __init__(self) -> None:
        self._count = 0

    def take(self, _: MeteredEvent, /) -> None:
        self._count += 1

    def take_all(self, events: MeteredEvents, /) -> None:
        self._count += len(events.records)

    def quantity(self) -> Decimal:
        return Decimal(self._count)


class _Last(_OneByOne):
    def __init__(self) -> None:
        self._latest: MeteredEvent | None = None

    def take(self, event: MeteredEvent, /) -> None:
        if self._latest is None or event.timestamp >= self._latest.timestamp:
            self._latest = event

    def quantity(self) -> Decimal:
        return Decimal(self._latest.value or 0) if self._latest else ZERO


class _Extreme(_OneByOne):
    def __init__(self, pick: Callable[[Decimal, Decimal], Decimal]) -> None:
        self._pick = pick
        self._found: Decimal | None = None

    def take(self, event: MeteredEvent, /) -> None:
        number = Decimal(event.value or 0)
        self._found = number if self._found is None else self._pick(self._found, number)

    def quantity(self) -> Decimal:
        return ZERO if self._found is None else self._found


class _Average:
    def __init__(self) -> None:
        self._sum = ZERO
        self._count = 0

    def take(self, event: MeteredEvent, /) -> None:
        self._sum = EXACT.add(self._sum, Decimal(event.value or 0))
        self._count += 1

    def take_all(self, events: MeteredEvents, /) -> None:
        self._sum = EXACT.add(self._sum, _sum_of(events.values))
        self._count += len(events.records)

    def quantity(self) -> Decimal:
        return quotient(self._sum, self._count) if self._count else ZERO


class _UniqueCount(_OneByOne):
    """Holds every distinct text."""

    def __init__(self) -> None:
        self._texts: set[str] = set()

    def take(self, event: MeteredEvent, /) -> None:
        self._texts.add(event.value or "")

    def quantity(self) -> Decimal:
        return Decimal(len(self._texts))


def _sum_of(values: Sequence[str]) -> Decimal:
    """Their exact sum. Most are whole numbers, which are read fastest as those of a JSON array."""
    try:
        numbers = _whole_numbers.decode(f"[{','.join(values)}]")
    except msgspec.DecodeError:
        numbers = []
    if len(numbers) == len(values):
        return Decimal(sum(numbers))
    return exact_sum(Decimal(value or 0) for value in values)


FORMULAS: Final[Mapping[Formula, Callable[[], Running]]] = {
    "sum": _Sum,
    "count": _Count,
    "last": _Last,
    "max": lambda: _Extreme(max),
    "min": lambda: _Extreme(min),
    "average": _Average,
    "unique_count": _UniqueCount,
}
