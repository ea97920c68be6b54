"""The SQL of the meter events that count: what every formula is applied to.

The rules are those of `ledger.meter_events.aggregation`; the statements here take the parameters
that `parameters` gives.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import WINDOW_MICROSECONDS, MeterDefinition
from ledger.meter_events.usage import Asked
from ledger.store.arrays import Int8Array, UuidArray
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


_OF_LINE = ("series", "start", "end", "from_time", "to_time")


def of_lines(statement: LiteralString) -> LiteralString:
    """A statement with `counted` for the columns of `asked` in place of one line's parameters.

    The bounds of all lines stay parameters, so that no partitions but theirs are opened.
    """
    for name in _OF_LINE:
        statement = statement.replace(f"%({name})s", f'asked."{name}"')
    bounds: LiteralString = "e.timestamp >= %(earliest)s AND e.timestamp < %(latest)s AND "
    return statement.replace("WHERE e.ledger_id", f"WHERE {bounds}e.ledger_id")


def line_parameters(lines: Sequence[tuple[str, Asked]], through: int) -> dict[str, Any]:
    """The parameters of lines by customer whose meters are of one kind: the columns of `asked`,
    the bounds of them all, and what they have in common."""
    columns: dict[str, list[Any]] = {name: [] for name in _OF_LINE}
    for customer, (meter, start, end) in lines:
        found = parameters(meter, customer, start, end, 0)
        for name, values in columns.items():
            values.append(found[name])
    meter = lines[0][1].meter
    packed: dict[str, Any] = {
        f"line_{name}": Int8Array.of(values) for name, values in columns.items() if name != "series"
    }
    return packed | {
        "line_series": UuidArray.of([series.bytes for series in columns["series"]]),
        "earliest": min(columns["from_time"]),
        "latest": max(columns["to_time"]),
        "through": through,
        "value_key": meter.value_key,
        "width": _width(meter),
    }


ASKED: Final[LiteralString] = """
unnest(%(line_series)s::uuid[], %(line_start)s::bigint[], %(line_end)s::bigint[],
    %(line_from_time)s::bigint[], %(line_to_time)s::bigint[])
    WITH ORDINALITY AS asked (series, start, "end", from_time, to_time, line)
"""
"""In a FROM clause: the lines of `line_parameters`, counted from 1."""


def counted(meter: MeterDefinition) -> LiteralString:
    """A WITH clause that defines `counted` (position, ordinal, timestamp, value and payload)."""
    return _EACH if meter.event_time_window is None else _LATEST_RECEIVED


def parameters(
    meter: MeterDefinition, customer: str, start: datetime, end: datetime, through: int
) -> dict[str, Any]:
    """The parameters of `counted`: events in [start, end) recorded at positions up to `through`."""
    first, last = to_microseconds(start), to_microseconds(end)
    from_time, to_time = meter.reach(first, last)
    return {
        "series": series_of(meter.id, customer),
        "start": first,
        "end": last,
        "from_time": from_time,
        "to_time": to_time,
        "through": through,
        "value_key": meter.value_key,
        "width": _width(meter),
    }


def _width(meter: MeterDefinition) -> int | None:
    window = meter.event_time_window
    return WINDOW_MICROSECONDS[window] if window else None
