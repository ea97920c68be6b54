"""Changing and ending a subscription."""

from typing import Any

import pytest

from ledger.customers.aggregate import evolve as customer_after
from ledger.invoices.commands import ClosePeriod
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.errors import NotFound
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import CancelSubscription, ItemChange, UpdateSubscription
from ledger.subscriptions.events import (
    CancellationDetails,
    CancellationScheduled,
    CancellationWithdrawn,
    PeriodClosed,
    SubscriptionCanceled,
)
from ledger.subscriptions.parts import DroppedUsage
from ledger.test_clocks import aggregate as test_clocks
from ledger.test_clocks import events as clock_events
from tests.subscriptions.shop import change, state
from tests.support.billing_ledger import BillingLedger, at, of_type


@pytest.fixture
def ledger() -> BillingLedger:
    """`sub_a` runs from 1 January, billed monthly for tokens."""
    made = BillingLedger("2026-01-01")
    made.meter()
    made.price("price_tokens", "4", meter="mtr_tokens")
    made.price("price_seat", "1000")
    made.subscribe("price_tokens", metadata={"team": "a", "old": "1"})
    made.now = at("2026-01-16")
    return made


def test_metadata_is_merged_and_cleared(ledger: BillingLedger) -> None:
    change(ledger, metadata={"old": "", "new": "2"})
    assert state(ledger).metadata == {"team": "a", "new": "2"}
    change(ledger, metadata=None)
    assert state(ledger).metadata == {}


def test_what_is_not_given_stays(ledger: BillingLedger) -> None:
    change(ledger, description="Tokens", default_payment_method="pm_1", settings={"a": 1})
    change(ledger, description=None, settings={"b": 2})
    after = state(ledger)
    assert (after.description, after.default_payment_method) == (None, "pm_1")
    assert after.settings == {"a": 1, "b": 2}


def test_a_change_to_what_is_so_already_is_no_fact(ledger: BillingLedger) -> None:
    assert change(ledger, metadata={"team": "a"}, cancel_at_period_end=False) == []


def test_an_item_has_metadata_of_its_own(ledger: BillingLedger) -> None:
    change(ledger, items=(ItemChange(id="si_price_tokens", metadata={"k": "v"}),))
    assert state(ledger).items[0].metadata == {"k": "v"}
    assert state(ledger).metadata == {"team": "a", "old": "1"}


def test_sending_invoices_needs_days_until_due(ledger: BillingLedger) -> None:
    change(ledger, collection_method="send_invoice", days_until_due=30)
    assert state(ledger).days_until_due == 30
    change(ledger, collection_method="charge_automatically")
    assert state(ledger).days_until_due is None


def test_an_end_is_scheduled_moved_and_withdrawn(ledger: BillingLedger) -> None:
    [(_, scheduled)] = change(ledger, cancel_at_period_end=True, comment="too dear")
    requested = CancellationDetails(comment="too dear", reason="cancellation_requested")
    assert scheduled == CancellationScheduled(
        cancel_at=at("2026-02-01"),
        at_period_end=True,
        scheduled_at=ledger.now,
        details=requested,
        prorate=True,
    )
    assert change(ledger, cancel_at_period_end=True) == []
    [(_, moved)] = change(ledger, cancel_at=at("2026-01-20"))
    assert isinstance(moved, CancellationScheduled)
    assert (moved.cancel_at, moved.at_period_end) == (at("2026-01-20"), False)
    assert change(ledger, cancel_at_period_end=False) == []
    assert change(ledger, cancel_at=None) == [
        ("sub_a", CancellationWithdrawn(withdrawn_at=ledger.now))
    ]
    assert state(ledger).canceled_at is None


def test_a_scheduled_end_closes_the_period_for_good(ledger: BillingLedger) -> None:
    change(ledger, cancel_at=at("2026-01-20"))
    ledger.now = at("2026-01-20T00:05")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-01-20")))
    [(_, closed)] = of_type(facts, PeriodClosed)
    [(_, canceled)] = of_type(facts, SubscriptionCanceled)
    assert (closed.period.end, closed.begun) == (at("2026-01-20"), ())
    assert (canceled.canceled_at, canceled.ended_at) == (at("2026-01-16"), at("2026-01-20"))
    assert state(ledger).status == "canceled"


