"""Meter event summaries: the usage of any minute-aligned stretch of time, whole or cut in hours or
days (contract §5).

Decisions: stretches without usage are left out, also the only one; the newest comes first, as in
every other list; the end of a stretch is not part of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from ledger.kernel.clock import EPOCH, to_epoch
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.ids import derived_id
from ledger.meter_events.aggregation import (
    MICROSECONDS,
    WINDOW_MICROSECONDS,
    MeterDefinition,
    canonical,
)
from projections.meter_events.counted import QUANTITY, counted, parameters
from projections.meter_events.rows import CANCELLED_METER_EVENTS, METER_EVENTS
from projections.runtime.reader import Paging, Reader

Grouping = Literal["hour", "day"]

_MINUTE = timedelta(minutes=1)
_ALIGNMENT: dict[Grouping | None, tuple[timedelta, str]] = {
    None: (_MINUTE, "a minute"),
    "hour": (timedelta(hours=1), "an hour"),
    "day": (timedelta(days=1), "a day in UTC"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The usage in [start_time, end_time), in epoch seconds. A sum may be negative."""

    id: str
    aggregated_value: Decimal
    start_time: int
    end_time: int


@dataclass(frozen=True, slots=True)
class SummaryQuery:
    """Which usage to sum up. Times are aware."""

    meter: MeterDefinition
    customer: str
    start: datetime
    end: datetime
    grouping: Grouping | None = None
    livemode: bool = False


def check_times(query: SummaryQuery) -> None:
    """Raises InvalidRequest, naming the field, for times that are not aligned or reversed."""
    width, name = _ALIGNMENT[query.grouping]
    for param, moment in (("start_time", query.start), ("end_time", query.end)):
        if (moment - EPOCH) % width:
            why = f" when value_grouping_window is {query.grouping}" if query.grouping else ""
            raise InvalidRequest(
                f"Invalid {param}: it must be aligned to the start of {name}{why}. "
                f"Received {to_epoch(moment)}.",
                param=param,
            )
    if query.end <= query.start:
        raise InvalidRequest("Invalid end_time: it must be after start_time.", param="end_time")


def summaries(reader: Reader, query: SummaryQuery) -> list[Summary]:
    """Every stretch with usage, newest first. Raises InvalidRequest for bad times, Unavailable
    while the read model is behind."""
    check_times(query)
    reader.wait_for(METER_EVENTS, CANCELLED_METER_EVENTS)
    start, end = to_epoch(query.start), to_epoch(query.end)
    width = WINDOW_MICROSECONDS[query.grouping] if query.grouping else (end - start) * MICROSECONDS
    # An ungrouped stretch is one bucket that begins at its own start.
    offset = 0 if query.grouping else start * MICROSECONDS
    records = reader.fetch(
        f"{counted(query.meter)} SELECT (timestamp - %(offset)s) / %(bucket)s AS bucket, "
        f"{QUANTITY[query.meter.formula]} AS quantity FROM counted GROUP BY 1 ORDER BY 1 DESC",
        parameters(query.meter, query.customer, query.start, query.end, reader.head)
        | {"offset": offset, "bucket": width},
    )
    return [
        _summary(query, (record["bucket"] * width + offset) // MICROSECONDS, width, record)
        for record in records
    ]


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


def _summary(query: SummaryQuery, start: int, width: int, record: dict[str, Decimal]) -> Summary:
    end = start + width // MICROSECONDS
    prefix = "mtrusg_live" if query.livemode else "mtrusg_test"
    return Summary(
        derived_id(prefix, query.meter.id, query.customer, start, end),
        canonical(record["quantity"]),
        start,
        end,
    )
