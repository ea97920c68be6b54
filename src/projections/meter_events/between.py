"""Meter events that were recorded, or cancelled, between two positions of the log."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import LiteralString, NamedTuple

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.usage import Asked, Positions
from projections.meter_events.retention import LOG_WITHIN_SECONDS, kept_from, log_of
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS, series_of
from projections.runtime.reader import Reader


class UsageAt(NamedTuple):
    """How many meter events of those asked for the event at a position is about."""

    position: int
    meter_events: int


class _Span(NamedTuple):
    meter: str
    from_time: int
    to_time: int


_RECORDED: LiteralString = f"""
SELECT position, count(*) AS meter_events FROM {METER_EVENTS.relation()}
WHERE ledger_id = %(ledger_id)s AND series = %(series)s
  AND timestamp >= %(from_time)s AND timestamp < %(to_time)s
  AND position > %(after)s AND position <= %(through)s
GROUP BY position ORDER BY position LIMIT %(limit)s
"""

_CANCELLED: LiteralString = f"""
SELECT cancelled_at AS position, count(*) AS meter_events
FROM {CANCELLED_METER_EVENTS.relation()}
WHERE ledger_id = %(ledger_id)s AND series = %(series)s
  AND timestamp >= %(from_time)s AND timestamp < %(to_time)s
  AND cancelled_at > %(after)s AND cancelled_at <= %(through)s
GROUP BY cancelled_at ORDER BY cancelled_at LIMIT %(limit)s
"""


def usage_between(
    reader: Reader, customer: str, asked: Sequence[Asked], within: Positions, limit: int
) -> list[UsageAt]:
    """The first events, at most `limit`, that recorded or cancelled meter events of a customer in
    what is asked for, by position. Raises InvalidRequest where the log takes too long to read."""
    reader.wait_for(METER_EVENTS, CANCELLED_METER_EVENTS)
    found: Counter[int] = Counter()
    for span in _spans(asked):
        for statement in (_RECORDED, _CANCELLED):
            parameters = _parameters(span, customer, within, limit)
            for record in reader.fetch(statement, parameters):
                found[record["position"]] += record["meter_events"]
    since = kept_from(reader)
    lapsed = [span for span in _spans(asked) if span.from_time < since]
    if lapsed:
        found |= _from_log(reader, customer, lapsed, within)
    return [UsageAt(position, found[position]) for position in sorted(found)[:limit]]


def _from_log(
    reader: Reader, customer: str, spans: Sequence[_Span], within: Positions
) -> Counter[int]:
    """The same of what is kept in the log alone, and of all that is in the same spans."""
    found: Counter[int] = Counter()
    log = log_of(reader, LOG_WITHIN_SECONDS)
    for position, _, record in log.recorded(customer, {span.meter for span in spans}, within):
        found[position] += any(
            record.meter == span.meter and span.from_time <= record.timestamp < span.to_time
            for span in spans
        )
    return +found


def _spans(asked: Iterable[Asked]) -> list[_Span]:
    """What decides the usage of all that is asked for, each moment of a meter once."""
    reaches = sorted(
        _Span(one.meter.id, *one.meter.reach(to_microseconds(one.start), to_microseconds(one.end)))
        for one in asked
    )
    spans: list[_Span] = []
    for span in reaches:
        last = spans[-1] if spans else None
        if last is not None and last.meter == span.meter and span.from_time <= last.to_time:
            spans[-1] = last._replace(to_time=max(last.to_time, span.to_time))
        else:
            spans.append(span)
    return spans


def _parameters(span: _Span, customer: str, within: Positions, limit: int) -> dict[str, object]:
    return {
        "series": series_of(span.meter, customer),
        "from_time": span.from_time,
        "to_time": span.to_time,
        "after": within.first - 1,
        "through": within.last,
        "limit": limit,
    }
