"""Invoices when a threshold is reached: nothing is billed twice, and the whole period is rated."""

from typing import Any

import pytest

from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice, VoidInvoice
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.subscriptions.commands import (
    CheckThresholds,
    ItemChange,
    ItemRequest,
    PauseSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.parts import PauseCollection, Thresholds
from tests.support.billing_ledger import BillingLedger, at, of_type


@pytest.fixture
def ledger() -> BillingLedger:
    """Tokens at 4 cents per hundred begun, seats at US$31 a month."""
    made = BillingLedger("2026-01-01")
    made.sell()
    return made


def check(ledger: BillingLedger) -> tuple[str, InvoiceFinalized] | None:
    facts = ledger.do(CheckThresholds(subscription="sub_a"))
    if not facts:
        return None
    [(invoice, draft)] = of_type(facts, InvoiceDrafted)
    assert draft.billing_reason == "subscription_threshold"
    [(_, final)] = of_type(facts, InvoiceFinalized)
    return invoice, final


def month_end(ledger: BillingLedger) -> list[int]:
    ledger.now = at("2026-02-01")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-01")))
    [(invoice, _)] = of_type(facts, InvoiceDrafted)
    ledger.now = at("2026-02-01T01:00")
    [(_, final)] = of_type(ledger.do(FinalizeDueInvoice(invoice=invoice)), InvoiceFinalized)
    return [line.amount for line in final.lines]


def test_the_whole_period_is_rated_and_what_was_billed_before_given_back(
    ledger: BillingLedger,
) -> None:
    ledger.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    ledger.use("2026-01-02", "150")
    ledger.now = at("2026-01-05")
    assert check(ledger) is None
    ledger.use("2026-01-03", "60")
    first = check(ledger)
    assert first is not None
    assert [line.amount for line in first[1].lines] == [12]
    assert check(ledger) is None
    ledger.use("2026-01-10", "350")
    ledger.now = at("2026-01-15")
    second = check(ledger)
    assert second is not None
    assert [line.amount for line in second[1].lines] == [24, -12]
    ledger.use("2026-01-20", "1")
    assert month_end(ledger) == [24, -12, -12]


def test_an_invoice_that_is_voided_is_not_given_back(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    ledger.use("2026-01-02", "250")
    ledger.now = at("2026-01-05")
    reached = check(ledger)
    assert reached is not None
    ledger.do(VoidInvoice(invoice=reached[0]))
    assert check(ledger) is not None
    assert month_end(ledger) == [12, -12]


def test_a_quantity_counts_from_the_last_invoice(ledger: BillingLedger) -> None:
    item = ItemRequest(id="si_price_tokens", price="price_tokens", usage_gte=100)
    ledger.subscribe(items=(item,))
    ledger.use("2026-01-02", "99")
    ledger.now = at("2026-01-05")
    assert check(ledger) is None
    ledger.use("2026-01-02", "1")
    assert check(ledger) is not None
    ledger.use("2026-01-04", "99")
    ledger.now = at("2026-01-06")
    assert check(ledger) is None
    ledger.use("2026-01-04", "1")
    assert check(ledger) is not None


def test_a_new_period_begins_where_that_is_asked_for(ledger: BillingLedger) -> None:
    thresholds = Thresholds(amount_gte=10, reset_billing_cycle_anchor=True)
    ledger.subscribe("price_tokens", "price_seat", thresholds=thresholds)
    ledger.use("2026-01-02", "250")
    ledger.now = at("2026-01-11")
    reached = check(ledger)
    assert reached is not None
    assert [line.amount for line in reached[1].lines] == [12, 3100, -2100]
    ledger.now = at("2026-02-11")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=at("2026-02-11")))
    [(_, draft)] = of_type(facts, InvoiceDrafted)
    assert [line.kind for line in draft.lines] == ["metered", "licensed"]


def test_a_change_of_the_price_takes_along_what_was_billed(ledger: BillingLedger) -> None:
    ledger.price("price_tokens_2", "1", meter="mtr_tokens")
    ledger.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    ledger.use("2026-01-02", "250")
    ledger.now = at("2026-01-05")
    assert check(ledger) is not None
    ledger.use("2026-01-06", "100")
    ledger.now = at("2026-01-11")
    item = ItemChange(id="si_price_tokens", price="price_tokens_2")
    ledger.do(UpdateSubscription(subscription="sub_a", items=(item,)))
    ledger.use("2026-01-20", "5")
    assert month_end(ledger) == [16, -12, 5]


@pytest.mark.parametrize("state", ["paused", "collection", "ended"])
def test_where_nothing_is_invoiced_no_threshold_is_reached(
    ledger: BillingLedger, state: str
) -> None:
    ledger.subscribe("price_tokens", thresholds=Thresholds(amount_gte=10))
    ledger.use("2026-01-02", "250")
    ledger.now = at("2026-01-05")
    doing: dict[str, Any] = {
        "paused": PauseSubscription(subscription="sub_a"),
        "collection": UpdateSubscription(
            subscription="sub_a", pause_collection=PauseCollection(behavior="void")
        ),
    }
    if state in doing:
        ledger.do(doing[state])
    else:
        ledger.now = at("2026-02-01")
    assert check(ledger) is None
