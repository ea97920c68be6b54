"""The SQL of the meter events that count: what every formula is applied to.

The rules are those of `ledger.meter_events.aggregation`; the statements here take the parameters
that `parameters` gives.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, LiteralString

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import WINDOW_MICROSECONDS, MeterDefinition
from projections.meter_events.rolled import average
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS, series_of

_RECEIVED: Final[LiteralString] = f"""
    FROM {METER_EVENTS.relation()} AS e
    WHERE e.ledger_id = %(ledger_id)s AND e.series = %(series)s
      AND e.timestamp >= %(from_time)s AND e.timestamp < %(to_time)s
      AND e.position <= %(through)s
      AND NOT EXISTS (
          SELECT 1 FROM {CANCELLED_METER_EVENTS.relation()} AS c
          WHERE c.ledger_id = %(ledger_id)s AND c.series = %(series)s
            AND c.timestamp = e.timestamp AND c.position = e.position AND c.ordinal = e.ordinal
            AND c.cancelled_at <= %(through)s)
"""

_COLUMNS: Final[LiteralString] = "e.position, e.ordinal, e.timestamp, e.value, e.payload"

TEXT: Final[LiteralString] = "(payload::jsonb->>%(value_key)s)"
"""What stands under the meter's value key in the payload of a counted event."""

_EACH: Final[LiteralString] = f"""
WITH counted AS (
    SELECT {_COLUMNS} {_RECEIVED}
)
"""

_LATEST_RECEIVED: Final[LiteralString] = f"""
WITH received AS (
    SELECT DISTINCT ON (e.timestamp / %(width)s) {_COLUMNS}
    {_RECEIVED}
    ORDER BY e.timestamp / %(width)s, e.position DESC, e.ordinal DESC
), counted AS (
    SELECT * FROM received WHERE timestamp >= %(start)s AND timestamp < %(end)s
)
"""

QUANTITY: Final[Mapping[str, LiteralString]] = {
    "sum": "coalesce(sum(value), 0)",
    "count": "count(*)::numeric",
    "last": "coalesce((array_agg(value ORDER BY timestamp DESC, position DESC, ordinal DESC))[1], 0"
    ")",
    "max": "coalesce(max(value), 0)",
    "min": "coalesce(min(value), 0)",
    "average": average("sum(value)", "count(*)"),
    "unique_count": f"count(DISTINCT {TEXT})::numeric",
}
"""What a formula makes of counted events."""


def counted(meter: MeterDefinition) -> LiteralString:
    """A WITH clause that defines `counted` (position, ordinal, timestamp, value and payload)."""
    return _EACH if meter.event_time_window is None else _LATEST_RECEIVED


def parameters(
    meter: MeterDefinition, customer: str, start: datetime, end: datetime, through: int
) -> dict[str, Any]:
    """The parameters of `counted`: events in [start, end) recorded at positions up to `through`."""
    first, last = to_microseconds(start), to_microseconds(end)
    from_time, to_time = meter.reach(first, last)
    window = meter.event_time_window
    return {
        "series": series_of(meter.id, customer),
        "start": first,
        "end": last,
        "from_time": from_time,
        "to_time": to_time,
        "through": through,
        "value_key": meter.value_key,
        "width": WINDOW_MICROSECONDS[window] if window else None,
    }
