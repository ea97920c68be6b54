"""What the meter events of one customer in one stretch of time amount to.

Every reader of usage, from the log or from a read model, gives what a `Tally` of the same events
gives:

- What a formula makes of the events that count says `formulas.py`.
- With an `event_time_window`, of the events of one customer in one UTC hour or day only the most
  recently received one counts. A cut through that hour or day does not change which one it is,
  so that the usage of adjoining windows adds up.
- A cancelled event counts nowhere, and no longer overwrites any other.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, Self

from ledger.kernel.quantities import decimal_text
from ledger.meter_events.events import CountedRecord, UsageRecord
from ledger.meter_events.formulas import FORMULAS, MeteredEvent, MeteredEvents
from ledger.meters.aggregate import Meter
from ledger.meters.events import Formula, TimeWindow

MICROSECONDS: Final = 1_000_000
WINDOW_MICROSECONDS: Final[dict[TimeWindow, int]] = {
    "hour": 3_600 * MICROSECONDS,
    "day": 86_400 * MICROSECONDS,
}


@dataclass(frozen=True, slots=True)
class MeterDefinition:
    """What of a meter decides how its events are aggregated; none of it ever changes."""

    id: str
    formula: Formula
    event_time_window: TimeWindow | None = None
    dimension_payload_keys: tuple[str, ...] = ()
    value_key: str = "value"

    @classmethod
    def of(cls, meter_id: str, meter: Meter) -> Self:
        return cls(
            meter_id,
            meter.formula,
            meter.event_time_window,
            meter.dimension_payload_keys,
            meter.value_key,
        )

    def value_of(self, record: UsageRecord) -> str | None:
        """What the formula is applied to: the value, for `unique_count` the text in its place."""
        if self.formula == "unique_count":
            return record.payload.get(self.value_key)
        return record.value

    def reach(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of time, in epoch microseconds, whose events decide what counts between
        `start` and `end`."""
        if self.event_time_window is None or start >= end:
            return start, end
        width = WINDOW_MICROSECONDS[self.event_time_window]
        return start // width * width, -(-end // width) * width


@dataclass(frozen=True, slots=True)
class Usage:
    """What was used, with the evidence for it.

    `meter_events` and the positions are of the events the formula was applied to. `digest` is the
    SHA-256 over a line `position/ordinal value` for each of them, in that order (the value is
    empty for an event without one). For `unique_count` the value in a line is the text that
    counts, after the number of its bytes in UTF-8 and a colon, because it may hold anything.
    All but the counts may be negative.

    A reader that does not look at every event gives no positions, and an empty digest.
    """

    quantity: Decimal
    meter_events: int
    first_position: int | None
    last_position: int | None
    digest: str


class Tally:
    """Adds up events that come in the order of the log, within [start, end) of epoch microseconds.

    Feed it every uncancelled event of the meter's `reach`; it keeps one event an hour or day
    where the meter has such a window, and no event otherwise.
    """

    def __init__(self, meter: MeterDefinition, start: int, end: int) -> None:
        self._start, self._end = start, end
        self._running = FORMULAS[meter.formula]()
        self._counts_texts = meter.formula == "unique_count"
        window = meter.event_time_window
        self._width = WINDOW_MICROSECONDS[window] if window else None
        self._latest_received: dict[int, MeteredEvent] = {}
        self._count = 0
        self._first: int | None = None
        self._last: int | None = None
        self._digest = hashlib.sha256()

    def add(self, event: MeteredEvent) -> None:
        """Take the next event."""
        if self._width is not None:
            self._latest_received[event.timestamp // self._width] = event
        elif self._start <= event.timestamp < self._end:
            self._count_in(event)

    def add_all(
        self, position: int, ordinals: Sequence[int], records: Sequence[CountedRecord]
    ) -> None:
        """Take the next events, all of one position and within the meter's `reach`: the same as
        each after the other, but fast."""
        if self._width is not None or self._counts_texts:
            for ordinal, record in zip(ordinals, records, strict=True):
                self.add(MeteredEvent(position, ordinal, record.timestamp, record.value))
            return
        if not records:
            return
        self._count += len(records)
        self._first = position if self._first is None else self._first
        self._last = position
        values = [record.value or "" for record in records]
        self._digest.update(_lines(position, ordinals, values).encode())
        self._running.take_all(MeteredEvents(position, ordinals, records, values))

    def result(self) -> Usage:
        """The usage of all events taken. Asked for once, at the end."""
        for event in sorted(self._latest_received.values()):
            if self._start <= event.timestamp < self._end:
                self._count_in(event)
        self._latest_received.clear()
        return Usage(
            canonical(self._running.quantity()),
            self._count,
            self._first,
            self._last,
            self._digest.hexdigest(),
        )

    def _count_in(self, event: MeteredEvent) -> None:
        self._count += 1
        self._first = event.position if self._first is None else self._first
        self._last = event.position
        value = event.value or ""
        if self._counts_texts:
            value = f"{len(value.encode())}:{value}"
        self._digest.update(f"{event.position}/{event.ordinal} {value}\n".encode())
        self._running.take(event)


def _lines(position: int, ordinals: Sequence[int], values: Sequence[str]) -> str:
    """The lines of a digest for some events of one position, in the order of their ordinals."""
    begun = _begun(1 << ordinals[-1].bit_length())
    count = len(values)
    parts = [f"\n{position}/"] * (3 * count)
    parts[1::3] = begun[:count] if ordinals == range(count) else [begun[at] for at in ordinals]
    parts[2::3] = values
    parts[0] = f"{position}/"
    parts.append("\n")
    return "".join(parts)


@lru_cache(maxsize=32)
def _begun(count: int) -> list[str]:
    """How lines begin after the position, by ordinal."""
    return [f"{ordinal} " for ordinal in range(count)]


def canonical(quantity: Decimal) -> Decimal:
    """The same number without needless zeros, so that every reader gives one form of it."""
    return Decimal(decimal_text(quantity))


def tally(meter: MeterDefinition, start: int, end: int, events: Iterable[MeteredEvent]) -> Usage:
    """The usage of events given in the order of the log."""
    counting = Tally(meter, start, end)
    for event in events:
        counting.add(event)
    return counting.result()
