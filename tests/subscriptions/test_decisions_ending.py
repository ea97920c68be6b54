"""Ends that are scheduled, moved and come; pauses; migration to flexible billing."""

from typing import Any

import pytest

from ledger.invoice_items.aggregate import waiting_items
from ledger.invoice_items.events import InvoiceItemCreated
from ledger.invoice_items.pending import pending_stream
from ledger.invoices.events import (
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceMarkedUncollectible,
    InvoiceVoided,
)
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import (
    CancelSubscription,
    ItemChange,
    MigrateSubscription,
    PauseSubscription,
    ResumeCollection,
    ResumeSubscription,
)
from ledger.subscriptions.events import (
    SubscriptionCanceled,
    SubscriptionPaused,
    SubscriptionResumed,
)
from ledger.subscriptions.parts import PauseCollection
from tests.subscriptions.shop import billed, change, close, state
from tests.support.billing_ledger import BillingLedger, Fact, at, of_type


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_yearly", "36500", interval="year")
    made.price("price_once", "500", recurring=None)
    return made


def charges(facts: list[Fact]) -> list[tuple[bool, Period]]:
    items = [event.charge for _, event in of_type(facts, InvoiceItemCreated)]
    return [(charge.credit, charge.period) for charge in items]


def waiting(ledger: BillingLedger) -> list[str | None]:
    """Whose invoice each of the customer's items waits for."""
    items: tuple[Any, ...] = ()
    for event in ledger.stream(pending_stream("cus_a")):
        items = waiting_items(items, event)
    return [item.subscription for item in items]


