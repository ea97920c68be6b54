"""Rows of usage. Times are epoch microseconds.

Meter events are kept one row each and never changed. What many of them amount to is in
`rollup_rows.py`.
"""

from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from projections.runtime.tables import ByMonth, Table

VERSION: Final = 4
"""The version of the tables of usage."""


class MeterEventRow(msgspec.Struct, frozen=True, gc=False):
    """A meter event at its place in the log: what of it is aggregated, filtered and evidence.

    `series` stands for its meter and customer (`series_of`). `payload` is the canonical JSON of its
    other payload keys. Anything else is read from the log.
    """

    series: UUID
    timestamp: int
    position: int
    ordinal: int
    value: Decimal | None
    payload: str


class CancelledMeterEventRow(msgspec.Struct, frozen=True, gc=False):
    """The meter event at this place counts no more, from the position `cancelled_at` on."""

    series: UUID
    timestamp: int
    position: int
    ordinal: int
    cancelled_at: int


class UsageRetentionRow(msgspec.Struct, frozen=True):
    """Meter events with times from `kept_from` on are kept as rows, earlier ones in the log alone.
    Rows from before may be there or not. A ledger has one row, or none while all are kept."""

    id: str
    kept_from: int


@lru_cache(maxsize=65_536)
def series_of(meter: str, customer: str, dimensions: str = "") -> UUID:
    """16 bytes for the usage of one meter by one customer: rows and index stay half as large.

    `dimensions` is the canonical JSON of payload keys and texts that a part of it has in common.
    """
    named = f"{meter}\0{customer}\0{dimensions}" if dimensions else f"{meter}\0{customer}"
    return UUID(bytes=blake2b(named.encode(), digest_size=16).digest())


PLACE: Final = ("series", "timestamp", "position", "ordinal")
"""The key of a meter event: the events of a stretch of time of one series lie together."""

USAGE_RETENTION = Table(
    "usage_retention",
    UsageRetentionRow,
    columns={"kept_from": "bigint"},
    version=VERSION,
    document=False,
)

METER_EVENTS = Table(
    "meter_events",
    MeterEventRow,
    key=PLACE,
    columns={
        "ordinal": "integer",
        "timestamp": "bigint",
        "position": "bigint",
        "series": "uuid",
        "value": "numeric",
        "payload": "text",
    },
    version=VERSION,
    document=False,
    months=ByMonth("timestamp", USAGE_RETENTION),
    filled_first=True,
)

CANCELLED_METER_EVENTS = Table(
    "cancelled_meter_events",
    CancelledMeterEventRow,
    key=PLACE,
    columns={
        "ordinal": "integer",
        "timestamp": "bigint",
        "position": "bigint",
        "series": "uuid",
        "cancelled_at": "bigint",
    },
    version=VERSION,
    document=False,
)
