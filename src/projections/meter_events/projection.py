"""Builds the rows of usage from the log."""

from collections.abc import Sequence

from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import MeterEventCancelled, UsageRecorded
from projections.meter_events.rollups import rolled_up, take_away
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    USAGE_ROLLUPS,
    CancelledMeterEventRow,
    series_of,
)
from projections.meter_events.singles import PackedSingles, by_series
from projections.runtime.rows import Rows

_Usage = list[tuple[int, UsageRecorded]]


class MeterEventsProjection:
    name = "meter_events"
    version = 3
    tables = (METER_EVENTS, CANCELLED_METER_EVENTS, USAGE_ROLLUPS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        self.apply_page((recorded,), rows)

    def apply_page(self, page: Sequence[RecordedEvent], rows: Rows) -> None:
        """Usage is added all at once, but for that which follows a cancellation."""
        usage: _Usage = []
        for recorded in page:
            match recorded.event:
                case UsageRecorded() as event:
                    usage.append((recorded.position, event))
                case MeterEventCancelled() as event:
                    _add(rows, usage)
                    usage.clear()
                    _cancel(rows, event, recorded.position)
                case _:
                    pass
        _add(rows, usage)


def _add(rows: Rows, usage: _Usage) -> None:
    if not usage:
        return
    singles = by_series(usage)
    rows.insert_packed(METER_EVENTS, PackedSingles(singles))
    rows.merge_many(USAGE_ROLLUPS, rolled_up(singles))


def _cancel(rows: Rows, event: MeterEventCancelled, position: int) -> None:
    place = series_of(event.meter, event.customer), event.timestamp, event.position, event.ordinal
    cancelled = rows.get(METER_EVENTS, *place)
    if cancelled is None:
        raise LookupError(f"no meter event at {event.position}/{event.ordinal}")
    rows.put(CANCELLED_METER_EVENTS, CancelledMeterEventRow(*place, position))
    take_away(rows, cancelled)
