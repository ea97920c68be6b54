"""Periods by the calendar: backdated, anchored on days that not every month has, and long ones."""

from datetime import UTC, datetime

import pytest
from stripe import Invoice

from tests.journeys.lives.conftest import Begin
from tests.journeys.lives.living import Life
from tests.support.sdk import DAY, at

_ENDS = """
2023-02-28 2023-03-31 2023-04-30 2023-05-31 2023-06-30 2023-07-31 2023-08-31
2023-09-30 2023-10-31 2023-11-30 2023-12-31 2024-01-31 2024-02-29
"""
"""The ends of the months that begin on January 31."""


def days(invoice: Invoice) -> tuple[str, str]:
    """The days on which an invoice's period begins and ends."""
    ends = (invoice.period_start, invoice.period_end)
    start, end = (datetime.fromtimestamp(one, UTC).date().isoformat() for one in ends)
    return start, end


def test_backdated_flexibly_each_past_period_has_its_line(begin: Begin) -> None:
    life = begin("2024-01-15")
    for value, moment in ((10, "2024-01-15"), (20, "2024-02-29T23:59:59"), (30, "2024-03-01")):
        life.advance(at(moment) + 1)
        life.use(value, at(moment))
    life.advance(at("2024-04-16"))
    life.use(40, at("2024-04-10"))
    seat, tokens = life.shop.seat(3_000), life.usage_price("2")
    life.subscribe(seat, tokens, backdate_start_date=at("2024-01-01"))
    [first] = life.invoices()
    assert life.amounts(first) == [
        *[("1", 3_000)] * 4,  # January to April
        ("10", 20),
        ("20", 40),
        ("30", 60),
    ]
    assert life.amounts(life.close(at("2024-05-01"))) == [("1", 3_000), ("40", 80)]


def test_backdated_in_classic_mode_the_past_is_a_stub(begin: Begin) -> None:
    life = begin("2024-04-01")
    life.use(10, at("2024-03-25"))
    seat, tokens = life.shop.seat(3_100), life.usage_price("2")
    life.subscribe(
        seat,
        tokens,
        backdate_start_date=at("2024-03-22"),
        billing_mode={"type": "classic"},
    )
    [first] = life.invoices()
    # 10 days of the 31 from March 1 to April 1, then April; the usage of those days
    assert life.amounts(first) == [("1", 1_000), ("1", 3_100), ("10", 20)]
    assert life.amounts(life.close(at("2024-05-01"))) == [("1", 3_100), ("0", 0)]


def test_a_year_from_the_31st_of_january(begin: Begin) -> None:
    life = begin("2023-01-31T10:00:00")
    life.subscribe(life.usage_price("1"))
    ends = _ENDS.split()
    for number, end in enumerate(ends, start=1):
        moment = at(f"{end}T10:00:00")
        life.advance(moment)
        life.use(100 * number, moment - 1)  # the last second of the period
        life.use(number, moment)  # the first of the next one
    life.advance(at("2024-02-29T11:00:00"))
    assert [days(one)[1] for one in life.invoices()] == ends
    # n x 100 in the period's last second, and n - 1 from its first
    assert [one.total for one in life.invoices()] == [101 * n - 1 for n in range(1, 14)]


def test_months_from_the_29th_of_february(begin: Begin) -> None:
    life = begin("2024-02-29")
    life.subscribe(life.shop.seat(100))
    for month in ("2024-04-29", "2024-06-29", "2024-08-29", "2024-10-29", "2024-12-29"):
        life.advance(at(month))
    life.advance(at("2025-02-28"))
    life.close(at("2025-03-29"))
    ends = [days(one)[1] for one in life.invoices()[1:]]
    assert ends[-4:] == ["2024-12-29", "2025-01-29", "2025-02-28", "2025-03-29"]
    assert len(ends) == 13


def test_years_from_the_29th_of_february(begin: Begin) -> None:
    life = begin("2024-02-29")
    life.subscribe(life.shop.seat(36_600, recurring={"interval": "year"}))
    for year in ("2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"):
        life.close(at(year))
    assert [days(one) for one in life.invoices()[1:]] == [
        ("2024-02-29", "2025-02-28"),
        ("2025-02-28", "2026-02-28"),
        ("2026-02-28", "2027-02-28"),
        ("2027-02-28", "2028-02-29"),
    ]


def test_the_last_day_of_every_month_by_configuration(life: Life) -> None:
    life.subscribe(
        life.shop.seat(3_100),
        life.usage_price("1"),
        billing_cycle_anchor_config={"day_of_month": 31, "hour": 0, "minute": 0, "second": 0},
    )
    [first] = life.invoices()
    # December 31 to January 31, of which the first day is over: 3100 x 30/31
    assert life.amounts(first) == [("1", 3_000)]
    for end in ("2024-01-31", "2024-02-29", "2024-03-31"):
        assert life.amounts(life.close(at(end))) == [("1", 3_100), ("0", 0)]


@pytest.mark.parametrize(
    ("interval", "count", "start", "ends"),
    [
        ("day", 3, "2024-02-27", ("2024-03-01", "2024-03-04")),
        ("week", 2, "2023-12-25", ("2024-01-08", "2024-01-22")),
        ("month", 5, "2023-09-30", ("2024-02-29", "2024-07-30")),
        ("month", 18, "2023-08-31", ("2025-02-28", "2026-08-31")),
        ("year", 2, "2024-02-29", ("2026-02-28", "2028-02-29")),
    ],
)
def test_periods_of_several(
    begin: Begin, interval: str, count: int, start: str, ends: tuple[str, ...]
) -> None:
    life = begin(start)
    rhythm = {"interval": interval, "interval_count": count}
    metered = {**rhythm, "usage_type": "metered", "meter": life.shop.meter.id}
    life.subscribe(life.shop.seat(500, recurring=rhythm), life.usage_price("3", recurring=metered))
    for end in ends:
        life.advance(at(end) - DAY)
        life.use(4)
        closed = life.close(at(end))
        assert (days(closed)[1], life.amounts(closed)) == (end, [("1", 500), ("4", 12)])
