"""Rows of usage, added and never changed. Times are epoch microseconds."""

from decimal import Decimal

import msgspec

from projections.runtime.tables import Table


class MeterEventRow(msgspec.Struct, frozen=True, gc=False):
    """A meter event at its place in the log. `payload` is the JSON of its other payload keys."""

    position: int
    ordinal: int
    meter: str
    customer: str
    timestamp: int
    identifier: str
    value: Decimal | None
    payload: str


class CancelledMeterEventRow(msgspec.Struct, frozen=True, gc=False):
    """The meter event at this place counts no more, from the position `cancelled_at` on."""

    position: int
    ordinal: int
    cancelled_at: int


METER_EVENTS = Table(
    "meter_events",
    MeterEventRow,
    key=("position", "ordinal"),
    columns={
        "position": "bigint",
        "ordinal": "integer",
        "meter": "text",
        "customer": "text",
        "timestamp": "bigint",
        "identifier": "text",
        "value": "numeric",
        "payload": "jsonb",
    },
    indexes=(("meter", "customer", "timestamp"),),
    document=False,
)

CANCELLED_METER_EVENTS = Table(
    "cancelled_meter_events",
    CancelledMeterEventRow,
    key=("position", "ordinal"),
    columns={"position": "bigint", "ordinal": "integer", "cancelled_at": "bigint"},
    document=False,
)
