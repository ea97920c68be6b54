"""Subscriptions that are paused and go on, and collections that are.

January 2024 has 31 days: 21 are left on the 11th. February has 29: 19 are left on the 11th.
"""

import pytest
from stripe import Price

from tests.journeys.lives.living import Amounts, Life
from tests.support.sdk import HOUR, at

JANUARY_11, FEBRUARY, FEBRUARY_11, MARCH, MARCH_11, APRIL = (
    at(f"2024-{day}") for day in ("01-11", "02-01", "02-11", "03-01", "03-11", "04-01")
)


def paused(life: Life, **asked: object) -> tuple[Price, Price]:
    """A seat at 3100 and 100 tokens, paused on the 11th of January; 40 tokens are used then."""
    seat, tokens = life.shop.seat(3_100), life.usage_price("1")
    life.subscribe(seat, tokens)
    life.use(100)
    life.advance(JANUARY_11)
    told = life.client.v1.subscriptions.pause(life.subscription, {"type": "subscription", **asked})  # type: ignore[typeddict-item]
    assert told.status == "paused"
    life.use(40)
    return seat, tokens


def test_a_pause_and_a_new_beginning(life: Life) -> None:
    paused(life)
    life.advance(FEBRUARY_11)
    assert len(life.invoices()) == 1  # no period ended
    resumed = life.client.v1.subscriptions.resume(life.subscription)
    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", FEBRUARY_11)
    [_, again] = life.invoices()
    # A new seat from today, usage before the pause, and 21/31 of the old seat back
    assert life.amounts(again) == [("1", 3_100), ("100", 100), ("1", -2_100)]
    life.use(7)
    assert life.amounts(life.close(MARCH_11)) == [("1", 3_100), ("7", 7)]
    assert life.unbilled() == {"paused": 1}


def test_a_pause_within_the_periods_that_go_on(life: Life) -> None:
    paused(life)
    life.advance(FEBRUARY_11)
    life.client.v1.subscriptions.resume(
        life.subscription, {"billing_cycle_anchor": {"type": "unchanged"}}
    )
    assert len(life.invoices()) == 1
    life.use(7)
    march = life.close(MARCH)
    assert life.amounts(march) == [
        ("1", 3_100),  # March
        ("100", 100),  # before the pause
        ("7", 7),  # since
        ("1", -2_100),  # 21/31 of January
        ("1", 2_031),  # 19/29 of February: 3100 x 19 / 29 = 2031.03
    ]


@pytest.mark.parametrize(
    ("asked", "at_once", "later"),
    [
        ({"invoicing_behavior": "invoice"}, [("100", 100), ("1", -2_100)], []),
        (
            {"bill_for": {"unused_time_from": {"type": "none"}}, "invoicing_behavior": "invoice"},
            [("100", 100)],
            [],
        ),
        (
            {"bill_for": {"outstanding_usage_through": {"type": "none"}}},
            None,
            [("1", -2_100)],
        ),
        (
            {"bill_for": {"unused_time_from": {"type": "item_current_period_start"}}},
            None,
            [("100", 100), ("1", -3_100)],
        ),
    ],
)
def test_what_a_pause_bills(
    life: Life, asked: dict[str, object], at_once: Amounts | None, later: Amounts
) -> None:
    paused(life, **asked)
    _, *invoices = life.invoices()
    assert [life.amounts(one) for one in invoices] == ([] if at_once is None else [at_once])
    life.advance(FEBRUARY_11)
    life.client.v1.subscriptions.resume(life.subscription)
    assert life.amounts(life.invoices()[-1]) == [("1", 3_100), *later]


def test_a_collection_that_is_paused_keeps_drafts(life: Life) -> None:
    seat = life.shop.seat(1_000)
    life.subscribe(seat)
    life.change(pause_collection={"behavior": "keep_as_draft", "resumes_at": FEBRUARY_11})
    life.advance(FEBRUARY + HOUR)
    [_, february] = life.invoices()
    assert (february.status, february.total, february.auto_advance) == ("draft", 1_000, False)
    life.advance(FEBRUARY_11)
    march = life.close(MARCH)
    assert (march.status, march.total) == ("open", 1_000)
    assert life.client.v1.invoices.finalize_invoice(february.id).total == 1_000


@pytest.mark.parametrize(
    ("behavior", "status"), [("void", "void"), ("mark_uncollectible", "uncollectible")]
)
def test_invoices_of_a_paused_collection(life: Life, behavior: str, status: str) -> None:
    life.subscribe(life.shop.seat(1_000))
    life.change(pause_collection={"behavior": behavior})
    life.advance(FEBRUARY + HOUR)
    assert [one.status for one in life.invoices()] == ["open", status]
    life.change(pause_collection="")
    assert life.close(MARCH).status == "open"
