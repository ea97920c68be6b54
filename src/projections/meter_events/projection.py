"""Builds the rows of usage from the log."""

from decimal import Decimal

import msgspec

from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import MeterEventCancelled, UsageRecord, UsageRecorded
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    CancelledMeterEventRow,
    MeterEventRow,
)
from projections.runtime.rows import Rows

_json = msgspec.json.Encoder(order="sorted")


class MeterEventsProjection:
    name = "meter_events"
    version = 1
    tables = (METER_EVENTS, CANCELLED_METER_EVENTS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case UsageRecorded() as event:
                position = recorded.position
                rows.insert_many(
                    METER_EVENTS,
                    (
                        _row(position, ordinal, record)
                        for ordinal, record in enumerate(event.records())
                    ),
                )
            case MeterEventCancelled() as event:
                cancelled = CancelledMeterEventRow(event.position, event.ordinal, recorded.position)
                rows.put(CANCELLED_METER_EVENTS, cancelled)
            case _:
                pass


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