def test_unused_licensed_time_is_given_back_on_the_last_invoice(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    facts = ledger.do(CancelSubscription(subscription="sub_a", prorate=True, invoice_now=True))
    assert billed(facts) == [("metered", "01-01", "01-11"), ("invoice_item", "01-11", "02-01")]
    assert charges(facts) == [(True, Period(at("2026-01-11"), at("2026-02-01")))]


def test_without_an_invoice_it_waits_for_the_customers_next_one(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    ledger.do(CancelSubscription(subscription="sub_a", prorate=True))
    assert waiting(ledger) == [None]
    facts = ledger.subscribe("price_seat", subscription="sub_b")
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert [line.amount for line in final.lines] == [3100, -2100]


def test_all_usage_that_no_invoice_bills_is_named(ledger: BillingLedger) -> None:
    ledger.price("price_tokens_2", "1", meter="mtr_tokens")
    ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-11")
    change(ledger, items=(ItemChange(id="si_price_tokens", price="price_tokens_2"),))
    ledger.now = at("2026-01-21")
    facts = ledger.do(CancelSubscription(subscription="sub_a"))
    [(_, canceled)] = of_type(facts, SubscriptionCanceled)
    assert [(part.price, part.period.start, part.period.end) for part in canceled.dropped] == [
        ("price_tokens", at("2026-01-01"), at("2026-01-11")),
        ("price_tokens_2", at("2026-01-11"), at("2026-01-21")),
    ]


@pytest.mark.parametrize("behavior", ["create_prorations", "none"])
def test_an_end_within_the_period_gives_back_the_rest(ledger: BillingLedger, behavior: str) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    change(ledger, cancel_at=at("2026-01-11"), proration_behavior=behavior)
    facts = close(ledger, "2026-01-11")
    back = [] if behavior == "none" else [("invoice_item", "01-11", "02-01")]
    assert billed(facts) == [("metered", "01-01", "01-11"), *back]


def test_a_period_that_was_to_be_cut_short_is_charged_to_its_end_after_all(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_seat", cancel_at=at("2026-02-11"))
    assert billed(close(ledger, "2026-02-01")) == [("licensed", "02-01", "02-11")]
    facts = change(ledger, cancel_at=None)
    assert charges(facts) == [(False, Period(at("2026-02-11"), at("2026-03-01")))]


@pytest.mark.parametrize(
    ("asked", "end"),
    [
        ("min_period_end", "2026-02-01"),
        ("max_period_end", "2027-01-01"),
        ("max_billed_until", "2027-01-01"),
    ],
)
def test_an_end_is_named_after_the_periods(ledger: BillingLedger, asked: Any, end: str) -> None:
    ledger.subscribe("price_tokens", "price_yearly")
    change(ledger, cancel_at=asked)
    assert (state(ledger).cancel_at, state(ledger).cancel_at_period_end) == (at(end), False)


def test_the_end_of_the_period_is_that_of_the_longest(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_yearly", cancel_at_period_end=True)
    assert state(ledger).cancel_at == at("2027-01-01")


def test_while_it_is_paused_nothing_is_billed(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    facts = ledger.do(PauseSubscription(subscription="sub_a"))
    assert charges(facts) == [(True, Period(at("2026-01-11"), at("2026-02-01")))]
    assert of_type(facts, InvoiceDrafted) == []
    assert close(ledger, "2026-02-01") == []
    ledger.now = at("2026-03-05")
    facts = ledger.do(ResumeSubscription(subscription="sub_a"))
    assert billed(facts) == [
        ("metered", "01-01", "01-11"),
        ("licensed", "03-05", "04-05"),
        ("invoice_item", "01-11", "02-01"),
    ]
    [(_, resumed)] = of_type(facts, SubscriptionResumed)
    pause = Period(at("2026-01-11"), at("2026-03-05"))
    assert [(part.reason, part.period) for part in resumed.dropped] == [("paused", pause)]
    assert billed(close(ledger, "2026-04-05"))[0] == ("metered", "03-05", "04-05")


def test_a_pause_is_invoiced_at_once_and_bills_what_is_asked(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    facts = ledger.do(
        PauseSubscription(
            subscription="sub_a",
            bill_usage=False,
            credit_from="item_current_period_start",
            invoice=True,
        )
    )
    assert billed(facts) == [("invoice_item", "01-01", "02-01")]
    [(_, paused)] = of_type(facts, SubscriptionPaused)
    assert [part.reason for part in paused.dropped] == ["paused"]


def test_a_pause_without_credit_goes_on_in_the_same_period(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    ledger.do(PauseSubscription(subscription="sub_a", credit_from="none"))
    ledger.now = at("2026-01-21")
    resume = ResumeSubscription(subscription="sub_a", billing_cycle_anchor="unchanged")
    assert charges(ledger.do(resume)) == []
    assert billed(close(ledger, "2026-02-01")) == [
        ("metered", "01-01", "01-11"),
        ("metered", "01-21", "02-01"),
        ("licensed", "02-01", "03-01"),
    ]


def test_the_rest_of_a_period_is_charged_when_it_goes_on(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    ledger.now = at("2026-01-11")
    ledger.do(PauseSubscription(subscription="sub_a"))
    ledger.now = at("2026-02-10")
    resume = ResumeSubscription(subscription="sub_a", billing_cycle_anchor="unchanged")
    rest = Period(at("2026-02-10"), at("2026-03-01"))
    assert charges(ledger.do(resume)) == [(False, rest)]
    assert state(ledger).anchor == at("2026-01-01")


def test_only_what_is_active_is_paused_and_what_is_paused_resumed(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat")
    assert "active" in ledger.refused(ResumeSubscription(subscription="sub_a")).message
    ledger.do(PauseSubscription(subscription="sub_a"))
    assert "paused" in ledger.refused(PauseSubscription(subscription="sub_a")).message


def test_a_paused_subscription_ends_when_it_was_to(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", cancel_at=at("2026-03-01"))
    ledger.now = at("2026-01-11")
    ledger.do(PauseSubscription(subscription="sub_a"))
    facts = close(ledger, "2026-03-01")
    assert billed(facts) == [("metered", "01-01", "01-11")]
    assert state(ledger).ended


@pytest.mark.parametrize(
    ("behavior", "then"),
    [
        ("void", InvoiceVoided),
        ("mark_uncollectible", InvoiceMarkedUncollectible),
        ("keep_as_draft", None),
    ],
)
def test_while_collection_is_paused_invoices_are_not_collected(
    ledger: BillingLedger, behavior: Any, then: Any
) -> None:
    ledger.subscribe("price_seat")
    pause = PauseCollection(behavior=behavior, resumes_at=at("2026-01-20"))
    change(ledger, pause_collection=pause)
    facts = change(
        ledger,
        items=(ItemChange(id="si_price_seat", quantity=2),),
        proration_behavior="always_invoice",
    )
    [(invoice, _)] = of_type(facts, InvoiceDrafted)
    kinds = {type(event) for event in ledger.stream(invoice)}
    assert (then in kinds) if then else (InvoiceFinalized not in kinds)
    ledger.now = at("2026-01-20")
    ledger.do(ResumeCollection(subscription="sub_a"))
    assert state(ledger).pause_collection is None
    assert ledger.do(ResumeCollection(subscription="sub_a")) == []


def test_a_classic_subscription_becomes_flexible_and_stays_so(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", billing_mode="classic")
    ledger.do(MigrateSubscription(subscription="sub_a"))
    assert state(ledger).billing_mode == "flexible"
    refusal = ledger.refused(MigrateSubscription(subscription="sub_a"))
    assert refusal.param == "billing_mode[type]"
