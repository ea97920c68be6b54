"""The read model of subscriptions: what is left of them after each fact."""

from typing import Any

import pytest

from ledger.invoices.commands import ClosePeriod
from ledger.kernel.clock import to_epoch
from ledger.subscriptions.commands import CancelSubscription, ItemChange, UpdateSubscription
from projections.subscriptions.projection import SubscriptionsProjection
from projections.subscriptions.rows import (
    SUBSCRIPTION_ITEMS,
    SUBSCRIPTIONS,
    CancellationPart,
    ItemPart,
    PeriodPart,
    SubscriptionItemRow,
    SubscriptionRow,
)
from tests.support.billing_ledger import BillingLedger, Fact, at
from tests.support.recorded import rows_after


@pytest.fixture
def ledger() -> BillingLedger:
    billing = BillingLedger("2026-01-01")
    billing.meter("mtr_tokens")
    billing.price("price_tokens", "4", meter="mtr_tokens")
    billing.price("price_seat", "1000")
    return billing


def shown(*facts: Fact) -> SubscriptionRow:
    row = rows_after(SubscriptionsProjection(), *facts).get(SUBSCRIPTIONS, "sub_a")
    assert row is not None
    return row


def update(**fields: Any) -> UpdateSubscription:
    return UpdateSubscription(subscription="sub_a", **fields)


def epoch(text: str) -> int:
    return to_epoch(at(text))


TOKENS = ItemPart(
    id="si_price_tokens",
    created=epoch("2026-01-01"),
    price="price_tokens",
    product="prod_a",
    meter="mtr_tokens",
    quantity=None,
    interval="month",
    interval_count=1,
    since=epoch("2026-01-01"),
    metadata={},
)


def test_a_new_subscription(ledger: BillingLedger):
    january = PeriodPart("month", 1, epoch("2026-01-01"), epoch("2026-02-01"))
    facts = ledger.subscribe(
        "price_tokens",
        collection_method="send_invoice",
        days_until_due=10,
        metadata={"plan": "gold"},
        settings={"off_session": True},
        description="Tokens",
        default_payment_method="pm_1",
    )
    assert shown(*facts) == SubscriptionRow(
        id="sub_a",
        sequence=2,
        created=january.start,
        livemode=False,
        customer="cus_a",
        currency="usd",
        interval="month",
        interval_count=1,
        items=(TOKENS,),
        billing_mode="flexible",
        billing_cycle_anchor=epoch("2026-01-01"),
        start_date=epoch("2026-01-01"),
        periods=(january,),
        unbilled_since=january.start,
        current_period_start=january.start,
        current_period_end=january.end,
        collection_method="send_invoice",
        days_until_due=10,
        cancel_at=None,
        cancel_at_period_end=False,
        proration_behavior="create_prorations",
        default_payment_method="pm_1",
        description="Tokens",
        metadata={"plan": "gold"},
        settings={"off_session": True},
        test_clock=None,
    )


def test_items_are_found_by_their_ids(ledger: BillingLedger):
    rows = rows_after(SubscriptionsProjection(), *ledger.subscribe("price_tokens", "price_seat"))
    assert rows.all(SUBSCRIPTION_ITEMS) == [
        SubscriptionItemRow("si_price_seat", "sub_a", "price_seat"),
        SubscriptionItemRow("si_price_tokens", "sub_a", "price_tokens"),
    ]


def test_the_first_invoice_is_the_latest(ledger: BillingLedger):
    facts = ledger.subscribe("price_seat")
    drafted = [stream for stream, _ in facts if stream.startswith("in_")]
    assert shown(*facts).latest_invoice == drafted[0]


def test_usage_alone_has_no_first_invoice(ledger: BillingLedger):
    assert shown(*ledger.subscribe("price_tokens")).latest_invoice is None


def test_a_closed_period_brings_the_next_one_and_its_invoice(ledger: BillingLedger):
    facts = ledger.subscribe("price_tokens")
    ledger.now = at("2026-02-01")
    closed = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-01")))
    row = shown(*facts, *closed)
    assert row.current_period_start == epoch("2026-02-01")
    assert row.current_period_end == epoch("2026-03-01")
    assert row.latest_invoice in {stream for stream, _ in closed}


def test_details_change_and_the_rest_stays(ledger: BillingLedger):
    facts = ledger.subscribe("price_tokens", description="Tokens")
    changed = ledger.do(
        update(description=None, metadata={"a": "b"}, settings={"default_source": "card_1"})
    )
    before, after = shown(*facts), shown(*facts, *changed)
    assert (after.description, after.metadata) == (None, {"a": "b"})
    assert after.settings == {"default_source": "card_1"}
    assert after.items == before.items


def test_one_item_changes(ledger: BillingLedger):
    facts = ledger.subscribe("price_tokens", "price_seat")
    change = ItemChange(id="si_price_seat", metadata={"team": "red"})
    row = shown(*facts, *ledger.do(update(items=(change,))))
    assert [item.metadata for item in row.items] == [{}, {"team": "red"}]


def test_an_end_is_scheduled_and_withdrawn(ledger: BillingLedger):
    facts = ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-10")
    scheduled = ledger.do(update(cancel_at_period_end=True, comment="Too dear"))
    row = shown(*facts, *scheduled)
    assert (row.cancel_at, row.cancel_at_period_end) == (epoch("2026-02-01"), True)
    assert row.canceled_at == epoch("2026-01-10")
    assert row.cancellation == CancellationPart("Too dear", None, "cancellation_requested")
    withdrawn = ledger.do(update(cancel_at_period_end=False))
    assert shown(*facts, *scheduled, *withdrawn) == shown(*facts)


def test_an_end_that_was_asked_for_at_the_start(ledger: BillingLedger):
    row = shown(*ledger.subscribe("price_tokens", cancel_at=at("2026-06-01")))
    assert (row.cancel_at, row.canceled_at) == (epoch("2026-06-01"), epoch("2026-01-01"))
    assert row.status == "active"


def test_a_canceled_subscription(ledger: BillingLedger):
    facts = ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-10")
    command = CancelSubscription(subscription="sub_a", feedback="unused")
    row = shown(*facts, *ledger.do(command))
    assert (row.status, row.canceled_at) == ("canceled", epoch("2026-01-10"))
    assert row.ended_at == epoch("2026-01-10")
    assert row.cancellation.feedback == "unused"


def test_a_subscription_knows_whether_it_is_on_a_test_clock(ledger: BillingLedger):
    ledger.clock("clock_1", "2026-01-01")
    ledger.customer("cus_b", clock="clock_1")
    on_clock = shown(*ledger.subscribe("price_tokens", customer="cus_b"))
    assert (on_clock.test_clock, on_clock.on_test_clock) == ("clock_1", True)


def test_a_fact_about_a_subscription_that_never_started_stops_the_projection(
    ledger: BillingLedger,
):
    ledger.subscribe("price_tokens")
    ended = ledger.do(CancelSubscription(subscription="sub_a"))
    with pytest.raises(LookupError, match="never started"):
        rows_after(SubscriptionsProjection(), *ended)
