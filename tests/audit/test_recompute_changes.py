"""Invoices of subscriptions that change midway, recomputed from the log to the byte."""

from typing import Any

import pytest

from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.prices.terms import Recurring
from ledger.subscriptions.commands import (
    AddedCharge,
    CancelSubscription,
    CheckThresholds,
    ItemChange,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.parts import Thresholds
from tests.support.billing_ledger import at
from tests.support.stored_ledger import StoredLedger

MONTHLY: Any = {"interval": "month"}


def replayed(ledger: StoredLedger) -> list[str]:
    """Every final invoice, after it was found equal to the byte; why each was made."""
    reasons: dict[str, str] = {}
    for event in ledger.application.recorder.select_notifications(1, 10_000):
        recorded = ledger.application.mapper.to_domain_event(event)
        if isinstance(recorded.event, InvoiceDrafted):
            reasons[recorded.originator_id] = recorded.event.billing_reason
        if isinstance(recorded.event, InvoiceFinalized):
            outcome = ledger.recompute(recorded.originator_id)
            assert outcome.differences == ()
            assert outcome.equal
    return list(reasons.values())


def finish(ledger: StoredLedger, end: str) -> None:
    ledger.finalize(ledger.close(end), f"{end}T01:00")


def update(ledger: StoredLedger, *items: ItemChange, **fields: Any) -> None:
    ledger.do(UpdateSubscription(subscription="sub_a", items=items, **fields))


@pytest.fixture
def shop(ledger: StoredLedger) -> StoredLedger:
    ledger.price(
        "price_tokens_2",
        unit_amount_decimal="1",
        recurring=Recurring(**MONTHLY, usage_type="metered", meter="mtr_test_a"),
    )
    ledger.price("price_yearly", unit_amount_decimal="36500", recurring=Recurring(interval="year"))
    ledger.price("price_setup", unit_amount_decimal="900")
    return ledger


def test_a_life_with_every_change(shop: StoredLedger) -> None:
    shop.now = at("2026-01-01")
    shop.subscribe(
        "price_tokens",
        "price_seat",
        trial_period_days=7,
        add_invoice_items=(AddedCharge(id="ii_setup", price="price_setup"),),
    )
    finish(shop, "2026-01-08")
    shop.now = at("2026-01-20")
    shop.use("a", "2026-01-10", "250")
    update(shop, ItemChange(id="si_price_tokens", price="price_tokens_2"))
    update(
        shop,
        ItemChange(id="si_price_seat", quantity=4),
        proration_behavior="always_invoice",
    )
    update(shop, ItemChange(id="si_year", added=True, price="price_yearly"))
    finish(shop, "2026-02-08")
    shop.now = at("2026-02-10")
    update(shop, billing_cycle_anchor="now")
    shop.now = at("2026-02-15")
    shop.do(PauseSubscription(subscription="sub_a"))
    shop.now = at("2026-03-01")
    shop.do(ResumeSubscription(subscription="sub_a"))
    update(shop, thresholds=Thresholds(amount_gte=100))
    shop.now = at("2026-03-05")
    shop.use("b", "2026-03-02", "300")
    shop.do(CheckThresholds(subscription="sub_a"))
    shop.use("c", "2026-03-04", "7")
    finish(shop, "2026-04-01")
    shop.now = at("2026-04-11")
    shop.do(CancelSubscription(subscription="sub_a", invoice_now=True, prorate=True))
    assert replayed(shop) == [
        "subscription_create",
        "subscription_cycle",
        "subscription_update",
        "subscription_cycle",
        "subscription_update",
        "subscription_update",
        "subscription_threshold",
        "subscription_cycle",
        "subscription_cycle",
    ]
