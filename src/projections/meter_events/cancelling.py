"""A cancelled meter event is taken out of what was rolled up. What depended on it is found anew,
among the single events of its stretch of time or among the rows of finer stretches."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Final

from msgspec.structs import replace

from ledger.kernel.quantities import EXACT, ZERO
from ledger.meter_events.aggregation import MICROSECONDS, WINDOW_MICROSECONDS, canonical
from projections.meter_events.rollup_rows import (
    DAY,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
    UsageMeterRow,
    UsageRollupRow,
    UsageWindowRow,
    together,
)
from projections.meter_events.rollups import RESOLUTIONS, is_rolled_up
from projections.meter_events.rows import (
    CANCELLED_METER_EVENTS,
    METER_EVENTS,
    MeterEventRow,
    series_of,
)
from projections.meter_events.singles import dimensions_of
from projections.runtime.rows import Rows, Within

_IN_TIME: Final = ("timestamp", "position", "ordinal")
_AS_RECEIVED: Final = ("position", "ordinal")
_BY_VALUE: Final = ("value",)


def take_away(rows: Rows, meter: UsageMeterRow, customer: str, cancelled: MeterEventRow) -> None:
    """Roll up again what an event was in, without it.

    To be called once it is among the cancelled ones. Raises LookupError if it was never rolled up.
    """
    if meter.event_time_window is not None:
        width = WINDOW_MICROSECONDS[meter.event_time_window]
        _take_from_window(_Surroundings.of(rows, cancelled, width), cancelled)
    elif is_rolled_up(meter):
        # The finest first, for the others are found from them.
        for resolution in reversed(RESOLUTIONS):
            _take_from(rows, meter, customer, cancelled, resolution)


def _take_from(
    rows: Rows, meter: UsageMeterRow, customer: str, cancelled: MeterEventRow, resolution: int
) -> None:
    """Take an event from the row of the stretch it was in, and from that of its division."""
    around = _Surroundings.of(rows, cancelled, resolution * MICROSECONDS)
    whole = rows.get(USAGE_ROLLUPS, cancelled.series, resolution, around.start)
    if whole is None:
        if resolution == DAY:
            raise LookupError(f"no usage is rolled up around {cancelled}")
        return
    _put_without(whole, cancelled, around, is_finer=whole.finer or False)
    if keys := meter.dimension_payload_keys:
        around.keys, around.dimensions = keys, dimensions_of(cancelled.payload.encode(), keys)
        division = series_of(meter.id, customer, around.dimensions)
        part = rows.get(USAGE_ROLLUPS, division, resolution, around.start)
        if part is None:
            raise LookupError(f"no usage with {around.dimensions} is rolled up around {cancelled}")
        _put_without(part, cancelled, around, is_finer=whole.finer or False)


def _put_without(
    held: UsageRollupRow, cancelled: MeterEventRow, around: "_Surroundings", *, is_finer: bool
) -> None:
    if held.count == 1:
        around.rows.delete(USAGE_ROLLUPS, held.series, held.resolution, held.bucket)
        return
    rest = replace(held, count=held.count - 1)
    if held.sum is not None:
        rest = replace(rest, sum=canonical(EXACT.subtract(held.sum, cancelled.value or ZERO)))
    if _stood_for(held, cancelled):
        rest = around.of_finer_rows(rest) if is_finer else around.of_events(rest)
    around.rows.put(USAGE_ROLLUPS, rest)


def _stood_for(held: UsageRollupRow, event: MeterEventRow) -> bool:
    """Whether the event may be the last, the least or the greatest."""
    return (held.last_position, held.last_ordinal) == (event.position, event.ordinal) or (
        event.value is not None and event.value in (held.min, held.max)
    )


def _take_from_window(around: "_Surroundings", cancelled: MeterEventRow) -> None:
    """The event received before it takes its place, if there is one."""
    held = around.rows.get(USAGE_WINDOWS, cancelled.series, around.start)
    if held is None:
        raise LookupError(f"no event counts in the window around {cancelled}")
    if (held.position, held.ordinal) != (cancelled.position, cancelled.ordinal):
        return
    before = next(around.events(_AS_RECEIVED), None)
    if before is None:
        around.rows.delete(USAGE_WINDOWS, held.series, held.bucket)
        return
    place = before.timestamp, before.position, before.ordinal
    around.rows.put(USAGE_WINDOWS, UsageWindowRow(held.series, held.bucket, *place, before.value))


@dataclass(slots=True)
class _Surroundings:
    """The stretch of time around an event of a series, from `start` up to `end`; its events are
    those with certain dimensions, if there are any."""

    rows: Rows
    event: MeterEventRow
    start: int
    end: int
    keys: tuple[str, ...] = ()
    dimensions: str | None = None

    @classmethod
    def of(cls, rows: Rows, event: MeterEventRow, width: int) -> "_Surroundings":
        start = event.timestamp - event.timestamp % width
        return cls(rows, event, start, start + width)

    def of_finer_rows(self, held: UsageRollupRow) -> UsageRollupRow:
        """The row with the last, the least and the greatest event of the finer rows within it."""
        finer = RESOLUTIONS[RESOLUTIONS.index(held.resolution) + 1]
        within = Within("bucket", self.start, self.end)
        all_of = reduce(
            together,
            self.rows.greatest(
                USAGE_ROLLUPS, within, ("bucket",), None, series=held.series, resolution=finer
            ),
        )
        return replace(
            held,
            min=all_of.min,
            max=all_of.max,
            last_timestamp=all_of.last_timestamp,
            last_position=all_of.last_position,
            last_ordinal=all_of.last_ordinal,
            last_value=all_of.last_value,
        )

    def of_events(self, held: UsageRollupRow) -> UsageRollupRow:
        """The row with the last, the least or the greatest of the events themselves."""
        if held.last_position is not None:
            last = next(self.events(_IN_TIME))
            return replace(
                held,
                last_timestamp=last.timestamp,
                last_position=last.position,
                last_ordinal=last.ordinal,
                last_value=last.value,
            )
        if held.min is not None:
            return replace(held, min=next(self.events(_BY_VALUE, least=True)).value)
        return replace(held, max=next(self.events(_BY_VALUE)).value)

    def events(self, order: tuple[str, ...], *, least: bool = False) -> Iterator[MeterEventRow]:
        """The first event that counts by an order, greatest or least first, and some after it."""
        within, series = Within("timestamp", self.start, self.end), self.event.series
        gone = {
            (row.position, row.ordinal)
            for row in self.rows.greatest(
                CANCELLED_METER_EVENTS, within, _AS_RECEIVED, None, series=series
            )
        }
        # One more than were cancelled: one of them counts, if any does.
        most = len(gone) + 1 if self.dimensions is None else None
        found = self.rows.greatest(METER_EVENTS, within, order, most, least=least, series=series)
        for row in found:
            if (row.position, row.ordinal) not in gone and self._is_of_division(row):
                yield row

    def _is_of_division(self, row: MeterEventRow) -> bool:
        if self.dimensions is None:
            return True
        return dimensions_of(row.payload.encode(), self.keys) == self.dimensions
