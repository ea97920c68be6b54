"""Cancelling a meter event whose time is before those that single events are kept for.

The events of its minute are read from the log, and are put in their place for as long as it takes
to roll the minute up again.
"""

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import MeterEventCancelled
from ledger.meter_events.usage import PlacedRecord, Positions
from projections.meter_events.days import USAGE_DAYS, day_of
from projections.meter_events.rollups import MINUTE
from projections.meter_events.rows import METER_EVENTS, USAGE_ROLLUPS, MeterEventRow, series_of
from projections.runtime.rows import Rows

_MINUTE_MICROSECONDS = MINUTE * MICROSECONDS
_json = msgspec.json.Encoder(order="sorted")


def put_back(rows: Rows, cancelled: MeterEventCancelled) -> list[MeterEventRow]:
    """Put the single events that rolling up needs in their place; those that were put there.

    Raises LookupError where there is no log to read them from.
    """
    if rows.log is None:
        raise LookupError(f"the meter event at {cancelled.position} is in the log alone")
    minute = cancelled.timestamp - cancelled.timestamp % _MINUTE_MICROSECONDS
    within = _alone(rows, cancelled, minute) or _that_day(rows, cancelled)
    recorded = rows.log.usage().recorded(cancelled.customer, {cancelled.meter}, within)
    found = [row for row in _rows(recorded) if minute <= row.timestamp]
    found = [row for row in found if row.timestamp < minute + _MINUTE_MICROSECONDS]
    for row in found:
        rows.put(METER_EVENTS, row)
    return found


def take_back(rows: Rows, put: Iterable[MeterEventRow]) -> None:
    """Take away what was put there."""
    for row in put:
        rows.delete(METER_EVENTS, *METER_EVENTS.key_of(row))


def _alone(rows: Rows, cancelled: MeterEventCancelled, minute: int) -> Positions | None:
    """Where the event itself stands, if no other of its minute is left."""
    series = series_of(cancelled.meter, cancelled.customer)
    held = rows.get(USAGE_ROLLUPS, series, MINUTE, minute)
    if held is None or held.count > 1:
        return None
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
