"""Rollups: whatever is recorded, late, cancelled or asked for, they say what the log says."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.clock import from_microseconds
from ledger.meter_events.aggregation import MICROSECONDS, MeterDefinition
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meter_events.usage import Asked
from ledger.meters.events import Formula, TimeWindow
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rolled import Piece, cut
from projections.meter_events.rollups import DAY, HOUR, MINUTE
from projections.meter_events.rows import USAGE_ROLLUPS, UsageRollupRow
from projections.meter_events.summaries import Grouping, SummaryQuery, summaries
from projections.meter_events.usage import LiveUsageReader
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import Projector
from projections.runtime.reader import Reader
from projections.runtime.rows import MemoryRows
from tests.meter_events.metered_ledger import NOW, NOW_MICROSECONDS, MeteredLedger, report

PROJECTION = MeterEventsProjection()
NAMES = {table.name: checkpoint_name(PROJECTION) for table in PROJECTION.tables}
MIDNIGHT_AFTER = (NOW + timedelta(days=1)).replace(hour=0)

# Ages in seconds: close together, on both sides of a minute, an hour and a day, and anywhere.
AGES = (
    st.integers(0, 130)
    | st.sampled_from([59, 60, 61, 3599, 3600, 3601, 43_199, 43_200, 43_201])
    | st.integers(0, 3 * DAY)
)
VALUES = st.decimals(-(10**6), 10**6, places=3).map(str) | st.sampled_from(
    ["0", "999999999999999", "-0.000000000001"]
)
# Each batch is recorded as one event. True is for a batch that is projected before the next one.
BATCHES = st.lists(
    st.tuples(st.lists(st.tuples(AGES, VALUES), min_size=1, max_size=6), st.booleans()),
    min_size=1,
    max_size=5,
)


class Followed:
    """A ledger whose usage is projected when asked for."""

    def __init__(self, ledger: MeteredLedger) -> None:
        self.ledger = ledger
        self.log = Log(ledger.recorder, ledger.mapper)
        self._projector = Projector(ledger.datastore, lambda _: self.log, [PROJECTION])

    def project(self) -> None:
        while self._projector.step_ledger(self.ledger.ledger_id):
            pass

    def reader(self) -> Reader:
        self.project()
        return Reader(self.ledger.datastore, self.ledger.ledger_id, NAMES, self.ledger.head())

    def rollups(self) -> list[UsageRollupRow]:
        """The rows in the database, by key."""
        found = self.reader().fetch_rows(
            USAGE_ROLLUPS,
            "ledger_id = %(ledger_id)s ORDER BY series, resolution, bucket",
            {},
        )
        return [USAGE_ROLLUPS.row(**{n: getattr(r, n) for n in USAGE_ROLLUPS.types}) for r in found]

    def rollups_in_memory(self) -> list[UsageRollupRow]:
        """The same rows, built in memory event by event."""
        rows = MemoryRows()
        for recorded in self.log.page(0, 10_000):
            PROJECTION.apply(recorded, rows)
        return rows.all(USAGE_ROLLUPS)


@pytest.fixture
def followed(ledger: MeteredLedger) -> Followed:
    return Followed(ledger)


def record(
    followed: Followed,
    name: str,
    batches: list[tuple[list[tuple[int, str]], bool]],
    cancelled: set[int],
) -> None:
    """Record batches of events; those whose numbers are among `cancelled` are cancelled at once."""
    number = 0
    for batch, projected in batches:
        events = [(f"{name}-{number + n}", age, value) for n, (age, value) in enumerate(batch)]
        followed.ledger.record(
            *(report(name, i, value=value, seconds_ago=age) for i, age, value in events)
        )
        if projected:
            followed.project()
        for n, (identifier, _, _) in enumerate(events, number):
            if n in cancelled:
                command = CancelMeterEvent(identifier=identifier, event_name=name)
                followed.ledger.execute(command)
        number += len(batch)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=BATCHES,
    cancelled=st.sets(st.integers(0, 20), max_size=8),
    formula=st.sampled_from(sorted(FORMULAS)),
    window=st.sampled_from([None, None, "hour", "day"]),
    stretches=st.lists(st.tuples(AGES, AGES), min_size=1, max_size=4),
)
def test_rollups_say_what_the_log_says(
    followed: Followed,
    batches: list[tuple[list[tuple[int, str]], bool]],
    cancelled: set[int],
    formula: Formula,
    window: TimeWindow | None,
    stretches: list[tuple[int, int]],
) -> None:
    """Any formula, any stretches of whole seconds, with late events and cancellations."""
    ledger, name = followed.ledger, uuid.uuid4().hex
    meter = ledger.meter(name, formula, window)
    record(followed, name, batches, cancelled)
    asked = [
        Asked(meter, *(NOW - timedelta(seconds=age) for age in sorted(ages, reverse=True)))
        for ages in stretches
    ]
    head = ledger.head()
    live = LiveUsageReader(followed.reader()).usages("cus_a", asked, head)
    expected = ledger.log_usage.usages("cus_a", asked, head)
    assert live.through_position == head
    assert [(str(u.quantity), u.meter_events) for u in live.usages] == [
        (str(u.quantity), u.meter_events) for u in expected.usages
    ]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=BATCHES,
    cancelled=st.sets(st.integers(0, 20), max_size=8),
    formula=st.sampled_from(sorted(FORMULAS)),
    grouping=st.sampled_from([None, "hour", "day"]),
    minutes=st.tuples(st.integers(0, 3 * 1440), st.integers(1, 3 * 1440)),
)
def test_summaries_say_what_the_log_says(
    followed: Followed,
    batches: list[tuple[list[tuple[int, str]], bool]],
    cancelled: set[int],
    formula: Formula,
    grouping: Grouping | None,
    minutes: tuple[int, int],
) -> None:
    ledger, name = followed.ledger, uuid.uuid4().hex
    meter = ledger.meter(name, formula)
    record(followed, name, batches, cancelled)
    width = {None: MINUTE, "hour": HOUR, "day": DAY}[grouping] // MINUTE
    offset, length = (number // width * width for number in minutes)
    end = MIDNIGHT_AFTER - timedelta(minutes=offset)
    start = end - timedelta(minutes=max(length, width))
    found = summaries(followed.reader(), SummaryQuery(meter, "cus_a", start, end, grouping))
    stretch = timedelta(minutes=width) if grouping else end - start
    assert [(s.start_time, str(s.aggregated_value)) for s in found] == [
        (int(since.timestamp()), quantity)
        for since in reversed([start + n * stretch for n in range((end - start) // stretch)])
        if (quantity := by_log(ledger, meter, since, since + stretch)) is not None
    ]


def by_log(
    ledger: MeteredLedger, meter: MeterDefinition, start: datetime, end: datetime
) -> str | None:
    """What the log says was used, None without usage."""
    usage = ledger.log_usage.usage(meter, "cus_a", start, end, ledger.head())
    return str(usage.quantity) if usage.meter_events else None


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=BATCHES, cancelled=st.sets(st.integers(0, 20), max_size=12))
def test_rows_are_the_same_however_the_log_is_cut_into_pages(
    followed: Followed,
    batches: list[tuple[list[tuple[int, str]], bool]],
    cancelled: set[int],
) -> None:
    name = uuid.uuid4().hex
    followed.ledger.meter(name)
    record(followed, name, batches, cancelled)
    kept, built = followed.rollups(), followed.rollups_in_memory()
    assert [str(row) for row in kept] == [str(row) for row in built]


def test_a_cancelled_last_event_gives_way_to_the_one_before(followed: Followed) -> None:
    ledger = followed.ledger
    meter = ledger.meter("gauge", "last")
    ages = {"a": 3 * HOUR, "b": 600, "c": 30, "d": 29, "e": 29}
    for n, (identifier, age) in enumerate(ages.items(), 1):
        ledger.record(report("gauge", identifier, value=str(n), seconds_ago=age))
    asked = [Asked(meter, MIDNIGHT_AFTER - timedelta(days=1), MIDNIGHT_AFTER)]
    seen: list[Decimal] = []
    for identifier in ("e", "d", "c", "b", "a"):
        live = LiveUsageReader(followed.reader()).usages("cus_a", asked, ledger.head())
        seen.append(live.usages[0].quantity)
        ledger.execute(CancelMeterEvent(identifier=identifier, event_name="gauge"))
    assert seen == [5, 4, 3, 2, 1]
    assert followed.rollups() == []


def test_all_usage_of_a_bill_is_as_of_one_position_at_or_after_the_one_asked_for(
    followed: Followed,
) -> None:
    ledger = followed.ledger
    meters = [ledger.meter("calls", "count"), ledger.meter("hourly", "sum", "hour")]
    for name in ("calls", "hourly"):
        ledger.record(report(name, f"{name}-1", value="1"))
    asked_for = ledger.head()
    for name in ("calls", "hourly"):
        ledger.record(report(name, f"{name}-2", value="2", seconds_ago=2 * HOUR))
    asked = [Asked(meter, NOW - timedelta(days=1), MIDNIGHT_AFTER) for meter in meters]
    live = LiveUsageReader(followed.reader()).usages("cus_a", asked, asked_for)
    assert live.through_position == asked_for + 2
    assert [usage.quantity for usage in live.usages] == [2, 3]


@given(st.tuples(st.integers(0, 10**11), st.integers(0, 400 * DAY)))
def test_a_stretch_is_cut_into_few_pieces_that_make_it_up(stretch: tuple[int, int]) -> None:
    start, length = stretch[0] * MICROSECONDS, stretch[1] * MICROSECONDS
    pieces = list(cut(start, start + length))
    edges = [start, *(piece.end for piece in pieces)]
    assert [piece.start for piece in pieces] == edges[:-1]
    assert edges[-1] == start + length
    buckets = 0
    for resolution, first, past in pieces:
        if resolution is None:
            assert past - first < MINUTE * MICROSECONDS * 2
            continue
        assert first % (resolution * MICROSECONDS) == past % (resolution * MICROSECONDS) == 0
        buckets += (past - first) // (resolution * MICROSECONDS)
    assert buckets <= length // (DAY * MICROSECONDS) + 2 * 23 + 2 * 59


def test_a_month_from_midnight_takes_a_row_a_day() -> None:
    start = int((MIDNIGHT_AFTER - timedelta(days=31)).timestamp()) * MICROSECONDS
    end = start + 31 * DAY * MICROSECONDS
    assert list(cut(start, end)) == [Piece(DAY, start, end)]


def test_a_minute_between_two_others_is_read_as_one() -> None:
    start = NOW_MICROSECONDS - 30 * MICROSECONDS
    pieces = list(cut(start, start + 120 * MICROSECONDS))
    assert [(p.resolution, from_microseconds(p.start).second) for p in pieces] == [
        (None, 30),
        (MINUTE, 0),
        (None, 0),
    ]
