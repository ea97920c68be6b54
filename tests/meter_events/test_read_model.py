"""The read model of usage: it answers as the log does, and sums up any stretch of time."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meters.events import Formula, TimeWindow
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rows import METER_EVENTS, MeterEventRow, series_of
from projections.meter_events.summaries import (
    Grouping,
    Summary,
    SummaryQuery,
    page_of,
    summaries,
)
from projections.meter_events.usage import SqlUsageReader
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.projector import Projector
from projections.runtime.reader import Page, Reader
from projections.runtime.rows import MemoryRows
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report

PROJECTION = MeterEventsProjection()
HOUR, DAY = 3_600, 86_400
MIDNIGHT = datetime(2026, 7, 15, tzinfo=UTC)


@pytest.fixture
def read(ledger: MeteredLedger) -> Callable[[], Reader]:
    """Reads the ledger after everything so far was projected."""
    log = Log(ledger.recorder, ledger.mapper)
    projector = Projector(ledger.datastore, lambda _: log, [PROJECTION])

    def reader() -> Reader:
        while projector.step_ledger(ledger.ledger_id):
            pass
        names = {table.name: checkpoint_name(PROJECTION) for table in PROJECTION.tables}
        return Reader(ledger.datastore, ledger.ledger_id, names, ledger.head())

    return reader


def values(found: list[Summary]) -> list[tuple[int, int, Decimal]]:
    """Start and end as hours from midnight, with the value."""
    midnight = int(MIDNIGHT.timestamp())
    return [
        ((s.start_time - midnight) // HOUR, (s.end_time - midnight) // HOUR, s.aggregated_value)
        for s in found
    ]


def query(
    ledger: MeteredLedger,
    start: datetime = MIDNIGHT,
    end: datetime = MIDNIGHT + timedelta(days=1),
    grouping: Grouping | None = None,
    event_name: str = "tokens",
) -> SummaryQuery:
    return SummaryQuery(ledger.definition(event_name), "cus_a", start, end, grouping)


def test_each_record_becomes_a_row(ledger: MeteredLedger) -> None:
    verdict = ledger.record(report(value="2.5", region="eu"), report("tokens", "e-2"))[0]
    rows = MemoryRows()
    for recorded in Log(ledger.recorder, ledger.mapper).page(0, 100):
        PROJECTION.apply(recorded, rows)
    first, second = rows.all(METER_EVENTS)
    assert verdict.record is not None
    assert verdict.position is not None
    assert first == MeterEventRow(
        series_of("mtr_test_tokens", "cus_a"),
        verdict.record.timestamp,
        verdict.position,
        0,
        Decimal("2.5"),
        '{"region":"eu"}',
    )
    assert (second.ordinal, second.value, second.payload) == (1, Decimal(1), "{}")


def test_a_summary_includes_what_was_acknowledged(
    ledger: MeteredLedger, read: Callable[[], Reader]
) -> None:
    ledger.record(report(value="3"), report(identifier="e-2", value="0.25"))
    (summary,) = summaries(read(), query(ledger))
    assert values([summary]) == [(0, 24, Decimal("3.25"))]
    assert summary.id.startswith("mtrusg_test_")
    ledger.execute(CancelMeterEvent(identifier="e-1", event_name="tokens"))
    (again,) = summaries(read(), query(ledger))
    assert (again.id, again.aggregated_value) == (summary.id, Decimal("0.25"))


def test_summaries_by_hour_and_day_leave_out_stretches_without_usage(
    ledger: MeteredLedger, read: Callable[[], Reader]
) -> None:
    ledger.record(
        report(identifier="a", value="1", seconds_ago=0),
        report(identifier="b", value="2", seconds_ago=3 * HOUR),
        report(identifier="c", value="4", seconds_ago=3 * HOUR - 1),
        report(identifier="d", value="8", seconds_ago=DAY),
    )
    assert values(summaries(read(), query(ledger, grouping="hour"))) == [(12, 13, 1), (9, 10, 6)]
    days = query(ledger, MIDNIGHT - timedelta(days=3), grouping="day")
    assert values(summaries(read(), days)) == [(0, 24, 7), (-24, 0, 8)]


def test_no_usage_is_no_summary(ledger: MeteredLedger, read: Callable[[], Reader]) -> None:
    assert summaries(read(), query(ledger)) == []


def test_a_stretch_may_begin_and_end_at_any_minute(
    ledger: MeteredLedger, read: Callable[[], Reader]
) -> None:
    ledger.record(
        report(identifier="a", value="1", seconds_ago=120),
        report(identifier="b", value="2", seconds_ago=60),
        report(identifier="c", value="4", seconds_ago=0),
    )
    minutes = query(ledger, NOW - timedelta(minutes=2), NOW)
    assert [s.aggregated_value for s in summaries(read(), minutes)] == [3]


@pytest.mark.parametrize(
    ("start", "end", "grouping", "param"),
    [
        (NOW + timedelta(seconds=1), NOW + timedelta(hours=1), None, "start_time"),
        (NOW, NOW + timedelta(seconds=61), None, "end_time"),
        (NOW + timedelta(minutes=1), NOW + timedelta(hours=1), "hour", "start_time"),
        (MIDNIGHT, NOW, "day", "end_time"),
        (NOW, NOW, None, "end_time"),
    ],
)
def test_times_that_are_not_aligned_are_refused(
    ledger: MeteredLedger,
    read: Callable[[], Reader],
    start: datetime,
    end: datetime,
    grouping: Grouping | None,
    param: str,
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        summaries(read(), query(ledger, start, end, grouping))
    assert refused.value.param == param


def test_summaries_are_paged_by_id() -> None:
    found = [Summary(f"s{n}", Decimal(n), n, n + 1) for n in range(5)]

    def page(**cursors: str) -> tuple[str, bool]:
        rows, more = page_of(found, Page(2, **cursors))
        return " ".join(s.id for s in rows), more

    assert page() == ("s0 s1", True)
    assert page(starting_after="s1") == ("s2 s3", True)
    assert page(starting_after="s3") == ("s4", False)
    assert page(ending_before="s4") == ("s2 s3", True)
    assert page(ending_before="s2") == ("s0 s1", False)
    with pytest.raises(NotFound):
        page(starting_after="s9")


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 3 * DAY),
        st.decimals(-999, 999, places=2).map(str) | st.just("0"),
        st.integers(0, 9),
    ),
    min_size=1,
    max_size=15,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=EVENTS,
    formula=st.sampled_from(sorted(FORMULAS)),
    window=st.sampled_from([None, "hour", "day"]),
    stretch=st.tuples(st.integers(0, 3 * DAY), st.integers(0, 3 * DAY)),
    behind=st.integers(0, 6),
)
def test_log_and_read_model_agree(
    ledger: MeteredLedger,
    read: Callable[[], Reader],
    events: list[tuple[int, str, int]],
    formula: Formula,
    window: TimeWindow | None,
    stretch: tuple[int, int],
    behind: int,
) -> None:
    """Any formula, any stretch, as of any position, with late events and cancellations."""
    name = uuid.uuid4().hex
    meter = ledger.meter(name, formula, window)
    for n, (seconds_ago, value, fate) in enumerate(events):
        identifier = f"{name}-{n}"
        ledger.record(report(name, identifier, value=value, seconds_ago=seconds_ago))
        if fate == 0:
            ledger.execute(CancelMeterEvent(identifier=identifier, event_name=name))
    start, end = (NOW - timedelta(seconds=s) for s in sorted(stretch, reverse=True))
    through = ledger.head() - behind
    reader = read()
    from_rows = SqlUsageReader(reader).usage(meter, "cus_a", start, end, through)
    assert from_rows == ledger.log_usage.usage(meter, "cus_a", start, end, through)
    assert str(from_rows.quantity) == str(
        ledger.log_usage.usage(meter, "cus_a", start, end, through).quantity
    )


def test_rows_in_the_database_are_those_built_in_memory(
    ledger: MeteredLedger, read: Callable[[], Reader]
) -> None:
    ledger.record(report(), report(identifier="e-2", value="7", seconds_ago=DAY, note="x"))
    ledger.execute(CancelMeterEvent(identifier="e-1", event_name="tokens"))
    rows = MemoryRows()
    for recorded in Log(ledger.recorder, ledger.mapper).page(0, 1_000):
        PROJECTION.apply(recorded, rows)
    kept = read().fetch(
        f"SELECT * FROM {METER_EVENTS.relation()} WHERE ledger_id = %(ledger_id)s "
        "ORDER BY series, timestamp, position, ordinal",
        {},
    )
    assert [str(METER_EVENTS.from_record(record)) for record in kept] == [
        str(row) for row in rows.all(METER_EVENTS)
    ]
