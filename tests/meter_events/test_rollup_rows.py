"""Which rows there are for usage that was rolled up, and what they hold."""

import pytest

from ledger.meters.events import Formula
from projections.meter_events.rollup_rows import (
    USAGE_DIVISIONS,
    USAGE_ROLLUPS,
    USAGE_WINDOWS,
    UsageRollupRow,
)
from projections.meter_events.rollups import DAY, HOUR, MINUTE
from tests.meter_events.followed_ledger import Followed
from tests.meter_events.metered_ledger import report


def test_a_stretch_gets_finer_rows_from_so_many_events_on(followed: Followed) -> None:
    """Four on a day, three in an hour (as set above); the rows then hold those before as well."""
    ledger = followed.ledger
    ledger.meter("calls", "count")
    resolutions: list[list[tuple[int, int]]] = []
    for n, age in enumerate([7_200, 3_500, 70, 0, 1, 2]):
        ledger.record(report("calls", f"e-{n}", seconds_ago=age))
        followed.project()
        rows: list[UsageRollupRow] = followed.in_memory().all(USAGE_ROLLUPS)
        resolutions.append(sorted((row.resolution, row.count) for row in rows))
    assert resolutions == [
        [(DAY, 1)],
        [(DAY, 2)],
        [(DAY, 3)],
        [(HOUR, 1), (HOUR, 1), (HOUR, 2), (DAY, 4)],
        [*[(MINUTE, 1)] * 3, (HOUR, 1), (HOUR, 1), (HOUR, 3), (DAY, 5)],
        [(MINUTE, 1), (MINUTE, 1), (MINUTE, 2), (HOUR, 1), (HOUR, 1), (HOUR, 4), (DAY, 6)],
    ]
    assert followed.kept(USAGE_ROLLUPS) == [str(r) for r in followed.in_memory().all(USAGE_ROLLUPS)]


@pytest.mark.parametrize(
    ("formula", "kept"),
    [
        ("sum", {"sum": "7"}),
        ("average", {"sum": "7"}),
        ("count", {}),
        ("min", {"min": "2.5"}),
        ("max", {"max": "4.5"}),
        ("last", {"last_ordinal": "1", "last_value": "2.5"}),
    ],
)
def test_a_row_holds_what_the_formula_of_its_meter_asks_for(
    followed: Followed, formula: Formula, kept: dict[str, str]
) -> None:
    followed.ledger.meter("m", formula)
    followed.ledger.record(report("m", "e-1", value="4.5"), report("m", "e-2", value="2.5"))
    [row] = followed.in_memory().all(USAGE_ROLLUPS)
    held = {name: str(value) for name in row.__struct_fields__ if (value := getattr(row, name))}
    places = {"series", "resolution", "bucket", "count", "last_timestamp", "last_position"}
    assert {name: value for name, value in held.items() if name not in places} == kept
    assert row.count == 2


def test_distinct_texts_and_windows_are_not_rolled_up_by_day(followed: Followed) -> None:
    followed.ledger.meter("users", "unique_count")
    followed.ledger.meter("gauge", "sum", "hour")
    followed.ledger.record(report("users", "e-1", value="ann"), report("gauge", "e-2", value="3"))
    followed.ledger.record(report("gauge", "e-3", value="4", seconds_ago=60))
    followed.ledger.record(report("gauge", "e-4", value="5", seconds_ago=30))
    assert followed.kept(USAGE_ROLLUPS) == []
    rows = followed.in_memory().all(USAGE_WINDOWS)
    assert [(row.position, str(row.value)) for row in rows] == [
        (followed.ledger.head(), "5"),
        (followed.ledger.head() - 2, "3"),
    ]


def test_usage_is_divided_by_the_declared_dimensions_alone(followed: Followed) -> None:
    followed.ledger.meter("calls", "count", dimensions=("model", "region"))
    followed.ledger.record(
        report("calls", "e-1", model="small", region="eu", note="x"),
        report("calls", "e-2", region="eu", model="small", note="y"),
        report("calls", "e-3", region="eu"),
        report("calls", "e-4", note="x"),
    )
    rows = followed.in_memory()
    divisions = {row.division: row.dimensions for row in rows.all(USAGE_DIVISIONS)}
    days = [row for row in rows.all(USAGE_ROLLUPS) if row.resolution == DAY]
    assert sorted((divisions.get(row.series, "all"), row.count) for row in days) == [
        ("all", 4),
        ('{"model":"small","region":"eu"}', 2),
        ('{"region":"eu"}', 1),
        ("{}", 1),
    ]
