"""The first invoice: what a subscription's start bills, in either billing mode (contract §8)."""

from typing import Any

import pytest

from ledger.invoices.commands import FinalizeDueInvoice
from ledger.invoices.events import (
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceNumberAssigned,
    InvoicePaid,
)
from ledger.kernel.periods import Period
from tests.support.billing_ledger import BillingLedger, Fact, at, of_type, subscription_request


@pytest.fixture
def ledger() -> BillingLedger:
    """Tokens at 4 cents each, seats at US$31 a month, on 16 January."""
    made = BillingLedger("2026-01-16")
    made.meter()
    made.price("price_tokens", "4", meter="mtr_tokens")
    made.price("price_seat", "3100")
    return made


def billed(facts: list[Fact]) -> list[tuple[str, str, str, str, int]]:
    """(kind, first day, day after the last, quantity, amount) of each final line."""
    [(_, drafted)] = of_type(facts, InvoiceDrafted)
    [(_, final)] = of_type(facts, InvoiceFinalized)
    lines = {line.id: line for line in drafted.lines}
    return [
        (
            lines[line.id].kind,
            f"{lines[line.id].period.start:%m-%d}",
            f"{lines[line.id].period.end:%m-%d}",
            line.quantity,
            line.amount,
        )
        for line in final.lines
    ]