def test_cancelling_at_once_leaves_the_usage_unbilled(ledger: BillingLedger) -> None:
    facts = ledger.do(CancelSubscription(subscription="sub_a", feedback="unused"))
    details = CancellationDetails(feedback="unused", reason="cancellation_requested")
    dropped = DroppedUsage(
        item="si_price_tokens",
        price="price_tokens",
        meter="mtr_tokens",
        period=Period(at("2026-01-01"), at("2026-01-16")),
        reason="canceled_without_invoice",
    )
    canceled = SubscriptionCanceled(
        canceled_at=ledger.now, ended_at=ledger.now, details=details, dropped=(dropped,)
    )
    assert facts == [("sub_a", canceled)]


def test_cancelling_with_an_invoice_bills_the_usage_so_far(ledger: BillingLedger) -> None:
    facts = ledger.do(CancelSubscription(subscription="sub_a", invoice_now=True))
    [(invoice, drafted)] = of_type(facts, InvoiceDrafted)
    [(_, closed)] = of_type(facts, PeriodClosed)
    assert closed.invoice == invoice
    assert drafted.lines[0].period == closed.period
    assert (closed.period.start, closed.period.end) == (at("2026-01-01"), at("2026-01-16"))
    assert drafted.details.automatically_finalizes_at == at("2026-01-16T01:00")


def test_a_period_that_has_ended_is_billed_before_a_late_cancellation(
    ledger: BillingLedger,
) -> None:
    ledger.now = at("2026-02-03")
    facts = ledger.do(CancelSubscription(subscription="sub_a"))
    [(_, closed)] = of_type(facts, PeriodClosed)
    assert (closed.period.end, closed.closed_at) == (at("2026-02-01"), at("2026-02-03"))
    assert len(of_type(facts, InvoiceDrafted)) == 1
    assert len(of_type(facts, SubscriptionCanceled)) == 1


def test_a_canceled_subscription_keeps_only_notes(ledger: BillingLedger) -> None:
    ledger.do(CancelSubscription(subscription="sub_a"))
    change(ledger, metadata={"why": "moved"}, comment="told by phone")
    assert state(ledger).cancellation == CancellationDetails(
        comment="told by phone", reason="cancellation_requested"
    )
    refused: list[dict[str, Any]] = [{"description": "x"}, {"cancel_at_period_end": False}]
    for fields in refused:
        refusal = ledger.refused(UpdateSubscription(subscription="sub_a", **fields))
        assert "canceled subscription" in refusal.message
    assert isinstance(ledger.refused(CancelSubscription(subscription="sub_a")), NotFound)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"items": (ItemChange(id="si_unknown"),)}, "items[0][id]"),
        ({"cancel_at": at("2026-01-16")}, "cancel_at"),
        ({"cancel_at": at("2026-03-01"), "cancel_at_period_end": True}, "cancel_at"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"days_until_due": 5}, "days_until_due"),
    ],
)
def test_what_breaks_a_rule_is_refused(
    ledger: BillingLedger, fields: dict[str, Any], param: str
) -> None:
    refusal = ledger.refused(UpdateSubscription(subscription="sub_a", **fields))
    assert refusal.param == param


def test_deleting_a_customer_ends_what_they_have(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", subscription="sub_b")
    ledger.do(CancelSubscription(subscription="sub_b"))
    work, customer = ledger.work(), None
    for event in ledger.stream("cus_a"):
        customer = customer_after(customer, event)
    assert customer is not None
    ledger.subscriptions.cancel_all(work, customer)
    [recorded] = work.pending
    assert recorded.originator_id == "sub_a"
    assert isinstance(recorded.event, SubscriptionCanceled)


def test_a_test_clock_knows_how_often_its_customers_are_billed(ledger: BillingLedger) -> None:
    clock = test_clocks.TestClock(ledger.now, None, ledger.now, customers=("cus_a",))
    assert list(ledger.subscriptions.cycles_of(ledger.work(), clock)) == [("month", 1)]
    ledger.do(CancelSubscription(subscription="sub_a"))
    assert list(ledger.subscriptions.cycles_of(ledger.work(), clock)) == []


def test_what_a_deleted_test_clock_leaves_behind_is_a_canceled_subscription() -> None:
    ledger = BillingLedger("2026-01-01")
    ledger.clock("clock_a", "2026-01-01")
    ledger.customer("cus_clocked", clock="clock_a")
    ledger.price("price_seat", "1000")
    ledger.subscribe("price_seat", customer="cus_clocked")
    ledger.do(CancelSubscription(subscription="sub_a"))
    ledger.given("clock_a", clock_events.TestClockDeleted(deleted_at=ledger.now))
    change(ledger, metadata={"why": "tried out"})
    assert state(ledger).metadata == {"why": "tried out"}
    refusal = ledger.refused(CancelSubscription(subscription="sub_a"))
    assert (type(refusal), refusal.param) == (NotFound, None)
