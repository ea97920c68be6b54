"""Meter event summaries: the usage of any minute-aligned stretch of time, whole or cut in hours or
days (contract §5).

Decisions: stretches without usage are left out, also the only one; the newest comes first, as in
every other list; the end of a stretch is not part of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, LiteralString, cast

from ledger.kernel.clock import EPOCH, to_epoch, to_microseconds
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.ids import derived_id
from ledger.meter_events.aggregation import (
    MICROSECONDS,
    WINDOW_MICROSECONDS,
    canonical,
)
from projections.meter_events import counted, rolled
from projections.meter_events.days import positions_of
from projections.meter_events.logged import summed_up
from projections.meter_events.retention import KEPT_FROM, LOG_WITHIN_SECONDS, log_of
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.meter_events.summary_query import Grouping, SummaryQuery
from projections.runtime.reader import Paging, Reader

MOST_DIVIDED: Final = 10_000
"""Summaries that usage may be divided into at once by payload keys, which may have any number of
texts."""

_MINUTE = timedelta(minutes=1)
_ALIGNMENT: dict[Grouping | None, tuple[timedelta, str]] = {
    None: (_MINUTE, "a minute"),
    "hour": (timedelta(hours=1), "an hour"),
    "day": (timedelta(days=1), "a day in UTC"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The usage in [start_time, end_time), in epoch seconds. A sum may be negative.

    `dimensions` has the text under each payload key that the query groups by, None for usage
    without one.
    """

    id: str
    aggregated_value: Decimal
    start_time: int
    end_time: int
    dimensions: Mapping[str, str | None] = field(default_factory=dict[str, str | None])


def check_times(
    query: SummaryQuery,
    *,
    start: str = "start_time",
    end: str = "end_time",
    grouping: str = "value_grouping_window",
) -> None:
    """Raises InvalidRequest, naming the field, for times that are not aligned or reversed.

    `start`, `end` and `grouping` are the names of the fields.
    """
    width, name = _ALIGNMENT[query.grouping]
    for param, moment in ((start, query.start), (end, query.end)):
        if (moment - EPOCH) % width:
            why = f" when {grouping} is {query.grouping}" if query.grouping else ""
            raise InvalidRequest(
                f"Invalid {param}: it must be aligned to the start of {name}{why}. "
                f"Received {to_epoch(moment)}.",
                param=param,
            )
    if query.end <= query.start:
        raise InvalidRequest(f"Invalid {end}: it must be after {start}.", param=end)