def test_flexible_with_nothing_billable_has_no_first_invoice(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens")
    assert of_type(facts, InvoiceDrafted) == []


def test_classic_names_each_metered_item_at_nothing(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_tokens", billing_mode="classic")
    assert billed(facts) == [("opening", "01-16", "02-16", "0", 0)]
    [(invoice, final)] = of_type(facts, InvoiceFinalized)
    assert final.amount_due == 0
    paid = InvoicePaid(paid_at=at("2026-01-16"), paid_out_of_band=False, amount=0)
    assert of_type(facts, InvoicePaid) == [(invoice, paid)]


def test_a_flat_fee_is_not_charged_by_being_named(ledger: BillingLedger) -> None:
    ledger.price(
        "price_tiers",
        meter="mtr_tokens",
        billing_scheme="tiered",
        unit_amount_decimal=None,
        tiers_mode="graduated",
        tiers=({"up_to": None, "flat_amount_decimal": "500"},),
    )
    facts = ledger.subscribe("price_tiers", billing_mode="classic")
    assert billed(facts) == [("opening", "01-16", "02-16", "0", 0)]


def test_licensed_items_are_billed_in_advance_and_at_once(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_seat", "price_tokens")
    assert billed(facts) == [("licensed", "01-16", "02-16", "1", 3100)]
    [(stream, number)] = of_type(facts, InvoiceNumberAssigned)
    [(invoice, final)] = of_type(facts, InvoiceFinalized)
    assert stream == "invoice_numbers:cus_a"
    assert (number.sequence, number.invoice) == (1, invoice)
    assert final.number == number.number
    assert final.number.endswith("-0001")
    assert (final.amount_due, of_type(facts, InvoicePaid)) == (3100, [])


def test_an_invoice_to_be_sent_waits_as_a_draft(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_seat", collection_method="send_invoice", days_until_due=14)
    [(invoice, drafted)] = of_type(facts, InvoiceDrafted)
    assert of_type(facts, InvoiceFinalized) == []
    assert drafted.details.automatically_finalizes_at == at("2026-01-16T01:00")
    ledger.now = at("2026-01-16T01:00")
    [(_, final)] = of_type(ledger.do(FinalizeDueInvoice(invoice=invoice)), InvoiceFinalized)
    assert final.due_date == at("2026-01-30T01:00")


@pytest.mark.parametrize(
    ("behavior", "lines"),
    [
        ("create_prorations", [("licensed", "01-16", "02-01", "1", 1600)]),
        ("always_invoice", [("licensed", "01-16", "02-01", "1", 1600)]),
    ],
)
def test_a_stub_before_the_anchor_is_prorated_by_the_second(
    ledger: BillingLedger, behavior: str, lines: list[Any]
) -> None:
    anchor = at("2026-02-01")
    facts = ledger.subscribe("price_seat", billing_cycle_anchor=anchor, proration_behavior=behavior)
    assert billed(facts) == lines
    [(_, drafted)] = of_type(facts, InvoiceDrafted)
    assert drafted.lines[0].prorated_of == Period(at("2026-01-01"), anchor)


def test_without_prorations_a_stub_is_free(ledger: BillingLedger) -> None:
    facts = ledger.subscribe(
        "price_seat", billing_cycle_anchor=at("2026-02-01"), proration_behavior="none"
    )
    assert of_type(facts, InvoiceDrafted) == []


def test_backdating_bills_a_line_for_each_past_period(ledger: BillingLedger) -> None:
    ledger.use("2025-11-20", "10")
    ledger.use("2026-01-02", "30")
    facts = ledger.subscribe("price_seat", "price_tokens", backdate_start_date=at("2025-11-10"))
    assert billed(facts) == [
        ("licensed", "11-10", "12-10", "1", 3100),
        ("licensed", "12-10", "01-10", "1", 3100),
        ("licensed", "01-10", "02-10", "1", 3100),
        ("metered", "11-10", "12-10", "10", 40),
        ("metered", "12-10", "01-10", "30", 120),
    ]


def test_past_periods_without_usage_are_left_out(ledger: BillingLedger) -> None:
    ledger.use("2025-12-20", "30")
    facts = ledger.subscribe("price_tokens", backdate_start_date=at("2025-11-10"))
    assert billed(facts) == [("metered", "12-10", "01-10", "30", 120)]


def test_backdating_without_any_past_usage_has_no_first_invoice(ledger: BillingLedger) -> None:
    ledger.use("2026-01-12", "30")
    facts = ledger.subscribe("price_tokens", backdate_start_date=at("2025-11-10"))
    assert of_type(facts, InvoiceDrafted) == []


def test_classic_bills_the_backdated_stretch_in_place_of_nothing(ledger: BillingLedger) -> None:
    ledger.meter("mtr_calls")
    ledger.price("price_calls", "1", meter="mtr_calls")
    ledger.use("2026-01-10", "5")
    facts = ledger.subscribe(
        "price_tokens",
        "price_calls",
        "price_seat",
        billing_mode="classic",
        backdate_start_date=at("2026-01-01"),
    )
    assert billed(facts) == [
        ("metered", "01-01", "01-16", "5", 20),
        ("opening", "01-16", "02-16", "0", 0),
        ("licensed", "01-01", "01-16", "1", 1500),
        ("licensed", "01-16", "02-16", "1", 3100),
    ]


def test_without_prorations_the_licensed_past_is_free(ledger: BillingLedger) -> None:
    facts = ledger.subscribe(
        "price_seat", backdate_start_date=at("2025-11-10"), proration_behavior="none"
    )
    assert billed(facts) == [("licensed", "01-10", "02-10", "1", 3100)]


def test_a_known_end_cuts_the_first_period(ledger: BillingLedger) -> None:
    facts = ledger.subscribe("price_seat", cancel_at=at("2026-01-17"))
    assert billed(facts) == [("licensed", "01-16", "01-17", "1", 100)]


def test_too_long_a_past_is_refused(ledger: BillingLedger) -> None:
    ledger.price("price_daily", meter="mtr_tokens", interval="day")
    request = subscription_request("price_daily", backdate_start_date=at("2025-01-16"))
    refusal = ledger.refused(request)
    assert refusal.param == "backdate_start_date"
    assert "365 lines" in refusal.message


def test_the_customers_balance_is_settled(ledger: BillingLedger) -> None:
    ledger.customer("cus_credit", balance=-5000)
    facts = ledger.subscribe("price_seat", customer="cus_credit")
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert (final.total, final.amount_due) == (3100, 0)
    assert (final.starting_balance, final.ending_balance) == (-5000, -1900)
