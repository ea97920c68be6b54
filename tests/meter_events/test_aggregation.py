"""What meter events amount to: formulas, hourly and daily overwriting, evidence."""

import hashlib
import itertools
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from ledger.kernel.clock import to_microseconds
from ledger.kernel.quantities import decimal_text
from ledger.meter_events.aggregation import (
    WINDOW_MICROSECONDS,
    MeterDefinition,
    MeteredEvent,
    Tally,
    tally,
)
from ledger.meter_events.events import CountedRecord
from ledger.meters.events import Formula, TimeWindow

HOUR = WINDOW_MICROSECONDS["hour"]
DAY = WINDOW_MICROSECONDS["day"]


def quantity(
    formula: Formula, *events: MeteredEvent, window: TimeWindow | None = None, end: int = DAY
) -> Decimal:
    return tally(MeterDefinition("mtr", formula, window), 0, end, events).quantity


def test_sums_are_exact_and_may_be_negative() -> None:
    events = [
        MeteredEvent(1, 0, 0, "0.1"),
        MeteredEvent(1, 1, 0, "0.2"),
        MeteredEvent(2, 0, 5, "-1"),
    ]
    assert quantity("sum", *events) == Decimal("-0.7")


def test_counting_ignores_values() -> None:
    assert quantity("count", MeteredEvent(1, 0, 0, None), MeteredEvent(1, 1, 0, "9")) == 2


def test_the_last_value_is_the_latest_by_time_then_by_place() -> None:
    late, early = MeteredEvent(1, 0, 20, "3"), MeteredEvent(2, 0, 10, "7")
    assert quantity("last", late, early) == 3
    assert quantity("last", late, MeteredEvent(2, 1, 20, "8")) == 8


@pytest.mark.parametrize("formula", ["sum", "count", "last"])
def test_no_usage_is_zero(formula: Formula) -> None:
    usage = tally(MeterDefinition("mtr", formula), 0, DAY, [])
    assert (usage.quantity, usage.meter_events) == (0, 0)
    assert (usage.first_position, usage.last_position) == (None, None)
    assert usage.digest == hashlib.sha256().hexdigest()


def test_the_start_counts_and_the_end_does_not() -> None:
    events = [MeteredEvent(n, 0, time, "1") for n, time in enumerate((-1, 0, DAY - 1, DAY))]
    assert quantity("sum", *events) == 2


def test_within_an_hour_the_most_recently_received_event_counts() -> None:
    events = [
        MeteredEvent(1, 0, HOUR - 1, "5"),
        MeteredEvent(2, 0, 0, "3"),
        MeteredEvent(3, 0, HOUR, "10"),
    ]
    assert quantity("sum", *events, window="hour") == 13
    assert quantity("count", *events, window="hour") == 2
    assert quantity("sum", *events, window="day") == 10


def test_an_overwritten_event_does_not_come_back_where_its_hour_is_cut() -> None:
    meter = MeterDefinition("mtr", "sum", "hour")
    events = [MeteredEvent(1, 0, 10, "5"), MeteredEvent(2, 0, HOUR // 2, "3")]
    middle = HOUR // 4
    assert meter.reach(0, middle) == (0, HOUR)
    assert tally(meter, 0, middle, events).quantity == 0
    assert tally(meter, middle, HOUR, events).quantity == 3


def test_the_evidence_names_the_events_that_were_counted() -> None:
    events = [
        MeteredEvent(4, 7, 1, "1.5"),
        MeteredEvent(6, 0, 2, None),
        MeteredEvent(9, 0, DAY, "1"),
    ]
    usage = tally(MeterDefinition("mtr", "count"), 0, DAY, events)
    assert (usage.meter_events, usage.first_position, usage.last_position) == (2, 4, 6)
    assert usage.digest == hashlib.sha256(b"4/7 1.5\n6/0 \n").hexdigest()


@given(
    st.lists(st.tuples(st.integers(0, 3 * DAY - 1), st.integers(-99, 99)), max_size=30),
    st.integers(0, 3 * DAY),
    st.sampled_from([None, "hour", "day"]),
)
def test_adjoining_stretches_of_time_add_up(
    timed: list[tuple[int, int]], cut: int, window: TimeWindow | None
) -> None:
    events = [MeteredEvent(n, 0, time, str(value)) for n, (time, value) in enumerate(timed)]
    meter = MeterDefinition("mtr", "sum", window)
    parts = [tally(meter, start, end, events) for start, end in ((0, cut), (cut, 3 * DAY))]
    whole = tally(meter, 0, 3 * DAY, events)
    assert sum(part.quantity for part in parts) == whole.quantity
    assert sum(part.meter_events for part in parts) == whole.meter_events


NUMBERS = st.one_of(
    st.none(),
    st.integers(-(10**15) + 1, 10**15 - 1).map(str),
    st.decimals(-(10**9), 10**9, places=6).map(decimal_text),
    st.sampled_from(["007", "1e3", "+5", " 5", "1_0", "1.0", "9" * 40]),
)


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 40), NUMBERS), max_size=12), max_size=4),
    st.sampled_from(["sum", "count", "last", "max", "min", "average"]),
)
def test_many_events_at_once_count_as_one_after_the_other(
    batches: list[list[tuple[int, str | None]]], formula: Formula
) -> None:
    meter = MeterDefinition("mtr", formula)
    together, singly = Tally(meter, 0, DAY), Tally(meter, 0, DAY)
    for position, batch in enumerate(batches, start=9):
        records = [CountedRecord(Raw(), "mtr", "cus", DAY // 2 - n, v) for n, v in batch]
        gaps = itertools.accumulate(1 + n % 3 for n, _ in batch)
        for ordinals in (range(len(batch)), list(gaps)):
            together.add_all(position, ordinals, records)
            for ordinal, record in zip(ordinals, records, strict=True):
                singly.add(MeteredEvent(position, ordinal, record.timestamp, record.value))
    assert together.result() == singly.result()


@pytest.mark.parametrize("altered", ["", "1,2", "1],[2", "five", "1 2", "[1]", "null"])
def test_a_value_that_is_no_number_never_counts_as_some(altered: str) -> None:
    counting = Tally(MeterDefinition("mtr", "sum"), 0, DAY)
    records = [CountedRecord(Raw(), "mtr", "cus", 0, value) for value in ("1", altered)]
    if altered:
        with pytest.raises(InvalidOperation):
            counting.add_all(1, range(2), records)
    else:
        counting.add_all(1, range(2), records)
        assert counting.result().quantity == 1


def test_times_become_exact_microseconds() -> None:
    assert to_microseconds(datetime(2023, 11, 16, 18, 17, 3, 979960, UTC)) == 1700158623979960
