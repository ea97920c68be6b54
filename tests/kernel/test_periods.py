"""Billing cycles: boundaries counted from the anchor, periods that tile time."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.periods import Cycle, Interval, Period
from tests.support.reference_calendar import moved

MONTHS_AHEAD = 48


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def every_anchor_day() -> list[datetime]:
    """Every day of a leap year and of the year after it, at an odd time of day."""
    return [utc("2024-01-01T13:37:11") + timedelta(days=n) for n in range(366 + 365)]


@pytest.mark.parametrize(
    ("anchor", "interval", "count", "boundaries"),
    [
        ("2023-01-31", "month", 1, ["2023-02-28", "2023-03-31", "2023-04-30", "2023-05-31"]),
        ("2024-01-31", "month", 1, ["2024-02-29", "2024-03-31"]),
        ("2023-01-30", "month", 1, ["2023-02-28", "2023-03-30"]),
        ("2023-02-28", "month", 1, ["2023-03-28", "2023-04-28"]),
        ("2023-11-30", "month", 3, ["2024-02-29", "2024-05-30"]),
        ("2023-12-31", "month", 2, ["2024-02-29", "2024-04-30", "2024-06-30", "2024-08-31"]),
        ("2024-02-29", "year", 1, ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]),
        ("2096-02-29", "year", 4, ["2100-02-28", "2104-02-29"]),
        ("2024-02-25", "week", 1, ["2024-03-03", "2024-03-10"]),
        ("2024-03-30T23:30:00", "day", 1, ["2024-03-31T23:30:00", "2024-04-01T23:30:00"]),
        ("2024-12-30", "day", 3, ["2025-01-02", "2025-01-05"]),
    ],
)
def test_boundaries_are_counted_from_the_anchor(
    anchor: str, interval: Interval, count: int, boundaries: list[str]
) -> None:
    cycle = Cycle(utc(anchor), interval, count)
    assert cycle.boundary(0) == utc(anchor)
    assert [cycle.boundary(n + 1) for n in range(len(boundaries))] == list(map(utc, boundaries))


def test_boundaries_before_the_anchor_keep_its_day() -> None:
    cycle = Cycle(utc("2024-03-31"), "month")
    assert [cycle.boundary(-1), cycle.boundary(-2)] == [utc("2024-02-29"), utc("2024-01-31")]


@pytest.mark.parametrize("anchor", every_anchor_day()[::61], ids=str)
@pytest.mark.parametrize("interval", get_args(Interval))
@pytest.mark.parametrize("count", [1, 3])
def test_every_instant_lies_in_the_one_period_that_begins_before_it(
    anchor: datetime, interval: Interval, count: int
) -> None:
    cycle = Cycle(anchor, interval, count)
    for n in range(-5, 6):
        period = Period(cycle.boundary(n), cycle.boundary(n + 1))
        inside = [period.start, period.start + period.length / 2, period.end - timedelta(seconds=1)]
        assert [cycle.period_at(t) for t in inside] == [period] * 3
        assert [cycle.number_at(t) for t in inside] == [n] * 3


@pytest.mark.parametrize("month", range(1, 13))
def test_monthly_periods_tile_48_months_from_every_day(month: int) -> None:
    for anchor in (a for a in every_anchor_day() if a.month == month):
        cycle = Cycle(anchor, "month")
        end = cycle.boundary(MONTHS_AHEAD)
        periods = list(cycle.periods_between(anchor, end))
        assert len(periods) == MONTHS_AHEAD
        assert (periods[0].start, periods[-1].end) == (anchor, end)
        assert all(a.end == b.start for a, b in pairwise(periods))
        for period in periods:
            assert period.end.day == min(anchor.day, _last_day(period.end))
            assert period.end.time() == anchor.time()


def test_a_start_between_boundaries_begins_with_a_stub() -> None:
    cycle = Cycle(utc("2024-03-01"), "month")
    assert list(cycle.periods_between(utc("2024-01-10"), utc("2024-03-31"))) == [
        Period(utc("2024-01-10"), utc("2024-02-01")),
        Period(utc("2024-02-01"), utc("2024-03-01")),
    ]
    assert cycle.period_at(utc("2024-01-20"), since=utc("2024-01-10")) == Period(
        utc("2024-01-10"), utc("2024-02-01")
    )


def test_the_period_that_is_still_running_is_not_complete() -> None:
    cycle = Cycle(utc("2024-01-01"), "month")
    assert list(cycle.periods_between(utc("2024-01-01"), utc("2024-01-31T23:59:59"))) == []
    assert len(list(cycle.periods_between(utc("2024-01-01"), utc("2024-02-01")))) == 1


def test_an_instant_before_the_start_has_no_period() -> None:
    with pytest.raises(ValueError, match="lies before"):
        Cycle(utc("2024-01-01"), "day").period_at(utc("2024-01-01"), since=utc("2024-01-02"))


def test_times_of_other_zones_are_the_same_instants() -> None:
    east = timezone(timedelta(hours=9))
    cycle = Cycle(datetime(2024, 2, 1, 8, 0, tzinfo=east), "month")
    assert cycle.anchor == utc("2024-01-31T23:00:00")
    assert cycle.boundary(1) == utc("2024-02-29T23:00:00")
    assert cycle.period_at(datetime(2024, 3, 1, 7, 59, tzinfo=east)).end == utc("2024-02-29T23:00")


def test_a_period_holds_its_start_and_not_its_end() -> None:
    period = Period(utc("2024-01-01"), utc("2024-02-01"))
    assert period.start in period
    assert period.end not in period


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Period(utc("2024-01-02"), utc("2024-01-01"))
    with pytest.raises(ValueError, match="time zone"):
        Period(datetime(2024, 1, 1), datetime(2024, 1, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="time zone"):
        Cycle(datetime(2024, 1, 1), "day")  # noqa: DTZ001
    with pytest.raises(ValueError, match="at least one"):
        Cycle(utc("2024-01-01"), "day", 0)


@given(
    st.integers(315_532_800, 4_733_510_400),
    st.sampled_from(get_args(Interval)),
    st.integers(1, 40),
    st.integers(-40, 40),
)
def test_boundaries_agree_with_the_reference_calendar(
    anchor: int, interval: Interval, count: int, n: int
) -> None:
    boundary = Cycle(datetime.fromtimestamp(anchor, UTC), interval, count).boundary(n)
    assert int(boundary.timestamp()) == moved(anchor, interval, n * count)


def _last_day(t: datetime) -> int:
    return ((t.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
