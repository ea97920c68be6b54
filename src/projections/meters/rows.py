"""Rows of meters. Times are epoch seconds."""

from typing import Literal

import msgspec

from projections.runtime.tables import Table


class MeterRow(msgspec.Struct, frozen=True):
    id: str
    sequence: int
    created: int
    updated: int
    livemode: bool
    display_name: str
    event_name: str
    formula: Literal["sum", "count", "last"]
    customer_key: str
    value_key: str
    event_time_window: Literal["day", "hour"] | None
    status: Literal["active", "inactive"] = "active"
    deactivated_at: int | None = None


METERS = Table(
    "meters",
    MeterRow,
    columns={"sequence": "bigint", "created": "bigint", "status": "text", "event_name": "text"},
    indexes=(("sequence",), ("event_name",)),
)