def summaries(reader: Reader, query: SummaryQuery, through: int | None = None) -> list[Summary]:
    """Every stretch with usage, newest first, and within it by the texts of `group_by`; with
    `through` as it was when the log ended at that position, event by event.

    Raises InvalidRequest for bad times, for groups that are too many, and where the log takes too
    long to read; Unavailable while the read model is behind.
    """
    check_times(query)
    reader.wait_for(USAGE_ROLLUPS)
    start, end = to_epoch(query.start), to_epoch(query.end)
    width = WINDOW_MICROSECONDS[query.grouping] if query.grouping else (end - start) * MICROSECONDS
    # An ungrouped stretch is one bucket that begins at its own start.
    offset = 0 if query.grouping else start * MICROSECONDS
    records = _read(reader, query, {"offset": offset, "bucket": width}, through)
    if query.group_by and len(records) > MOST_DIVIDED:
        raise InvalidRequest(
            f"This divides usage into more than {MOST_DIVIDED} summaries. Ask for less time, or "
            "filter it, or group it by fewer payload keys.",
            param="dimension_group_by_keys",
        )
    return [
        _summary(query, (record["bucket"] * width + offset) // MICROSECONDS, width, record)
        for record in records
    ]


def _read(
    reader: Reader, query: SummaryQuery, buckets: dict[str, int], through: int | None
) -> list[dict[str, Any]]:
    """The quantity of each bucket, and in it of each text of the keys to group by."""
    last = reader.head if through is None else through
    rolled_up = _rolled_up(query) if through is None else None
    source = rolled_up or _one_by_one(query, last)
    statement, parameters = _divided(query, source)
    records = reader.fetch(statement, parameters | buckets)
    if source.takes_lapsed(reader, records[0]["kept_from"]):
        from_time, to_time = query.meter.reach(
            to_microseconds(query.start), to_microseconds(query.end)
        )
        log = log_of(reader, LOG_WITHIN_SECONDS)
        within = positions_of(reader, from_time, to_time)
        return summed_up(log, query, buckets, last, within)
    return [record for record in records if record["bucket"] is not None]


def _divided(query: SummaryQuery, source: "_Source") -> tuple[LiteralString, dict[str, Any]]:
    """A statement that gives at least one record, if only for what is kept, and its parameters
    but for the buckets."""
    keys = [f"payload::jsonb->>%(group_{n})s" for n, _ in enumerate(query.group_by)]
    texts = [f"payload::jsonb->>%(filter_{n})s = %(text_{n})s" for n in range(len(query.filters))]
    columns = "".join(f"{key} AS dimension_{n}, " for n, key in enumerate(keys))
    places = ", ".join(str(n) for n in range(1, 2 + len(keys)))
    order = "".join(f', dimension_{n} COLLATE "C"' for n, _ in enumerate(keys))
    statement = (
        f"{source.usage}, divided AS ("
        f"SELECT ({source.at} - %(offset)s) / %(bucket)s AS bucket, {columns}"
        f"{source.quantity} AS quantity FROM {source.name} "
        f"WHERE {' AND '.join(['true', *texts])} GROUP BY {places}) "
        f"SELECT divided.*, k.kept_from FROM (SELECT {KEPT_FROM} AS kept_from) AS k "
        f"LEFT JOIN divided ON true ORDER BY bucket DESC{order} "
        "LIMIT %(most)s"
    )
    named: dict[str, Any] = {f"group_{n}": key for n, key in enumerate(query.group_by)}
    named["most"] = MOST_DIVIDED + 1 if query.group_by else None
    for n, (key, text) in enumerate(query.filters.items()):
        named |= {f"filter_{n}": key, f"text_{n}": text}
    return cast("LiteralString", statement), source.parameters | named


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows to be grouped: the clause that defines them under a name, their time, and what the
    formula makes of them. `singles_from` is the time from which on single events may be read."""

    usage: LiteralString
    name: str
    at: str
    quantity: LiteralString
    parameters: dict[str, Any]
    singles_from: int

    def takes_lapsed(self, reader: Reader, kept_from: int) -> bool:
        """Whether it takes single events from before those that are kept. To be asked after they
        were read."""
        if self.singles_from >= kept_from:
            return False
        return self.name == "counted" or bool(reader.fetch(rolled.LAPSED, self.parameters))


def _rolled_up(query: SummaryQuery) -> _Source | None:
    """None where it takes the single events: of other keys than those declared on the meter, of
    windows by any key, and to count distinct texts."""
    meter, keys = query.meter, {*query.filters, *query.group_by}
    if not rolled.is_rolled_up(meter, keys):
        return None
    lines = rolled.Lines()
    start, end = to_microseconds(query.start), to_microseconds(query.end)
    lines.add(0, meter, query.customer, start, end, query.grouping)
    usage, quantity = rolled.ROLLED_BY_DIVISION if keys else rolled.ROLLED, rolled.QUANTITY
    parameters = lines.parameters()
    return _Source(usage, "rolled", "at", quantity[meter.formula], parameters, lines.edges_start)


def _one_by_one(query: SummaryQuery, through: int) -> _Source:
    meter = query.meter
    parameters = counted.parameters(meter, query.customer, query.start, query.end, through)
    usage, quantity = counted.counted(meter), counted.QUANTITY[meter.formula]
    from_time = parameters["from_time"]
    return _Source(usage, "counted", "timestamp", quantity, parameters, from_time)


def page_of(found: list[Summary], paging: Paging) -> tuple[list[Summary], bool]:
    """A page of summaries, and whether more follow in its direction. Raises NotFound for a cursor
    that names none of them."""
    if paging.starting_after is not None:
        first = _place(found, paging.starting_after, "starting_after") + 1
        return found[first : first + paging.limit], first + paging.limit < len(found)
    if paging.ending_before is not None:
        end = _place(found, paging.ending_before, "ending_before")
        first = max(0, end - paging.limit)
        return found[first:end], first > 0
    return found[: paging.limit], paging.limit < len(found)


def _place(found: list[Summary], cursor: str, param: str) -> int:
    for place, summary in enumerate(found):
        if summary.id == cursor:
            return place
    raise NotFound("billing meter event summary", cursor, param=param)


def _summary(query: SummaryQuery, start: int, width: int, record: dict[str, Any]) -> Summary:
    end = start + width // MICROSECONDS
    prefix = "mtrusg_live" if query.livemode else "mtrusg_test"
    dimensions = {key: record[f"dimension_{n}"] for n, key in enumerate(query.group_by)}
    divided = [json.dumps([dimensions, dict(query.filters)])] if dimensions or query.filters else []
    return Summary(
        derived_id(prefix, query.meter.id, query.customer, start, end, *divided),
        canonical(record["quantity"]),
        start,
        end,
        dimensions,
    )
