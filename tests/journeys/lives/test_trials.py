"""Trials: nothing is billed, then periods begin at their end."""

import pytest

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import DAY, at

JANUARY_8, FEBRUARY_8, MARCH_8 = at("2024-01-08"), at("2024-02-08"), at("2024-03-08")


@pytest.mark.parametrize(
    ("mode", "opening"),
    # A classic subscription opens with an invoice of nothing
    [("flexible", []), ("classic", [[("0", 0), ("0", 0)]])],
)
def test_seven_days_and_then_it_is_billed(life: Life, mode: str, opening: list[Amounts]) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("2")
    began = life.subscribe(seat, tokens, trial_period_days=7, billing_mode={"type": mode})
    assert (began.status, began.trial_end) == ("trialing", JANUARY_8)
    assert [life.amounts(one) for one in life.invoices()] == opening
    life.use(1_000)
    life.advance(JANUARY_8 - DAY)
    first = life.close(JANUARY_8)
    assert (first.billing_reason, first.total) == ("subscription_cycle", 3_100)
    now = life.client.v1.subscriptions.retrieve(life.subscription)
    assert (now.status, now.billing_cycle_anchor) == ("active", JANUARY_8)
    life.use(50)
    assert life.amounts(life.close(FEBRUARY_8)) == [("1", 3_100), ("50", 100)]
    assert life.unbilled() == {"trial": 1}


def test_a_trial_that_ends_now(life: Life) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("2")
    life.subscribe(seat, tokens, trial_end=FEBRUARY_8)
    life.use(1_000)
    life.advance(JANUARY_8)
    life.change(trial_end="now")
    [first] = life.invoices()
    assert (life.amounts(first), first.status) == ([("1", 3_100)], "open")
    assert life.amounts(life.close(FEBRUARY_8)) == [("1", 3_100), ("0", 0)]


def test_a_trial_that_is_made_longer_and_is_canceled_in_it(life: Life) -> None:
    seat, tokens = life.shop.seat(3_100), life.usage_price("2")
    life.subscribe(seat, tokens, trial_period_days=7)
    life.change(trial_end=FEBRUARY_8)
    life.use(5)
    life.advance(JANUARY_8 + DAY)
    assert life.invoices() == []
    life.client.v1.subscriptions.cancel(life.subscription, {"invoice_now": True, "prorate": True})
    assert [one.total for one in life.invoices()] == []
    assert life.unbilled() == {"trial": 1}


def test_more_seats_on_trial_cost_nothing_before_its_end(life: Life) -> None:
    seat = life.shop.seat(3_100)
    life.subscribe(seat, trial_period_days=7)
    life.advance(JANUARY_8 - DAY)
    life.change({"id": life.item(seat).id, "quantity": 4})
    assert life.amounts(life.close(JANUARY_8)) == [("4", 12_400)]
    life.advance(FEBRUARY_8 - 10 * DAY)
    life.change({"id": life.item(seat).id, "quantity": 3})
    # 10 of 31 days: 4 x 1000 back, 3 x 1000
    assert life.amounts(life.close(FEBRUARY_8)) == [("3", 9_300), ("4", -4_000), ("3", 3_000)]
    assert life.amounts(life.close(MARCH_8)) == [("3", 9_300)]
