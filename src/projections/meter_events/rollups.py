"""Usage rolled up by minute, hour and day: events are added, cancelled ones taken away."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT, ZERO
from ledger.meter_events.aggregation import MICROSECONDS, canonical
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    LAST,
    METER_EVENTS,
    USAGE_ROLLUPS,
    MeterEventRow,
    UsageRollupRow,
    together,
)
from projections.meter_events.singles import Singles, number_of
from projections.runtime.rows import Rows, Within

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
RESOLUTIONS: Final = (MINUTE, HOUR, DAY)
"""The lengths of stretches that are rolled up, in seconds, each made of those before it."""


def rolled_up(singles: Iterable[Singles]) -> list[UsageRollupRow]:
    """What these events amount to: the rows to be merged."""
    minutes = [_row(one, *stretch) for one in singles for stretch in one.stretches(MINUTE)]
    hours = _coarser(minutes, HOUR)
    return [*minutes, *hours, *_coarser(hours, DAY)]


def take_away(rows: Rows, cancelled: MeterEventRow) -> None:
    """Roll up again, without this event, the minute, hour and day it was in.

    To be called once it is among the cancelled ones. Raises LookupError if it was never rolled up.
    """
    for resolution in RESOLUTIONS:
        bucket = _bucket(cancelled.timestamp, resolution)
        key = cancelled.series, resolution, bucket
        held = rows.get(USAGE_ROLLUPS, *key)
        if held is None:
            raise LookupError(f"no usage is rolled up under {key}")
        if held.count == 1:
            rows.delete(USAGE_ROLLUPS, *key)
            continue
        if (held.last_position, held.last_ordinal) == (cancelled.position, cancelled.ordinal):
            held = _with_last_of(held, cancelled, rows)
        rest = canonical(EXACT.subtract(held.sum, cancelled.value or ZERO))
        rows.put(USAGE_ROLLUPS, msgspec.structs.replace(held, count=held.count - 1, sum=rest))


def _with_last_of(held: UsageRollupRow, cancelled: MeterEventRow, rows: Rows) -> UsageRollupRow:
    """The row with its last event found anew: of a minute among the events themselves, else among
    the rows of the next finer resolution."""
    end = held.bucket + held.resolution * MICROSECONDS
    if held.resolution == MINUTE:
        within = Within("timestamp", held.bucket, end)
        order = ("timestamp", "position", "ordinal")
        series = cancelled.series
        gone = {
            (row.position, row.ordinal)
            for row in rows.newest(CANCELLED_METER_EVENTS, within, order, None, series=series)
        }
        # One more than were cancelled: one of them counts.
        newest = rows.newest(METER_EVENTS, within, order, len(gone) + 1, series=series)
        event = next(row for row in newest if (row.position, row.ordinal) not in gone)
        return _of_last(held, event)
    finer = RESOLUTIONS[RESOLUTIONS.index(held.resolution) - 1]
    within = Within("bucket", held.bucket, end)
    [last] = rows.newest(USAGE_ROLLUPS, within, LAST, 1, series=held.series, resolution=finer)
    return msgspec.structs.replace(
        held,
        last_timestamp=last.last_timestamp,
        last_position=last.last_position,
        last_ordinal=last.last_ordinal,
        last_value=last.last_value,
    )


def _of_last(held: UsageRollupRow, last: MeterEventRow) -> UsageRollupRow:
    return msgspec.structs.replace(
        held,
        last_timestamp=last.timestamp,
        last_position=last.position,
        last_ordinal=last.ordinal,
        last_value=last.value,
    )


def _row(singles: Singles, bucket: int, first: int, past: int) -> UsageRollupRow:
    last = past - 1
    value = singles.values[last]
    return UsageRollupRow(
        singles.series,
        MINUTE,
        bucket,
        past - first,
        number_of(sum(singles.units[first:past])),
        singles.timestamps[last],
        singles.positions[last],
        singles.ordinals[last],
        None if value is None else Decimal(value),
    )


def _coarser(finer: Iterable[UsageRollupRow], resolution: int) -> list[UsageRollupRow]:
    width = resolution * MICROSECONDS
    found: dict[tuple[UUID, int], UsageRollupRow] = {}
    for row in finer:
        bucket = row.bucket - row.bucket % width
        there = found.get((row.series, bucket))
        found[row.series, bucket] = (
            together(there, row)
            if there is not None
            else msgspec.structs.replace(row, resolution=resolution, bucket=bucket)
        )
    return list(found.values())


def _bucket(timestamp: int, resolution: int) -> int:
    return timestamp - timestamp % (resolution * MICROSECONDS)
