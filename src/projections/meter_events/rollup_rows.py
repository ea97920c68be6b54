"""Rows of what meter events amount to. Times are epoch microseconds.

A stretch of time is a day, an hour or a minute in UTC. Each day of a series with usage has a row,
an hour and a minute only where the stretch around them is `finer`: from that number of events on
that is worth it (`rollups.MOST_SINGLE`).
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT
from ledger.meter_events.aggregation import canonical
from ledger.meters.events import Formula, TimeWindow
from projections.meter_events.rows import VERSION
from projections.runtime.tables import Merging, Table

T = TypeVar("T")

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
"""Lengths of stretches, in seconds."""


class UsageMeterRow(msgspec.Struct, frozen=True):
    """What of a meter decides how its events are rolled up."""

    id: str
    formula: Formula
    event_time_window: TimeWindow | None
    dimension_payload_keys: tuple[str, ...]


class UsageDivisionRow(msgspec.Struct, frozen=True, gc=False):
    """A part of a series: its events with certain texts under the keys declared on the meter.

    `dimensions` is canonical JSON of those keys that the events have, and their texts.
    """

    series: UUID
    division: UUID
    dimensions: str


class UsageRollupRow(msgspec.Struct, frozen=True, gc=False):
    """What the events of a stretch of time amount to. There is none for a stretch without events.

    `series` stands for a meter and a customer (`rows.series_of`), or for a division of their usage.
    `resolution` is the length of the stretch in seconds, `bucket` its start. `finer` says that the
    stretch has rows of the next finer resolution too; it is None where it has not.

    Of the rest it holds what the formula of the meter asks for: `sum` also for an average, and the
    last event, which is that with the latest timestamp, and of several the last in the log.
    """

    series: UUID
    resolution: int
    bucket: int
    count: int
    sum: Decimal | None = None
    min: Decimal | None = None
    max: Decimal | None = None
    last_timestamp: int | None = None
    last_position: int | None = None
    last_ordinal: int | None = None
    last_value: Decimal | None = None
    finer: bool | None = None

    def last(self) -> tuple[int, int, int]:
        """By what the last event is found."""
        return self.last_timestamp or 0, self.last_position or 0, self.last_ordinal or 0


class UsageWindowRow(msgspec.Struct, frozen=True, gc=False):
    """The event of an `event_time_window` that counts: the one received last.

    `bucket` is the start of the window, the other fields are of that event.
    """

    series: UUID
    bucket: int
    timestamp: int
    position: int
    ordinal: int
    value: Decimal | None


def together(one: UsageRollupRow, other: UsageRollupRow) -> UsageRollupRow:
    """What the events of two rows amount to, under the key of the first."""
    later = other if other.last() > one.last() else one
    return UsageRollupRow(
        one.series,
        one.resolution,
        one.bucket,
        one.count + other.count,
        _of_both(one.sum, other.sum, lambda a, b: canonical(EXACT.add(a, b))),
        _of_both(one.min, other.min, min),
        _of_both(one.max, other.max, max),
        later.last_timestamp,
        later.last_position,
        later.last_ordinal,
        later.last_value,
        one.finer or other.finer,
    )


def _of_both(one: T | None, other: T | None, join: Callable[[T, T], T]) -> T | None:
    if one is None or other is None:
        return other if one is None else one
    return join(one, other)


def _received_last(one: UsageWindowRow, other: UsageWindowRow) -> UsageWindowRow:
    return max(one, other, key=lambda row: (row.position, row.ordinal))


LAST: Final = ("last_timestamp", "last_position", "last_ordinal")
"""The columns by which the last event of rollups is found, greatest first."""


def _if_later(by: tuple[str, ...], columns: tuple[str, ...]) -> dict[str, str]:
    """Columns taken from the row that is greater by some of them, and not NULL."""
    theirs, ours = (", ".join(f"{row}.{name}" for name in by) for row in ("excluded", "t"))
    return {
        name: f"CASE WHEN ({theirs}) > ({ours}) THEN excluded.{name} ELSE t.{name} END"
        for name in columns
    }


USAGE_METERS = Table("usage_meters", UsageMeterRow, version=VERSION)

USAGE_DIVISIONS = Table(
    "usage_divisions",
    UsageDivisionRow,
    key=("series", "division"),
    columns={"series": "uuid", "division": "uuid", "dimensions": "text"},
    version=VERSION,
    document=False,
    merging=Merging(lambda there, _: there, {}),
)

USAGE_ROLLUPS = Table(
    "usage_rollups",
    UsageRollupRow,
    key=("series", "resolution", "bucket"),
    columns={
        "resolution": "integer",
        "bucket": "bigint",
        "count": "bigint",
        "last_timestamp": "bigint",
        "last_position": "bigint",
        "last_ordinal": "integer",
        "series": "uuid",
        "sum": "numeric",
        "min": "numeric",
        "max": "numeric",
        "last_value": "numeric",
        "finer": "boolean",
    },
    version=VERSION,
    document=False,
    merging=Merging(
        together,
        {
            "count": "t.count + excluded.count",
            # As many decimals as the number has, however it was added up.
            "sum": "trim_scale(t.sum + coalesce(excluded.sum, 0))",
            "min": "least(t.min, excluded.min)",
            "max": "greatest(t.max, excluded.max)",
            **_if_later(LAST, (*LAST, "last_value")),
            "finer": "coalesce(t.finer, excluded.finer)",
        },
    ),
)

USAGE_WINDOWS = Table(
    "usage_windows",
    UsageWindowRow,
    key=("series", "bucket"),
    columns={
        "ordinal": "integer",
        "bucket": "bigint",
        "timestamp": "bigint",
        "position": "bigint",
        "series": "uuid",
        "value": "numeric",
    },
    version=VERSION,
    document=False,
    merging=Merging(
        _received_last,
        _if_later(("position", "ordinal"), ("timestamp", "position", "ordinal", "value")),
    ),
)
