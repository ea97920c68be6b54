"""Prices of usage that change midway, items that come and go, months beside years."""

from typing import Any

import pytest
from stripe import Price

from tests.journeys.lives.conftest import Begin
from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import DAY, HOUR, at

JANUARY, JANUARY_11, JANUARY_21, FEBRUARY, MARCH = (
    at(f"2024-{day}") for day in ("01-01", "01-11", "01-21", "02-01", "03-01")
)


def graduated(life: Life, first: int, then: int) -> Price:
    """100 units at one amount, more at another."""
    tiers: list[dict[str, Any]] = [
        {"up_to": 100, "unit_amount": first},
        {"up_to": "inf", "unit_amount": then},
    ]
    return life.usage_price(None, billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)


@pytest.mark.parametrize(
    ("mode", "billed", "unbilled"),
    [
        # Each stretch enters the tiers anew: 100 x 2 + 50 x 1, and 100 x 4 + 60 x 3
        ("flexible", [("150", 250), ("160", 580)], {}),
        # What was used before the price was set is not billed
        ("classic", [("160", 580)], {"classic_price_change": 1}),
    ],
)
def test_a_price_that_changes_midway(
    life: Life, mode: str, billed: Amounts, unbilled: dict[str, int]
) -> None:
    old, new = graduated(life, 2, 1), graduated(life, 4, 3)
    life.subscribe(old, billing_mode={"type": mode})
    life.advance(JANUARY_11)
    life.use(150, at=JANUARY_11 - 1)
    life.change({"id": life.item(old).id, "price": new.id})
    life.use(100)
    life.advance(JANUARY_21)
    life.use(60)
    january = life.close(FEBRUARY)
    assert life.amounts(january) == billed
    periods = [(line.period.start, line.period.end) for line in life.lines(january)]
    assert periods == [(JANUARY, JANUARY_11), (JANUARY_11, FEBRUARY)][-len(billed) :]
    assert life.unbilled() == unbilled
    assert life.amounts(life.close(MARCH)) == [("0", 0)]


def test_usage_reported_late_counts_at_the_price_of_its_time(life: Life) -> None:
    old, new = life.usage_price("1"), life.usage_price("10")
    life.subscribe(old)
    life.advance(JANUARY_11)
    life.change({"id": life.item(old).id, "price": new.id})
    life.advance(JANUARY_21)
    life.use(5, at=JANUARY_11 - DAY)
    life.use(5)
    assert life.amounts(life.close(FEBRUARY)) == [("5", 5), ("5", 50)]


def test_the_minimum_of_each_stretch_is_its_share(life: Life) -> None:
    old, new = life.usage_price("1", minimum_charge=3_100), life.usage_price("2", minimum_charge=62)
    life.subscribe(old)
    life.advance(JANUARY_11)
    life.change({"id": life.item(old).id, "price": new.id})
    life.use(100)
    # 10/31 of 3100; 100 x 2 is more than 21/31 of 62
    assert life.amounts(life.close(FEBRUARY)) == [("0", 1_000), ("100", 200)]


@pytest.mark.parametrize(
    ("mode", "behavior", "billed", "unbilled"),
    [
        ("flexible", "create_prorations", [("1", 3_100), ("40", 40)], {}),
        ("flexible", "none", [("1", 3_100)], {"item_removed": 1}),
        ("classic", "create_prorations", [("1", 3_100)], {"item_removed": 1}),
    ],
)
def test_an_item_of_usage_that_goes(
    life: Life, mode: str, behavior: str, billed: Amounts, unbilled: dict[str, int]
) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("1")
    life.subscribe(seat, tokens, billing_mode={"type": mode})
    life.use(40)
    life.advance(JANUARY_11)
    life.change({"id": life.item(tokens).id, "deleted": True}, proration_behavior=behavior)
    assert life.amounts(life.close(FEBRUARY)) == billed
    assert life.unbilled() == unbilled


def test_items_that_come_and_go(life: Life) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("1")
    support = life.shop.seat(6_200)
    life.subscribe(seat)
    life.use(500)  # nothing bills it: there is no item of it yet
    life.advance(JANUARY_11)
    life.change({"price": tokens.id}, {"price": support.id})
    life.use(30)
    life.advance(JANUARY_21)
    life.change({"id": life.item(seat).id, "deleted": True})
    january = life.close(FEBRUARY)
    assert life.amounts(january) == [
        ("30", 30),  # tokens
        ("1", 6_200),  # support, February
        ("1", 4_200),  # support: 21/31
        ("1", -1_100),  # seat: 11/31 back
    ]
    assert life.unbilled() == {"no subscription": 1}


def test_usage_that_is_cleared(life: Life) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("1")
    life.subscribe(seat, tokens)
    life.use(40)
    life.advance(JANUARY_11)
    life.change({"id": life.item(tokens).id, "clear_usage": True})
    life.use(2)
    assert life.amounts(life.close(FEBRUARY)) == [("1", 3_100), ("2", 2)]
    assert life.unbilled() == {"usage_cleared": 1}


def test_tokens_by_the_month_and_a_seat_by_the_year(begin: Begin) -> None:
    life = begin("2024-01-01")
    seat = life.shop.seat(36_600, recurring={"interval": "year"})
    life.subscribe(seat, life.usage_price("2"))
    boundaries = [at(f"2024-{month:02}-01") for month in range(2, 13)] + [at("2025-01-01")]
    for month, boundary in enumerate(boundaries, start=1):
        life.use(month)
        if month == 7:  # July 1: 184 days of 366 are left, 18400 of each 36600
            life.change({"id": life.item(seat).id, "quantity": 2})
        life.advance(boundary)
    life.advance(boundaries[-1] + HOUR)
    first, *months = life.invoices()
    assert life.amounts(first) == [("1", 36_600)]
    billed = [life.amounts(one) for one in months]
    assert billed[:6] == [[(str(n), 2 * n)] for n in range(1, 7)]
    assert billed[6] == [("7", 14), ("1", -18_400), ("2", 36_800)]
    assert billed[7:11] == [[(str(n), 2 * n)] for n in range(8, 12)]
    assert billed[11] == [("2", 73_200), ("12", 24)]


def test_a_classic_subscription_that_goes_over_to_years(life: Life) -> None:
    monthly = life.shop.seat(3_100)
    yearly = life.shop.seat(31_000, recurring={"interval": "year"})
    began = life.subscribe(monthly, billing_mode={"type": "classic"})
    life.advance(JANUARY_11)
    changed = life.change({"id": began["items"].data[0].id, "price": yearly.id})
    assert changed.billing_cycle_anchor == JANUARY_11
    # The year from today, and 21/31 of the month back
    assert life.amounts(life.invoices()[-1]) == [("1", 31_000), ("1", -2_100)]
    assert life.amounts(life.close(at("2025-01-11"))) == [("1", 31_000)]
