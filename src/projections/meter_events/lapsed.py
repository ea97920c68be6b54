"""Cancelling a meter event whose time is before those that single events are kept for.

The events around it are read from the log, and are put in their place for as long as it takes to
roll them up again.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ledger.meter_events.aggregation import MICROSECONDS, WINDOW_MICROSECONDS
from ledger.meter_events.events import MeterEventCancelled
from ledger.meter_events.usage import PlacedRecord, Positions
from projections.meter_events.days import USAGE_DAYS, day_of
from projections.meter_events.rollup_rows import USAGE_ROLLUPS, UsageMeterRow
from projections.meter_events.rollups import RESOLUTIONS, is_rolled_up
from projections.meter_events.rows import METER_EVENTS, MeterEventRow, series_of
from projections.runtime.rows import Rows

_json = msgspec.json.Encoder(order="sorted")


def put_back(
    rows: Rows, meter: UsageMeterRow, cancelled: MeterEventCancelled
) -> list[MeterEventRow]:
    """Put the single events that rolling up needs in their place; those that were put there.

    Raises LookupError where there is no log to read them from.
    """
    if rows.log is None:
        raise LookupError(f"the meter event at {cancelled.position} is in the log alone")
    width = _width_around(rows, meter, cancelled)
    within = _that_day(rows, cancelled) if width else _alone(cancelled)
    start = cancelled.timestamp - cancelled.timestamp % max(width, 1)
    recorded = rows.log.usage().recorded(cancelled.customer, {cancelled.meter}, within)
    found = [row for row in _rows(recorded) if start <= row.timestamp < start + max(width, 1)]
    for row in found:
        rows.put(METER_EVENTS, row)
    return found


def take_back(rows: Rows, put: Iterable[MeterEventRow]) -> None:
    """Take away what was put there."""
    for row in put:
        rows.delete(METER_EVENTS, *METER_EVENTS.key_of(row))


def _width_around(rows: Rows, meter: UsageMeterRow, cancelled: MeterEventCancelled) -> int:
    """How long the stretch around it is whose events it takes to find another last, least or
    greatest one, in microseconds; 0 for the event alone."""
    if meter.event_time_window is not None:
        return WINDOW_MICROSECONDS[meter.event_time_window]
    if not is_rolled_up(meter) or meter.formula in {"sum", "average", "count"}:
        return 0
    series, width = series_of(cancelled.meter, cancelled.customer), 0
    for resolution in RESOLUTIONS:
        width = resolution * MICROSECONDS
        bucket = cancelled.timestamp - cancelled.timestamp % width
        held = rows.get(USAGE_ROLLUPS, series, resolution, bucket)
        if held is None or not held.finer:
            return 0 if held is not None and held.count == 1 else width
    return width


def _alone(cancelled: MeterEventCancelled) -> Positions:
    return Positions(cancelled.position, cancelled.position)


def _that_day(rows: Rows, cancelled: MeterEventCancelled) -> Positions:
    day = rows.get(USAGE_DAYS, day_of(cancelled.timestamp))
    if day is None:
        raise LookupError(f"no usage was recorded on the day of {cancelled.timestamp}")
    return Positions(day.first_position, day.last_position)


def _rows(recorded: Iterable[PlacedRecord]) -> Iterable[MeterEventRow]:
    for position, ordinal, record in recorded:
        yield MeterEventRow(
            series_of(record.meter, record.customer),
            record.timestamp,
            position,
            ordinal,
            None if record.value is None else Decimal(record.value),
            _json.encode(record.payload).decode(),
        )
