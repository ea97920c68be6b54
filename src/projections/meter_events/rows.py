"""Rows of usage. Times are epoch microseconds.

Meter events are kept one row each and never changed. Rollups hold what the uncancelled events of
one meter and customer amount to in a minute, an hour or a day in UTC.
"""

from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT
from ledger.meter_events.aggregation import canonical
from projections.runtime.tables import ByMonth, Merging, Table

_VERSION: Final = 3


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


class UsageRollupRow(msgspec.Struct, frozen=True, gc=False):
    """What the events of a stretch of time amount to. There is none for a stretch without events.

    `series` stands for a meter and a customer (`series_of`). `resolution` is the length of the
    stretch in seconds, `bucket` its start. An event without a value adds 0 to `sum`. The last event
    is that with the latest timestamp, and of several the last in the log.
    """

    series: UUID
    resolution: int
    bucket: int
    count: int
    sum: Decimal
    last_timestamp: int
    last_position: int
    last_ordinal: int
    last_value: Decimal | None

    def last(self) -> tuple[int, int, int]:
        """By what the last event is found."""
        return self.last_timestamp, self.last_position, self.last_ordinal


class UsageRetentionRow(msgspec.Struct, frozen=True):
    """Meter events with times from `kept_from` on are kept as rows, earlier ones in the log alone.
    Rows from before may be there or not. A ledger has one row, or none while all are kept."""

    id: str
    kept_from: int


@lru_cache(maxsize=65_536)
def series_of(meter: str, customer: str) -> UUID:
    """16 bytes for the usage of one meter by one customer: rows and index stay half as large."""
    named = f"{meter}\0{customer}".encode()
    return UUID(bytes=blake2b(named, digest_size=16).digest())


def together(one: UsageRollupRow, other: UsageRollupRow) -> UsageRollupRow:
    """What the events of two rows amount to, under the key of the first."""
    later = other if other.last() > one.last() else one
    return UsageRollupRow(
        one.series,
        one.resolution,
        one.bucket,
        one.count + other.count,
        canonical(EXACT.add(one.sum, other.sum)),
        later.last_timestamp,
        later.last_position,
        later.last_ordinal,
        later.last_value,
    )


LAST: Final = ("last_timestamp", "last_position", "last_ordinal")
"""The columns by which the last event of rollups is found, greatest first."""

_IS_LATER: Final = "({}) > ({})".format(
    ", ".join(f"excluded.{name}" for name in LAST), ", ".join(f"t.{name}" for name in LAST)
)

PLACE: Final = ("series", "timestamp", "position", "ordinal")
"""The key of a meter event: the events of a stretch of time of one series lie together."""

USAGE_RETENTION = Table(
    "usage_retention",
    UsageRetentionRow,
    columns={"kept_from": "bigint"},
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
    version=_VERSION,
    document=False,
    months=ByMonth("timestamp", USAGE_RETENTION),
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
    version=_VERSION,
    document=False,
)

USAGE_ROLLUPS = Table(
    "usage_rollups",
    UsageRollupRow,
    key=("series", "resolution", "bucket"),
    columns={
        "series": "uuid",
        "resolution": "integer",
        "bucket": "bigint",
        "count": "bigint",
        "last_timestamp": "bigint",
        "last_position": "bigint",
        "last_ordinal": "integer",
        "sum": "numeric",
        "last_value": "numeric",
    },
    version=_VERSION,
    document=False,
    merging=Merging(
        together,
        {
            "count": "t.count + excluded.count",
            # As many decimals as the number has, however it was added up.
            "sum": "trim_scale(t.sum + excluded.sum)",
            **{
                name: f"CASE WHEN {_IS_LATER} THEN excluded.{name} ELSE t.{name} END"
                for name in (*LAST, "last_value")
            },
        },
    ),
)
