"""Rows of meters. Times are epoch seconds."""

import msgspec

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


METERS = Table(
    "meters",
    MeterRow,
    columns={"sequence": "bigint", "created": "bigint", "status": "text", "event_name": "text"},
    indexes=(("sequence",), ("event_name",)),
)
