"""The read models of subscriptions and of what is due, after changes midway."""

from typing import Any

import pytest

from ledger.invoices.commands import ClosePeriod
from ledger.kernel.clock import to_epoch
from ledger.subscriptions.commands import (
    ItemChange,
    MigrateSubscription,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.parts import PauseCollection
from projections.due.projection import DueProjection
from projections.due.rows import DUE
from projections.subscriptions.projection import SubscriptionsProjection
from projections.subscriptions.rows import SUBSCRIPTION_ITEMS, SUBSCRIPTIONS, SubscriptionRow
from tests.support.billing_ledger import BillingLedger, Fact, at
from tests.support.recorded import rows_after


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.sell()
    made.price("price_tokens_2", "1", meter="mtr_tokens")
    made.price("price_yearly", "36500", interval="year")
    return made


def update(ledger: BillingLedger, *items: ItemChange, **fields: Any) -> list[Fact]:
    return ledger.do(UpdateSubscription(subscription="sub_a", items=items, **fields))


def shown(facts: list[Fact]) -> SubscriptionRow:
    row = rows_after(SubscriptionsProjection(), *facts).get(SUBSCRIPTIONS, "sub_a")
    assert row is not None
    return row


def due(facts: list[Fact]) -> dict[str, int]:
    rows = rows_after(DueProjection(), *facts).all(DUE)
    return {row.kind: row.due_at for row in rows if row.kind != "finalize_invoice"}


def epoch(text: str) -> int:
    return to_epoch(at(text))


def test_items_come_and_go(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-11")
    facts += update(ledger, ItemChange(id="si_new", added=True, price="price_yearly"))
    facts += update(ledger, ItemChange(id="si_price_seat", deleted=True))
    rows = rows_after(SubscriptionsProjection(), *facts)
    assert {row.id for row in rows.all(SUBSCRIPTION_ITEMS)} == {"si_price_tokens", "si_new"}
    row = shown(facts)
    assert [(p.interval, p.end) for p in row.periods] == [
        ("month", epoch("2026-02-01")),
        ("year", epoch("2027-01-01")),
    ]
    assert due(facts) == {"close_period": epoch("2026-02-01")}


def test_usage_that_waits_is_not_billed_yet(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens")
    ledger.now = at("2026-01-11")
    facts += update(ledger, ItemChange(id="si_price_tokens", price="price_tokens_2"))
    facts += update(ledger, billing_cycle_anchor="now")
    row = shown(facts)
    assert (row.current_period_start, row.unbilled_since) == (
        epoch("2026-01-11"),
        epoch("2026-01-11"),
    )
    assert row.billing_cycle_anchor == epoch("2026-01-11")
    ledger.now = at("2026-01-12")
    facts += update(ledger, ItemChange(id="si_price_tokens", price="price_tokens"))
    facts += ledger.do(PauseSubscription(subscription="sub_a"))
    assert shown(facts).unbilled_since == epoch("2026-01-11")


def test_a_trial_is_over_with_its_period(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens", trial_period_days=7)
    assert (shown(facts).status, shown(facts).trial_end) == ("trialing", epoch("2026-01-08"))
    facts += update(ledger, trial_end=at("2026-01-10"))
    assert due(facts) == {"close_period": epoch("2026-01-10")}
    ledger.now = at("2026-01-10")
    facts += ledger.do(ClosePeriod(subscription="sub_a", period_end=ledger.now))
    row = shown(facts)
    assert (row.status, row.trial_end) == ("active", epoch("2026-01-10"))
    assert row.current_period_end == epoch("2026-02-10")


def test_while_it_is_paused_only_its_end_is_due(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens")
    facts += ledger.do(PauseSubscription(subscription="sub_a"))
    assert (shown(facts).status, due(facts)) == ("paused", {})
    facts += update(ledger, cancel_at=at("2026-03-01"))
    assert due(facts) == {"close_period": epoch("2026-03-01")}
    ledger.now = at("2026-02-11")
    facts += ledger.do(ResumeSubscription(subscription="sub_a"))
    row = shown(facts)
    assert (row.status, row.paused_at) == ("active", None)
    assert row.items[0].since == epoch("2026-02-11")
    assert due(facts) == {"close_period": epoch("2026-03-01")}


def test_a_paused_collection_is_due_to_go_on(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens")
    pause = PauseCollection(behavior="void", resumes_at=at("2026-01-20"))
    facts += update(ledger, pause_collection=pause)
    assert due(facts)["resume_collection"] == epoch("2026-01-20")
    facts += update(ledger, pause_collection=None)
    assert "resume_collection" not in due(facts)


def test_a_migrated_subscription(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens", billing_mode="classic")
    facts += ledger.do(MigrateSubscription(subscription="sub_a"))
    assert (shown(facts).billing_mode, shown(facts).migrated_at) == (
        "flexible",
        epoch("2026-01-01"),
    )
