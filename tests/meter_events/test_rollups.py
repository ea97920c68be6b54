"""Rollups: whatever is recorded, late, cancelled or asked for, they say what the log says."""

import uuid
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meter_events.usage import Asked
from ledger.meters.events import Formula, TimeWindow
from projections.meter_events.rolled import Grouping
from projections.meter_events.rollup_rows import (
    USAGE_ROLLUPS,
)
from projections.meter_events.rollups import DAY, HOUR, MINUTE
from projections.meter_events.summaries import SummaryQuery, summaries
from projections.meter_events.usage import LiveUsageReader
from projections.runtime.tables import Table
from tests.meter_events.followed_ledger import (
    AGES,
    BATCHES,
    DECLARED,
    MIDNIGHT_AFTER,
    PROJECTION,
    Followed,
    Reported,
    record,
)
from tests.meter_events.metered_ledger import NOW, MeteredLedger, report


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=BATCHES,
    cancelled=st.sets(st.integers(0, 20), max_size=8),
    formula=st.sampled_from(sorted(FORMULAS)),
    window=st.sampled_from([None, None, "hour", "day"]),
    declared=DECLARED,
    stretches=st.lists(st.tuples(AGES, AGES), min_size=1, max_size=4),
)
def test_rollups_say_what_the_log_says(
    followed: Followed,
    batches: list[tuple[list[Reported], bool]],
    cancelled: set[int],
    formula: Formula,
    window: TimeWindow | None,
    declared: tuple[str, ...],
    stretches: list[tuple[int, int]],
) -> None:
    """Any formula, any stretches of whole seconds, with late events and cancellations."""
    ledger, name = followed.ledger, uuid.uuid4().hex
    meter = ledger.meter(name, formula, window, declared)
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
    batches: list[tuple[list[Reported], bool]],
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
@given(
    batches=BATCHES,
    cancelled=st.sets(st.integers(0, 20), max_size=12),
    formula=st.sampled_from(sorted(FORMULAS)),
    window=st.sampled_from([None, None, None, "hour", "day"]),
    declared=DECLARED,
)
def test_rows_are_the_same_however_the_log_is_cut_into_pages(
    followed: Followed,
    batches: list[tuple[list[Reported], bool]],
    cancelled: set[int],
    formula: Formula,
    window: TimeWindow | None,
    declared: tuple[str, ...],
) -> None:
    name = uuid.uuid4().hex
    followed.ledger.meter(name, formula, window, declared)
    record(followed, name, batches, cancelled)
    built, prepared = followed.in_memory(), followed.prepared(at_once=3)
    for table in cast("tuple[Table[Any], ...]", PROJECTION.tables):
        assert followed.kept(table) == [str(row) for row in built.all(table)]
        assert prepared.all(table) == built.all(table)


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
    assert followed.kept(USAGE_ROLLUPS) == []


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
