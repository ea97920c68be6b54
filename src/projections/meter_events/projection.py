"""Builds the rows of usage from the log."""

from decimal import Decimal

import msgspec

from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import MeterEventCancelled, UsageRecord, UsageRecorded
from projections.meter_events.rollups import rolled_up, take_away
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    USAGE_ROLLUPS,
    CancelledMeterEventRow,
    MeterEventRow,
)
from projections.runtime.rows import Rows

_json = msgspec.json.Encoder(order="sorted")


class MeterEventsProjection:
    name = "meter_events"
    version = 2
    tables = (METER_EVENTS, CANCELLED_METER_EVENTS, USAGE_ROLLUPS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case UsageRecorded() as event:
                events = [
                    _row(recorded.position, ordinal, record)
                    for ordinal, record in enumerate(event.records())
                ]
                rows.insert_many(METER_EVENTS, events)
                rows.merge_many(USAGE_ROLLUPS, rolled_up(events))
            case MeterEventCancelled() as event:
                _cancel(rows, event, recorded.position)
            case _:
                pass


def _cancel(rows: Rows, event: MeterEventCancelled, position: int) -> None:
    cancelled = rows.get(METER_EVENTS, event.position, event.ordinal)
    if cancelled is None:
        raise LookupError(f"no meter event at {event.position}/{event.ordinal}")
    rows.put(
        CANCELLED_METER_EVENTS,
        CancelledMeterEventRow(
            event.position,
            event.ordinal,
            position,
            cancelled.meter,
            cancelled.customer,
            cancelled.timestamp,
        ),
    )
    take_away(rows, cancelled)


def _row(position: int, ordinal: int, record: UsageRecord) -> MeterEventRow:
    return MeterEventRow(
        position,
        ordinal,
        record.meter,
        record.customer,
        record.timestamp,
        record.identifier,
        None if record.value is None else Decimal(record.value),
        _json.encode(record.payload).decode(),
    )
