"""Credit notes after their issue: numbers, voiding, and what may be changed."""

import pytest

from ledger.credit_notes.commands import UpdateCreditNote, VoidCreditNote
from ledger.credit_notes.events import CreditNoteDetailsChanged
from ledger.customers.events import CustomerBalanceChanged
from ledger.invoices.aggregate import Settlement
from ledger.invoices.commands import MarkInvoiceUncollectible, PayInvoice, VoidInvoice
from ledger.invoices.events import InvoiceCreditVoided, InvoicePaid, InvoiceVoided
from ledger.kernel.errors import NotFound
from tests.credit_notes.credited_ledger import CreditedLedger, line, of_invoice
from tests.support.billing_ledger import of_type

VOID_1 = VoidCreditNote(credit_note="cn_1")


@pytest.fixture
def ledger() -> CreditedLedger:
    made = CreditedLedger()
    made.invoice_of(line("il_1", 10000, off={"di_1": 1000}, tax={"txr_1": 900}))
    return made


def test_voiding_a_note_raises_what_remains(ledger: CreditedLedger) -> None:
    ledger.credit(amount=4000)
    assert ledger.do(VOID_1) == [
        (
            "in_1",
            InvoiceCreditVoided(
                credit_note="cn_1", pre_payment=4000, post_payment=0, voided_at=ledger.now
            ),
        )
    ]
    assert ledger.settled() == Settlement(9900, 0, 0, 9900, 9900)


def test_what_a_void_note_credited_can_be_credited_again(ledger: CreditedLedger) -> None:
    ledger.credit(lines=(of_invoice("il_1", amount=9000),))
    ledger.do(VOID_1)
    note = ledger.credit(lines=(of_invoice("il_1", amount=10000),))
    assert (note.total, ledger.settled().remaining) == (9900, 0)


def test_numbers_count_without_gaps_whatever_is_voided(ledger: CreditedLedger) -> None:
    numbers = [ledger.credit(amount=1).number]
    ledger.do(VOID_1)
    numbers += [ledger.credit(amount=1).number for _ in range(2)]
    assert numbers == [f"TALLY123-0001-CN-0{n}" for n in (1, 2, 3)]


def test_a_note_is_voided_once(ledger: CreditedLedger) -> None:
    ledger.credit(amount=1)
    ledger.do(VOID_1)
    assert "already void" in ledger.refused(VOID_1).message


def test_only_notes_of_open_invoices_are_voided(ledger: CreditedLedger) -> None:
    ledger.credit(amount=1)
    ledger.do(MarkInvoiceUncollectible(invoice="in_1"))
    assert "uncollectible" in ledger.refused(VOID_1).message
    ledger.do(PayInvoice(invoice="in_1", paid_out_of_band=True))
    assert "paid" in ledger.refused(VOID_1).message


def test_a_note_that_made_its_invoice_paid_stays(ledger: CreditedLedger) -> None:
    ledger.credit(amount=9900)
    assert "paid" in ledger.refused(VOID_1).message


def test_voiding_an_invoice_voids_its_notes_and_gives_back_what_it_used() -> None:
    ledger = CreditedLedger()
    ledger.customer("cus_credit", balance=-3000)
    ledger.invoice_of(line("il_1", 10000), customer="cus_credit", balance=-3000)
    ledger.given(
        "cus_credit",
        CustomerBalanceChanged(
            transaction=None,
            kind="applied_to_invoice",
            balance=0,
            change=3000,
            currency="usd",
            invoice="in_1",
            credit_note=None,
            personal=None,
            at=ledger.now,
        ),
    )
    ledger.credit(amount=500)
    ledger.credit(amount=600)
    ledger.do(VOID_1)
    facts = ledger.do(VoidInvoice(invoice="in_1"))
    assert [event.credit_note for _, event in of_type(facts, InvoiceCreditVoided)] == ["cn_2"]
    assert len(of_type(facts, InvoiceVoided)) == 1
    assert ledger.balance("cus_credit") == -3000
    assert ledger.settled() == Settlement(7000, 0, 0, 7000, 10000)
    second = VoidCreditNote(credit_note="cn_2")
    assert "already void" in ledger.refused(second).message


def test_an_uncollectible_invoice_is_paid_by_what_remains(ledger: CreditedLedger) -> None:
    ledger.credit(amount=900)
    ledger.do(MarkInvoiceUncollectible(invoice="in_1"))
    facts = ledger.do(PayInvoice(invoice="in_1", paid_out_of_band=True))
    assert [paid.amount for _, paid in of_type(facts, InvoicePaid)] == [9000]
    assert ledger.settled() == Settlement(9900, 900, 9000, 0, 9000)


def test_memo_and_metadata_may_change(ledger: CreditedLedger) -> None:
    ledger.credit(amount=1, memo="Sorry", metadata={"a": "1", "b": "2"})
    merged = {"b": "2", "c": "3"}
    change = UpdateCreditNote(credit_note="cn_1", metadata={"a": "", "c": "3"})
    assert ledger.do(change) == [("cn_1", CreditNoteDetailsChanged(memo="Sorry", metadata=merged))]
    assert ledger.do(change) == []
    cleared = UpdateCreditNote(credit_note="cn_1", memo=None)
    assert ledger.do(cleared) == [("cn_1", CreditNoteDetailsChanged(memo=None, metadata=merged))]


@pytest.mark.parametrize("stranger", ["cn_x", "in_1", ""])
def test_what_is_no_credit_note_is_not_found(ledger: CreditedLedger, stranger: str) -> None:
    assert isinstance(ledger.refused(VoidCreditNote(credit_note=stranger)), NotFound)
    assert isinstance(ledger.refused(UpdateCreditNote(credit_note=stranger)), NotFound)
