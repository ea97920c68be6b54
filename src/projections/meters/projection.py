"""Builds meters from their events."""

from datetime import datetime

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.meters.events import MeterCreated, MeterDeactivated, MeterReactivated, MeterRenamed
from projections.meters.rows import METERS, MeterRow
from projections.runtime.rows import Rows


class MetersProjection:
    name = "meters"
    version = 2
    tables = (METERS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case MeterCreated() as event:
                rows.put(METERS, _created(recorded, event))
            case MeterRenamed() as event:
                _change(recorded, rows, event.renamed_at, display_name=event.display_name)
            case MeterDeactivated() as event:
                at = event.deactivated_at
                _change(recorded, rows, at, status="inactive", deactivated_at=to_epoch(at))
            case MeterReactivated() as event:
                _change(recorded, rows, event.reactivated_at, status="active", deactivated_at=None)
            case _:
                pass


def _created(recorded: RecordedEvent, event: MeterCreated) -> MeterRow:
    return MeterRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        updated=to_epoch(event.created),
        livemode=event.livemode,
        display_name=event.display_name,
        event_name=event.event_name,
        formula=event.formula,
        customer_key=event.customer_key,
        value_key=event.value_key,
        event_time_window=event.event_time_window,
        dimension_payload_keys=event.dimension_payload_keys,
    )


def _change(recorded: RecordedEvent, rows: Rows, at: datetime, **changes: object) -> None:
    row = rows.get(METERS, recorded.originator_id)
    if row is None:
        raise LookupError(f"meter {recorded.originator_id} was never created")
    rows.put(METERS, msgspec.structs.replace(row, updated=to_epoch(at), **changes))
