"""Rows of meters. Times are epoch seconds."""

import msgspec

from ledger.meter_events.aggregation import MeterDefinition
from ledger.meters.aggregate import MeterStatus
from ledger.meters.events import Formula, TimeWindow
from projections.runtime.tables import Table


class MeterRow(msgspec.Struct, frozen=True):
    id: str
    sequence: int
    created: int
    updated: int
    livemode: bool
    display_name: str
    event_name: str
    formula: Formula
    customer_key: str
    value_key: str
    event_time_window: TimeWindow | None
    status: MeterStatus = "active"
    deactivated_at: int | None = None
    dimension_payload_keys: tuple[str, ...] = ()

    def definition(self) -> MeterDefinition:
        """What decides how its events are aggregated."""
        return MeterDefinition(
            self.id,
            self.formula,
            self.event_time_window,
            self.dimension_payload_keys,
            self.value_key,
        )


METERS = Table(
    "meters",
    MeterRow,
    columns={"sequence": "bigint", "created": "bigint", "status": "text", "event_name": "text"},
    indexes=(("sequence",), ("event_name",)),
    version=2,
)
