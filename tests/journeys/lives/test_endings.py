"""Subscriptions that end: at a period's end, midway, at once, with and without a last invoice.

January 2024 has 31 days; 21 of them are left on the 11th, 11 on the 21st.
"""

import pytest
from stripe import Price

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import HOUR, at

JANUARY_11, JANUARY_21, FEBRUARY, MARCH = (
    at(f"2024-{day}") for day in ("01-11", "01-21", "02-01", "03-01")
)


def seats_and_tokens(life: Life) -> tuple[Price, Price]:
    """A seat at 3100 and 250 tokens at 1, by the 11th of January."""
    seat, tokens = life.shop.seat(3_100), life.usage_price("1")
    life.subscribe(seat, tokens)
    life.use(250)
    life.advance(JANUARY_11)
    return seat, tokens


def test_at_the_period_end_the_usage_is_billed_and_nothing_ahead(life: Life) -> None:
    seats_and_tokens(life)
    life.change(cancel_at_period_end=True)
    life.use(50)
    assert life.amounts(life.close(FEBRUARY)) == [("300", 300)]
    ended = life.client.v1.subscriptions.retrieve(life.subscription)
    assert (ended.status, ended.ended_at) == ("canceled", FEBRUARY)
    life.advance(MARCH + HOUR)
    assert len(life.invoices()) == 2


def test_an_end_that_is_withdrawn(life: Life) -> None:
    seats_and_tokens(life)
    life.change(cancel_at_period_end=True)
    life.change(cancel_at_period_end=False)
    assert life.amounts(life.close(FEBRUARY)) == [("1", 3_100), ("250", 250)]


def test_an_end_midway_gives_back_the_rest_of_the_seat(life: Life) -> None:
    seats_and_tokens(life)
    life.change(cancel_at=JANUARY_21)
    last = life.close(JANUARY_21)
    assert life.amounts(last) == [("250", 250), ("1", -1_100)]  # 11/31 of 3100
    assert (last.total, life.balance()) == (-850, -850)


def test_an_end_midway_without_prorations(life: Life) -> None:
    seats_and_tokens(life)
    life.change(cancel_at=JANUARY_21, proration_behavior="none")
    assert life.amounts(life.close(JANUARY_21)) == [("250", 250)]


def test_an_end_that_is_known_from_the_start_is_charged_to_it(life: Life) -> None:
    seat = life.shop.seat(3_100)
    life.subscribe(seat, cancel_at=JANUARY_21)
    [first] = life.invoices()
    assert life.amounts(first) == [("1", 2_000)]  # 20/31 of 3100
    life.change(cancel_at="")  # it goes on: 11/31 more
    assert life.amounts(life.close(FEBRUARY)) == [("1", 3_100), ("1", 1_100)]


@pytest.mark.parametrize(
    ("invoice_now", "prorate", "billed", "unbilled"),
    [
        (False, False, None, {"canceled_without_invoice": 1}),
        (True, False, [("250", 250)], {}),
        (False, True, None, {"canceled_without_invoice": 1}),
        (True, True, [("250", 250), ("1", -2_100)], {}),  # 21/31 of 3100 back
    ],
)
def test_at_once(
    life: Life,
    invoice_now: bool,
    prorate: bool,
    billed: Amounts | None,
    unbilled: dict[str, int],
) -> None:
    seats_and_tokens(life)
    asked = {"invoice_now": invoice_now, "prorate": prorate}
    ended = life.client.v1.subscriptions.cancel(life.subscription, asked)  # type: ignore[arg-type]
    assert (ended.status, ended.ended_at) == ("canceled", JANUARY_11)
    life.advance(FEBRUARY + HOUR)
    _, *last = life.invoices()
    assert [life.amounts(one) for one in last] == ([] if billed is None else [billed])
    assert life.balance() == (-1_850 if invoice_now and prorate else 0)
    assert life.unbilled() == unbilled
    waiting = life.client.v1.invoice_items.list({"customer": life.customer, "pending": True})
    given_back = [-2_100] if prorate and not invoice_now else []
    assert [item.amount for item in waiting.data] == given_back


def test_what_an_ended_subscription_gives_back_lowers_the_next_one(life: Life) -> None:
    seats_and_tokens(life)
    life.client.v1.subscriptions.cancel(life.subscription, {"prorate": True})
    life.subscribe(life.shop.seat(5_000))
    # 5000 for January 11 to February 11, less 21/31 of 3100 of the subscription before
    assert life.amounts(life.invoices()[-1]) == [("1", 5_000), ("1", -2_100)]
