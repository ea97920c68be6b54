"""Where in the log the usage of a day is: so that single events which are kept there alone are
read from a stretch of it, not from all of it."""

from collections.abc import Iterable

import msgspec

from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.usage import Positions
from projections.meter_events.rollup_rows import DAY
from projections.meter_events.rows import VERSION
from projections.meter_events.singles import Singles
from projections.runtime.reader import Reader
from projections.runtime.tables import Merging, Table

_DAY_MICROSECONDS = DAY * MICROSECONDS


class UsageDayRow(msgspec.Struct, frozen=True, gc=False):
    """All meter events with times in the day in UTC that begins at `day`, in epoch microseconds,
    stand in the log from `first_position` through `last_position`."""

    day: int
    first_position: int
    last_position: int


def _together(one: UsageDayRow, other: UsageDayRow) -> UsageDayRow:
    return UsageDayRow(
        one.day,
        min(one.first_position, other.first_position),
        max(one.last_position, other.last_position),
    )


USAGE_DAYS = Table(
    "usage_days",
    UsageDayRow,
    key=("day",),
    columns={"day": "bigint", "first_position": "bigint", "last_position": "bigint"},
    version=VERSION,
    document=False,
    merging=Merging(
        _together,
        {
            "first_position": "least(t.first_position, excluded.first_position)",
            "last_position": "greatest(t.last_position, excluded.last_position)",
        },
    ),
)


def days_of(singles: Iterable[Singles]) -> list[UsageDayRow]:
    """The rows to be merged for these events."""
    found: dict[int, tuple[int, int]] = {}
    for one in singles:
        for _, day, first, past in one.stretches(DAY):
            positions = one.positions[first:past]
            least, greatest = min(positions), max(positions)
            there = found.get(day, (least, greatest))
            found[day] = min(least, there[0]), max(greatest, there[1])
    return [UsageDayRow(day, *positions) for day, positions in found.items()]


def day_of(timestamp: int) -> int:
    """The start of the day of a time, both in epoch microseconds."""
    return timestamp - timestamp % _DAY_MICROSECONDS


def positions_of(reader: Reader, start: int, end: int) -> Positions:
    """Where the usage from `start` up to `end` stands in the log, as far as it was projected."""
    reader.wait_for(USAGE_DAYS)
    [found] = reader.fetch(
        "SELECT coalesce(min(first_position), 1) AS first, "
        f"coalesce(max(last_position), 0) AS last FROM {USAGE_DAYS.relation()} "
        "WHERE ledger_id = %(ledger_id)s AND day >= %(first_day)s AND day < %(end)s",
        {"first_day": day_of(start), "end": end},
    )
    return Positions(found["first"], found["last"])
