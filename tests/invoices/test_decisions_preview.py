"""Previews: the same path as the invoice that will come, appending nothing."""

import pytest

from ledger.invoices.bill import Bill
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.invoices.finalizing import bill_now
from ledger.invoices.preview import Previewing
from ledger.kernel.errors import LedgerError
from ledger.kernel.periods import Period
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from tests.support.billing_ledger import BillingLedger, at, of_type, subscription_request


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.sell()
    return made


def previewing(ledger: BillingLedger) -> Previewing:
    return Previewing(ledger.work(), ledger.reader)


def amounts(bill: Bill) -> list[tuple[str, int]]:
    return [(line.quantity, line.amount) for line in bill.lines]


def test_usage_so_far_and_seats_ahead(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.use("2026-01-10", "3000")
    ledger.now = at("2026-01-11")
    before = ledger.head()
    bill = previewing(ledger).upcoming("sub_a")
    assert amounts(bill) == [("3000", 120), ("1", 3100)]
    assert bill.totals.total == 3220
    assert bill.draft.period == Period(at("2026-01-01"), at("2026-02-01"))
    assert bill.through_position == before[0]
    assert ledger.head() == before


def test_a_preview_is_what_the_invoice_becomes(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.use("2026-01-10", "250")
    ledger.now = at("2026-02-01")
    preview = previewing(ledger).upcoming("sub_a")
    facts = ledger.do(ClosePeriod(subscription="sub_a", period_end=ledger.now))
    [(invoice, drafted)] = of_type(facts, InvoiceDrafted)
    assert bill_now(ledger.work(), ledger.reader, drafted).lines == preview.lines
    assert drafted.lines == preview.draft.lines
    ledger.now = at("2026-02-01T01:00")
    [(_, final)] = of_type(ledger.do(FinalizeDueInvoice(invoice=invoice)), InvoiceFinalized)
    assert final.lines == preview.lines


def test_a_customer_is_shown_what_is_due_first(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", subscription="sub_late")
    ledger.subscribe("price_tokens", billing_cycle_anchor=at("2026-01-10"))
    assert previewing(ledger).next_of("cus_a") == "sub_a"


def test_the_last_invoice_bills_nothing_ahead(ledger: BillingLedger) -> None:
    ledger.subscribe("price_tokens", "price_seat")
    ledger.do(UpdateSubscription(subscription="sub_a", cancel_at_period_end=True))
    bill = previewing(ledger).upcoming("sub_a")
    assert amounts(bill) == [("0", 0)]


def test_where_nothing_comes_there_is_no_preview(ledger: BillingLedger) -> None:
    ledger.subscribe("price_seat", cancel_at_period_end=True)
    with pytest.raises(LedgerError) as refused:
        previewing(ledger).upcoming("sub_a")
    assert refused.value.code == "invoice_upcoming_none"
    ledger.do(CancelSubscription(subscription="sub_a"))
    with pytest.raises(LedgerError) as refused:
        previewing(ledger).upcoming("sub_a")
    assert refused.value.code == "invoice_upcoming_none"
    assert previewing(ledger).next_of("cus_a") is None


def test_an_unknown_subscription_is_named(ledger: BillingLedger) -> None:
    with pytest.raises(LedgerError) as refused:
        previewing(ledger).upcoming("sub_unknown")
    assert (refused.value.code, refused.value.param) == ("resource_missing", "subscription")


def test_what_a_new_subscription_would_cost(ledger: BillingLedger) -> None:
    seats = previewing(ledger).of_creation(subscription_request("price_seat"))
    assert (amounts(seats), seats.draft.period.end) == ([("1", 3100)], at("2026-01-01"))
    ledger.use("2026-01-01", "100")
    tokens = previewing(ledger).of_creation(subscription_request("price_tokens"))
    assert (amounts(tokens), tokens.draft.period.end) == ([("100", 4)], at("2026-02-01"))
    assert ledger.stream("sub_a") == []
