"""Summaries of single meter events that are kept in the log alone: slower, and the same to the
last digit as those of `counted`."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeAlias

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import WINDOW_MICROSECONDS
from ledger.meter_events.formulas import FORMULAS, MeteredEvent, Running
from ledger.meter_events.usage import LogUsageReader, PlacedRecord, Positions
from projections.meter_events.summary_query import SummaryQuery

_Group: TypeAlias = tuple[int, tuple[str | None, ...]]


def summed_up(
    log: LogUsageReader,
    query: SummaryQuery,
    buckets: dict[str, int],
    through_position: int,
    within: Positions,
) -> list[dict[str, Any]]:
    """A record for each bucket and each text of the keys that the query groups by, as the
    statement on single events gives them."""
    start, end = to_microseconds(query.start), to_microseconds(query.end)
    from_time, to_time = query.meter.reach(start, end)
    placed = log.uncancelled(query.customer, {query.meter.id}, through_position, within)
    reached = (one for one in placed if from_time <= one.record.timestamp < to_time)
    groups: dict[_Group, Running] = {}
    for position, ordinal, record in _counting(query, reached):
        texts = record.payload
        if not start <= record.timestamp < end or any(
            texts.get(key) != text for key, text in query.filters.items()
        ):
            continue
        bucket = (record.timestamp - buckets["offset"]) // buckets["bucket"]
        group = bucket, tuple(texts.get(key) for key in query.group_by)
        running = groups.setdefault(group, FORMULAS[query.meter.formula]())
        value = query.meter.value_of(record)
        running.take(MeteredEvent(position, ordinal, record.timestamp, value))
    return [_record(group, groups[group].quantity()) for group in sorted(groups, key=_order)]


def _counting(query: SummaryQuery, records: Iterable[PlacedRecord]) -> Iterable[PlacedRecord]:
    """Those that the formula is applied to, in the order of the log."""
    window = query.meter.event_time_window
    if window is None:
        return records
    width = WINDOW_MICROSECONDS[window]
    latest = {placed.record.timestamp // width: placed for placed in records}
    return sorted(latest.values(), key=lambda placed: placed[:2])


def _order(group: _Group) -> tuple[int, list[tuple[bool, bytes]]]:
    """The newest bucket first, then by the bytes of the texts, those without one last."""
    bucket, texts = group
    return -bucket, [(text is None, (text or "").encode()) for text in texts]


def _record(group: _Group, quantity: Decimal) -> dict[str, Any]:
    bucket, texts = group
    dimensions = {f"dimension_{n}": text for n, text in enumerate(texts)}
    return {"bucket": bucket, "quantity": quantity, **dimensions}
