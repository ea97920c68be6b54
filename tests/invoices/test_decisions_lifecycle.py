"""From open to paid, void or uncollectible, and what each does to the customer's balance."""

from typing import Any

import pytest

from ledger.customers.events import CustomerBalanceChanged
from ledger.invoices.commands import (
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from ledger.invoices.events import (
    FinalLine,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceMarkedUncollectible,
    InvoicePaid,
    InvoiceVoided,
    LineDiscount,
    LineTax,
)
from ledger.invoices.totals import Totals, total_up
from ledger.kernel.errors import InvalidRequest
from tests.support.billing_ledger import BillingLedger, at, of_type


@pytest.fixture
def ledger() -> BillingLedger:
    made = BillingLedger("2026-01-01")
    made.price("price_seat", "3100")
    return made


def draft(ledger: BillingLedger, **fields: Any) -> str:
    """A draft of US$31, due 14 days after it is finalized."""
    facts = ledger.subscribe(
        "price_seat", collection_method="send_invoice", days_until_due=14, **fields
    )
    [(invoice, _)] = of_type(facts, InvoiceDrafted)
    return invoice


def opened(ledger: BillingLedger, **fields: Any) -> str:
    invoice = draft(ledger, **fields)
    ledger.do(FinalizeInvoice(invoice=invoice))
    return invoice


def test_finalizing_on_request_need_not_wait(ledger: BillingLedger) -> None:
    facts = ledger.do(FinalizeInvoice(invoice=draft(ledger), auto_advance=False))
    [(_, final)] = of_type(facts, InvoiceFinalized)
    assert (final.finalized_at, final.due_date) == (at("2026-01-01"), at("2026-01-15"))
    assert (final.amount_due, final.auto_advance) == (3100, False)
    assert of_type(facts, InvoicePaid) == []


def test_a_payment_made_elsewhere_is_recorded(ledger: BillingLedger) -> None:
    invoice = opened(ledger)
    ledger.now = at("2026-01-05")
    facts = ledger.do(PayInvoice(invoice=invoice, paid_out_of_band=True))
    paid = InvoicePaid(paid_at=ledger.now, paid_out_of_band=True, amount=3100)
    assert facts == [(invoice, paid)]


def test_no_money_moves(ledger: BillingLedger) -> None:
    refusal = ledger.refused(PayInvoice(invoice=opened(ledger)))
    assert refusal.param == "paid_out_of_band"
    assert "No money moves" in refusal.message


def test_what_is_uncollectible_can_still_be_paid_or_voided(ledger: BillingLedger) -> None:
    invoice = opened(ledger)
    marked = InvoiceMarkedUncollectible(marked_at=ledger.now)
    assert ledger.do(MarkInvoiceUncollectible(invoice=invoice)) == [(invoice, marked)]
    assert "uncollectible" in ledger.refused(MarkInvoiceUncollectible(invoice=invoice)).message
    ledger.do(PayInvoice(invoice=invoice, paid_out_of_band=True))
    other = opened(ledger, subscription="sub_b")
    ledger.do(MarkInvoiceUncollectible(invoice=other))
    assert ledger.do(VoidInvoice(invoice=other)) == [(other, InvoiceVoided(voided_at=ledger.now))]


def test_a_draft_is_neither_paid_nor_voided_nor_written_off(ledger: BillingLedger) -> None:
    invoice = draft(ledger)
    commands = (
        PayInvoice(invoice=invoice, paid_out_of_band=True),
        VoidInvoice(invoice=invoice),
        MarkInvoiceUncollectible(invoice=invoice),
    )
    for command in commands:
        refusal = ledger.refused(command)
        assert isinstance(refusal, InvalidRequest)
        assert "draft" in refusal.message


def test_paid_and_void_are_the_end(ledger: BillingLedger) -> None:
    paid, voided = opened(ledger), opened(ledger, subscription="sub_b")
    ledger.do(PayInvoice(invoice=paid, paid_out_of_band=True))
    ledger.do(VoidInvoice(invoice=voided))
    assert "already paid" in ledger.refused(PayInvoice(invoice=paid)).message
    assert "voided" in ledger.refused(PayInvoice(invoice=voided)).message
    for invoice in (paid, voided):
        for command in (VoidInvoice(invoice=invoice), MarkInvoiceUncollectible(invoice=invoice)):
            assert isinstance(ledger.refused(command), InvalidRequest)


def test_an_unknown_invoice_is_not_found(ledger: BillingLedger) -> None:
    for invoice in ("in_unknown", "sub_a"):
        assert ledger.refused(VoidInvoice(invoice=invoice)).code == "resource_missing"


def test_voiding_gives_back_the_credit_that_was_used(ledger: BillingLedger) -> None:
    ledger.customer("cus_credit", balance=-1000)
    invoice = opened(ledger, customer="cus_credit")
    ledger.do(VoidInvoice(invoice=invoice))
    balances = [
        (event.balance, event.change, event.invoice)
        for event in ledger.stream("cus_credit")
        if isinstance(event, CustomerBalanceChanged)
    ]
    assert balances == [(0, 1000, invoice), (-1000, -1000, invoice)]


@pytest.mark.parametrize(
    ("amounts", "balance", "due", "left"),
    [
        ([120, 80], 0, 200, 0),
        ([], 0, 0, 0),
        ([200], -50, 150, 0),
        ([200], -200, 0, 0),
        ([200], -250, 0, -50),
        ([200], 30, 230, 0),
        ([-200], 0, 0, -200),
        ([-200], -50, 0, -250),
        ([-200], 250, 50, 0),
        ([0], 30, 30, 0),
    ],
)
def test_totals_settle_the_balance(amounts: list[int], balance: int, due: int, left: int) -> None:
    totals = total_up([rated(amount) for amount in amounts], balance)
    assert totals.subtotal == totals.total == sum(amounts)
    assert (totals.starting_balance, totals.amount_due, totals.ending_balance) == (
        balance,
        due,
        left,
    )


def test_discounts_lower_the_total_and_exclusive_taxes_raise_it() -> None:
    line = rated(1000).model_copy(
        update={
            "discounts": (LineDiscount(discount="di_1", amount=100),),
            "taxes": (tax(90, inclusive=False), tax(43, inclusive=True)),
        }
    )
    totals = total_up([line, rated(-200)], 0)
    assert totals == Totals(
        subtotal=800,
        discount_total=100,
        tax_exclusive=90,
        tax_inclusive=43,
        total=790,
        starting_balance=0,
        ending_balance=0,
        amount_due=790,
    )


def test_totals_beyond_64_bits_are_refused() -> None:
    with pytest.raises(InvalidRequest):
        total_up([rated(2**63 - 1), rated(1)], 0)


def rated(amount: int) -> FinalLine:
    return FinalLine(
        id="il_a", quantity="1", amount=amount, price=None, price_version=None, evidence=None
    )


def tax(amount: int, *, inclusive: bool) -> LineTax:
    return LineTax(
        tax_rate="txr_a",
        amount=amount,
        taxable_amount=900,
        inclusive=inclusive,
        reason="standard_rated",
    )
