"""Single meter events of earlier months are let go, and every answer stays as it was."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from ledger.meter_events.usage import Asked
from ledger.meters.events import Formula, TimeWindow
from ledger.store.datastore import Datastore
from projections.meter_events.days import positions_of
from projections.meter_events.retention import first_month_kept
from projections.meter_events.summaries import Summary, summaries
from projections.meter_events.summary_query import Grouping, SummaryQuery
from projections.meter_events.usage import LiveUsageReader, SqlUsageReader
from tests.meter_events.metered_ledger import MeteredLedger
from tests.meter_events.retained import Retained

# Around the ends of months and minutes of May, June and July 2026, and anywhere in them.
FIRST = datetime(2026, 5, 1, tzinfo=UTC)
EDGES = [
    datetime(2026, month, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    for month in (6, 7)
    for seconds in (-61, -60, -59, -30, -1, 0, 1, 29, 59, 60, 61)
]
TIMES = st.sampled_from(EDGES) | st.integers(0, 75 * 86_400).map(
    lambda seconds: FIRST + timedelta(seconds=seconds)
)
FORMULAS: list[Formula] = ["sum", "count", "last", "max", "min", "average", "unique_count"]
USES = st.tuples(
    st.just("use"), TIMES, st.integers(-9, 9).map(str), st.sampled_from([None, "eu", "us"])
)
STEPS = st.lists(
    USES
    | USES
    | st.tuples(st.just("cancel"), st.integers(0, 30))
    | st.tuples(st.just("keep"), st.sampled_from(["2026-06", "2026-07"]), st.booleans())
    | st.tuples(st.just("project")),
    min_size=3,
    max_size=25,
)

# Apart from those of the other tests of this file.
_ledger_ids = itertools.count(1_000)


@pytest.fixture
def retained(ledger: MeteredLedger) -> Retained:
    return Retained(ledger)


class Life:
    """Goes the steps of an example, each of which makes sense when it comes."""

    def __init__(self, retained: Retained) -> None:
        self.retained = retained
        self.uses = 0
        self.cancelled: set[int] = set()

    def go(self, step: tuple[object, ...]) -> None:
        match step:
            case ("use", datetime() as at, str(value), str() | None as region):
                self.retained.use("usage", f"e-{self.uses}", at, value, region)
                self.uses += 1
            case ("cancel", int(n)) if self.uses and n % self.uses not in self.cancelled:
                self.cancelled.add(n % self.uses)
                self.retained.cancel("usage", f"e-{n % self.uses}")
            case ("keep", str(month), bool(swept)):
                kept = first_month_kept(self.retained.reader())
                if kept is None or Month.parse(month) >= kept:
                    self.retained.keep_from(month, swept=swept)
            case ("project",):
                self.retained.project()
            case _:
                pass


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=STEPS,
    formula=st.sampled_from(FORMULAS),
    window=st.sampled_from([None, None, "hour", "day"]),
    stretches=st.lists(st.tuples(TIMES, TIMES), min_size=1, max_size=3),
)
def test_every_answer_is_that_of_the_log(
    datastore: Datastore,
    steps: list[tuple[object, ...]],
    formula: Formula,
    window: TimeWindow | None,
    stretches: list[tuple[datetime, datetime]],
) -> None:
    """Whatever is recorded late, cancelled, let go and swept, in any order."""
    retained = lived(datastore, steps, formula, window)
    ledger, reader = retained.ledger, retained.reader()
    head, meter = ledger.head(), ledger.definition("usage")
    asked = [Asked(meter, *sorted(stretch)) for stretch in stretches]
    expected = ledger.log_usage.usages("cus_a", asked, head).usages
    assert SqlUsageReader(reader).usages("cus_a", asked, head).usages == expected
    live = LiveUsageReader(reader).usages("cus_a", asked, head)
    assert [(str(u.quantity), u.meter_events) for u in live.usages] == [
        (str(u.quantity), u.meter_events) for u in expected
    ]
    assert retained.rollups() == retained.rollups_built_at_once()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=STEPS,
    formula=st.sampled_from(FORMULAS),
    window=st.sampled_from([None, "hour", "day"]),
    grouping=st.sampled_from([None, "hour", "day"]),
    days=st.tuples(st.integers(0, 74), st.integers(1, 40)),
    divided=st.sampled_from([{}, {"filters": {"region": "eu"}}, {"group_by": ("region",)}]),
)
def test_every_summary_is_as_it_was(
    datastore: Datastore,
    steps: list[tuple[object, ...]],
    formula: Formula,
    window: TimeWindow | None,
    grouping: Grouping | None,
    days: tuple[int, int],
    divided: dict[str, Any],
) -> None:
    """The same ledger with and without letting go says the same, by any formula and payload key."""
    start = FIRST + timedelta(days=days[0])
    end = start + timedelta(days=days[1])

    def summed_up(retained: Retained) -> list[Summary]:
        meter = retained.ledger.definition("usage")
        query = SummaryQuery(meter, "cus_a", start, end, grouping, **divided)
        return summaries(retained.reader(), query)

    keeping = [step for step in steps if step[0] != "keep"]
    assert summed_up(lived(datastore, steps, formula, window)) == summed_up(
        lived(datastore, keeping, formula, window)
    )


def lived(
    datastore: Datastore,
    steps: list[tuple[object, ...]],
    formula: Formula,
    window: TimeWindow | None,
) -> Retained:
    """A ledger that went the steps, with the meter `usage`."""
    ledger = MeteredLedger(datastore, next(_ledger_ids))
    ledger.meter("usage", formula, window)
    ledger.customer()
    life = Life(Retained(ledger))
    for step in steps:
        life.go(step)
    return life.retained


def test_rows_of_earlier_months_go_and_do_not_come_back(retained: Retained) -> None:
    for n, month in enumerate((5, 6, 7)):
        retained.use("tokens", f"e-{n}", datetime(2026, month, 9, tzinfo=UTC), "1")
    assert retained.months_with_rows() == ["2026-05", "2026-06", "2026-07"]
    retained.keep_from("2026-06")
    assert retained.months_with_rows() == ["2026-06", "2026-07"]
    retained.use("tokens", "late", datetime(2026, 5, 10, tzinfo=UTC), "1")
    retained.use("tokens", "early", datetime(2026, 7, 10, tzinfo=UTC), "1")
    assert retained.months_with_rows() == ["2026-06", "2026-07"]
    assert first_month_kept(retained.reader()) == Month(2026, 6)


def test_a_cancellation_in_a_month_that_was_let_go_leaves_no_rows_behind(
    retained: Retained,
) -> None:
    meter = retained.ledger.meter("gauge", "last")
    at = datetime(2026, 5, 9, 12, 0, 30, tzinfo=UTC)
    for n in range(3):
        retained.use("gauge", f"e-{n}", at + timedelta(seconds=n), str(n))
    retained.keep_from("2026-06")
    asked = [Asked(meter, at.replace(second=0), at + timedelta(seconds=90))]
    seen: list[int] = []
    for n in (2, 1, 0):
        live = LiveUsageReader(retained.reader()).usages("cus_a", asked, retained.ledger.head())
        seen.append(int(live.usages[0].quantity))
        retained.cancel("gauge", f"e-{n}")
        assert retained.months_with_rows() == []
    assert seen == [2, 1, 0]
    assert retained.rollups() == []


def test_only_the_part_of_the_log_that_has_a_day_is_read(retained: Retained) -> None:
    days = [datetime(2026, 5, day, tzinfo=UTC) for day in (3, 4, 3, 9)]
    first = retained.ledger.head() + 1
    for n, day in enumerate(days):
        retained.use("tokens", f"e-{n}", day, "1")
    reader, day = retained.reader(), int(days[0].timestamp()) * 1_000_000
    width = 86_400 * 1_000_000
    assert positions_of(reader, day, day + 1) == (first, first + 2)
    assert positions_of(reader, day + width, day + 2 * width) == (first + 1, first + 1)
    assert positions_of(reader, day + 5, day + 9 * width) == (first, first + 3)
    assert positions_of(reader, day - width, day) == (1, 0)


def test_a_log_that_takes_too_long_to_read_is_given_up_with_advice(
    retained: Retained, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = retained.ledger.definition("tokens")
    at = datetime(2026, 5, 9, tzinfo=UTC)
    retained.use("tokens", "e-1", at + timedelta(seconds=30), "1")
    retained.keep_from("2026-06")
    monkeypatch.setattr("projections.meter_events.usage.LOG_WITHIN_SECONDS", -1)
    live, head = LiveUsageReader(retained.reader()), retained.ledger.head()
    whole = Asked(meter, at, at + timedelta(days=1))
    assert live.usages("cus_a", [whole], head).usages[0].quantity == 1
    with pytest.raises(InvalidRequest, match="whole days"):
        live.usages("cus_a", [Asked(meter, at, at + timedelta(seconds=59))], head)
