"""Usage rolled up by minute, hour and day: events are added, cancelled ones taken away."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT, ZERO
from ledger.meter_events.aggregation import MICROSECONDS
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    LAST,
    METER_EVENTS,
    USAGE_ROLLUPS,
    MeterEventRow,
    UsageRollupRow,
    series_of,
    together,
)
from projections.runtime.rows import Rows, Within

MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
RESOLUTIONS: Final = (MINUTE, HOUR, DAY)
"""The lengths of stretches that are rolled up, in seconds, each made of those before it."""

_MINUTE_MICROSECONDS: Final = MINUTE * MICROSECONDS

_Minute = tuple[str, str, int]


def rolled_up(events: Iterable[MeterEventRow]) -> list[UsageRollupRow]:
    """What these events amount to, given in the order of the log: the rows to be merged."""
    counts: dict[_Minute, int] = {}
    sums: dict[_Minute, Decimal] = {}
    lasts: dict[_Minute, MeterEventRow] = {}
    add = EXACT.add
    for event in events:
        timestamp, value = event.timestamp, event.value or ZERO
        minute = event.meter, event.customer, timestamp - timestamp % _MINUTE_MICROSECONDS
        last = lasts.get(minute)
        if last is None:
            counts[minute], sums[minute], lasts[minute] = 1, value, event
            continue
        counts[minute] += 1
        sums[minute] = add(sums[minute], value)
        if timestamp >= last.timestamp:
            lasts[minute] = event
    minutes = [_row(minute, counts[minute], sums[minute], last) for minute, last in lasts.items()]
    hours = _coarser(minutes, HOUR)
    return [*minutes, *hours, *_coarser(hours, DAY)]


def take_away(rows: Rows, cancelled: MeterEventRow) -> None:
    """Roll up again, without this event, the minute, hour and day it was in.

    To be called once it is among the cancelled ones. Raises LookupError if it was never rolled up.
    """
    for resolution in RESOLUTIONS:
        bucket = _bucket(cancelled.timestamp, resolution)
        key = series_of(cancelled.meter, cancelled.customer), resolution, bucket
        held = rows.get(USAGE_ROLLUPS, *key)
        if held is None:
            raise LookupError(f"no usage is rolled up under {key}")
        if held.count == 1:
            rows.delete(USAGE_ROLLUPS, *key)
            continue
        if (held.last_position, held.last_ordinal) == (cancelled.position, cancelled.ordinal):
            held = _with_last_of(held, cancelled, rows)
        rest = EXACT.subtract(held.sum, cancelled.value or ZERO)
        rows.put(USAGE_ROLLUPS, msgspec.structs.replace(held, count=held.count - 1, sum=rest))


def _with_last_of(held: UsageRollupRow, cancelled: MeterEventRow, rows: Rows) -> UsageRollupRow:
    """The row with its last event found anew: of a minute among the events themselves, else among
    the rows of the next finer resolution."""
    end = held.bucket + held.resolution * MICROSECONDS
    if held.resolution == MINUTE:
        within = Within("timestamp", held.bucket, end)
        order = ("timestamp", "position", "ordinal")
        whose = {"meter": cancelled.meter, "customer": cancelled.customer}
        gone = {
            (row.position, row.ordinal)
            for row in rows.newest(CANCELLED_METER_EVENTS, within, order, None, **whose)
        }
        # One more than were cancelled: one of them counts.
        newest = rows.newest(METER_EVENTS, within, order, len(gone) + 1, **whose)
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


def _row(minute: _Minute, count: int, total: Decimal, last: MeterEventRow) -> UsageRollupRow:
    meter, customer, bucket = minute
    return UsageRollupRow(
        series_of(meter, customer),
        MINUTE,
        bucket,
        count,
        total,
        last.timestamp,
        last.position,
        last.ordinal,
        last.value,
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
