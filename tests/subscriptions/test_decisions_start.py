"""Starting a subscription: what goes together, when its periods run, what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from ledger.customers.events import CustomerDeleted, CustomerSubscribed
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import ItemRequest
from ledger.subscriptions.events import SubscriptionStarted
from tests.support.billing_ledger import BillingLedger, at, of_type, subscription_request


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-16")
    made.meter()
    made.price("price_tokens", "4", meter="mtr_tokens")
    made.price("price_seat", "1000")
    made.price("price_yearly", interval="year")
    made.price("price_quarterly", count=3)
    made.price("price_euro", currency="eur")
    made.price("price_archived", active=False)
    made.price("price_once", recurring=None)
    return made


def started(ledger: BillingLedger, *prices: str, **fields: Any) -> SubscriptionStarted:
    [(stream, event)] = of_type(ledger.subscribe(*prices, **fields), SubscriptionStarted)
    assert stream == "sub_a"
    return event


def test_an_item_is_metered_or_has_a_quantity(ledger: BillingLedger) -> None:
    event = started(ledger, "price_tokens", "price_seat")
    tokens, seat = event.items
    assert (tokens.meter, tokens.quantity) == ("mtr_tokens", None)
    assert (seat.meter, seat.quantity) == (None, 1)
    assert (event.currency, event.interval, event.interval_count) == ("usd", "month", 1)


def test_the_customer_is_told_of_the_subscription(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens")
    assert of_type(facts, CustomerSubscribed) == [
        ("cus_a", CustomerSubscribed(subscription="sub_a", currency="usd"))
    ]


@pytest.mark.parametrize(
    ("mode", "anchor", "backdate", "begins", "anchored", "current"),
    [
        ("flexible", None, None, "2026-01-16", "2026-01-16", ("2026-01-16", "2026-02-16")),
        ("flexible", "2026-02-01", None, "2026-01-16", "2026-02-01", ("2026-01-16", "2026-02-01")),
        ("flexible", None, "2026-01-01", "2026-01-01", "2026-01-01", ("2026-01-01", "2026-02-01")),
        ("classic", None, "2026-01-01", "2026-01-01", "2026-01-16", ("2026-01-16", "2026-02-16")),
        ("flexible", None, "2025-10-31", "2025-10-31", "2025-10-31", ("2025-12-31", "2026-01-31")),
        (
            "flexible",
            "2026-01-10",
            "2026-01-01",
            "2026-01-01",
            "2026-01-10",
            ("2026-01-10", "2026-02-10"),
        ),
        (
            "classic",
            "2026-02-01",
            "2026-01-05",
            "2026-01-05",
            "2026-02-01",
            ("2026-01-05", "2026-02-01"),
        ),
    ],
)
def test_periods_run_from_the_anchor(
    ledger: BillingLedger,
    mode: str,
    anchor: str | None,
    backdate: str | None,
    begins: str,
    anchored: str,
    current: tuple[str, str],
) -> None:
    event = started(
        ledger,
        "price_tokens",
        billing_mode=mode,
        billing_cycle_anchor=at(anchor) if anchor else None,
        backdate_start_date=at(backdate) if backdate else None,
    )
    assert (event.start_date, event.billing_cycle_anchor) == (at(begins), at(anchored))
    assert event.periods[0].period == Period(at(current[0]), at(current[1]))
    assert event.created == at("2026-01-16")


def test_a_subscription_starts_at_a_whole_second(ledger: BillingLedger) -> None:
    ledger.now = datetime(2026, 1, 16, 10, 20, 30, 987_654, UTC)
    assert started(ledger, "price_tokens").created == datetime(2026, 1, 16, 10, 20, 30, 0, UTC)


def test_a_customer_on_a_test_clock_starts_on_its_time(ledger: BillingLedger) -> None:
    ledger.clock("clock_1", "2023-11-16")
    ledger.customer("cus_clock", clock="clock_1")
    event = started(
        ledger, "price_tokens", customer="cus_clock", backdate_start_date=at("2023-11-01")
    )
    assert (event.test_clock, event.created) == ("clock_1", at("2023-11-16"))
    assert event.periods[0].period == Period(at("2023-11-01"), at("2023-12-01"))


def test_an_end_of_period_is_an_end_at_a_time(ledger: BillingLedger) -> None:
    event = started(ledger, "price_tokens", cancel_at_period_end=True)
    assert event.cancel_at == at("2026-02-16")


def items(*prices: str, quantity: int | None = None) -> dict[str, Any]:
    return {
        "items": tuple(
            ItemRequest(id=f"si_{i}", price=price, quantity=quantity)
            for i, price in enumerate(prices)
        )
    }


@pytest.mark.parametrize(
    ("fields", "param", "says"),
    [
        ({"customer": "cus_unknown"}, "customer", "No such customer: 'cus_unknown'"),
        (items(), "items", "Missing required param: items."),
        (items("price_unknown"), "items[0][price]", "No such price: 'price_unknown'"),
        (items("price_tokens", quantity=5), "items[0][quantity]", "should not be specified"),
        (items("price_seat", quantity=-1), "items[0][quantity]", "greater than or equal to 0"),
        (items("price_seat", quantity=2**63), "items[0][quantity]", "64-bit"),
        (items("price_tokens", "price_archived"), "items[1][price]", "inactive"),
        (items("price_tokens", "price_once"), "items[1][price]", "type=recurring"),
        (
            {"billing_mode": "classic", **items("price_tokens", "price_yearly")},
            "items[1][price]",
            "recurring[interval]",
        ),
        (
            {"billing_mode": "classic", **items("price_tokens", "price_quarterly")},
            "items[1][price]",
            "recurring[interval_count]",
        ),
        (items("price_tokens", "price_euro"), "items[1][price]", "one currency"),
        (items("price_seat", "price_seat"), "items[1][price]", "same price"),
        (items(*(f"price_{i}" for i in range(101))), "items", "at most 100"),
        ({"currency": "eur"}, "items[0][price]", "the subscription is in eur"),
        ({"backdate_start_date": at("2026-01-17")}, "backdate_start_date", "in the past"),
        ({"billing_cycle_anchor": at("2026-01-15")}, "billing_cycle_anchor", "in the future"),
        (
            {
                "billing_cycle_anchor": at("2025-12-31"),
                "backdate_start_date": at("2026-01-01"),
            },
            "billing_cycle_anchor",
            "no earlier than the backdate_start_date",
        ),
        (
            {"billing_cycle_anchor": at("2026-02-16T00:01")},
            "billing_cycle_anchor",
            "next natural billing date (1771200000)",
        ),
        ({"cancel_at": at("2026-01-16")}, "cancel_at", "in the future"),
        (
            {"cancel_at": at("2026-03-01"), "cancel_at_period_end": True},
            "cancel_at",
            "only specify one",
        ),
        ({"collection_method": "send_invoice"}, "days_until_due", "Missing required param"),
        ({"days_until_due": 30}, "days_until_due", "send_invoice"),
        (
            {"collection_method": "send_invoice", "days_until_due": -1},
            "days_until_due",
            "from 0",
        ),
        ({"metadata": {str(i): "x" for i in range(51)}}, "metadata", "50 keys"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    ledger: BillingLedger, fields: dict[str, Any], param: str, says: str
) -> None:
    refusal = ledger.refused(subscription_request("price_tokens", **fields))
    assert refusal.param == param
    assert says in refusal.message


def test_a_deleted_customer_cannot_subscribe(ledger: BillingLedger) -> None:
    ledger.given("cus_a", CustomerDeleted(deleted_at=ledger.now))
    refusal = ledger.refused(subscription_request("price_tokens"))
    assert (refusal.message, refusal.param) == ("No such customer: 'cus_a'", "customer")


def test_a_customer_keeps_one_currency(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens")
    refusal = ledger.refused(subscription_request("price_euro", subscription="sub_b"))
    assert refusal.param == "currency"
