"""The read models after credit notes: the notes themselves, and what became of their invoices."""

import pytest

from ledger.credit_notes.commands import UpdateCreditNote, VoidCreditNote
from ledger.invoices.commands import PayInvoice, VoidInvoice
from ledger.kernel.events import DomainEvent
from projections.credit_notes.projection import CreditNotesProjection
from projections.credit_notes.rows import CREDIT_NOTES, CreditNoteRow
from projections.invoices.projection import InvoicesProjection
from projections.invoices.rows import INVOICES, InvoiceRow
from tests.credit_notes.credited_ledger import CreditedLedger, custom, line
from tests.support.recorded import rows_after


@pytest.fixture
def ledger() -> CreditedLedger:
    made = CreditedLedger()
    made.invoice_of(line("il_1", 10000, off={"di_1": 1000}, tax={"txr_1": 900}))
    return made


def facts(ledger: CreditedLedger) -> list[tuple[str, DomainEvent]]:
    """The notes' own streams before the invoice's, which tells of them."""
    names = [credit.credit_note for credit in ledger.state().credits]
    return [(name, event) for name in (*names, "in_1") for event in ledger.stream(name)]


def note(ledger: CreditedLedger, credit_note: str = "cn_1") -> CreditNoteRow:
    row = rows_after(CreditNotesProjection(), *facts(ledger)).get(CREDIT_NOTES, credit_note)
    assert row is not None
    assert CREDIT_NOTES.decode(CREDIT_NOTES.document_of(row)) == row
    return row


def invoice(ledger: CreditedLedger) -> InvoiceRow:
    drafted, *rest = [("in_1", event) for event in ledger.stream("in_1")]
    without_lines = [
        (name, event.model_copy(update={"lines": ()}) if "final" in event.TOPIC else event)
        for name, event in rest
    ]
    row = rows_after(InvoicesProjection(), drafted, *without_lines).get(INVOICES, "in_1")
    assert row is not None
    return row


def test_a_note_with_its_lines(ledger: CreditedLedger) -> None:
    ledger.credit(amount=99, reason="duplicate", memo="Sorry", metadata={"a": "b"})
    row = note(ledger)
    assert (row.number, row.status, row.voided_at) == ("TALLY123-0001-CN-01", "issued", None)
    assert (row.total, row.pre_payment, row.post_payment) == (99, 99, 0)
    assert (row.subtotal, row.discount_total, row.tax_exclusive) == (100, 10, 9)
    assert (row.reason, row.memo, row.metadata) == ("duplicate", "Sorry", {"a": "b"})
    [one] = row.lines
    assert (one.invoice_line_item, one.amount) == ("il_1", 100)
    assert [(each.discount, each.amount) for each in one.discounts] == [("di_1", 10)]
    assert [(each.tax_rate, each.amount) for each in one.taxes] == [("txr_1", 9)]


def test_a_custom_line(ledger: CreditedLedger) -> None:
    ledger.credit(lines=(custom(unit_amount="2.5", quantity=3, description="Trouble"),))
    [one] = note(ledger).lines
    assert (one.kind, one.amount, one.quantity) == ("custom_line_item", 8, 3)
    assert (one.unit_amount_decimal, one.description) == ("2.5", "Trouble")


def test_details_change(ledger: CreditedLedger) -> None:
    ledger.credit(amount=1, memo="Sorry")
    ledger.do(UpdateCreditNote(credit_note="cn_1", memo=None, metadata={"a": "b"}))
    rows = rows_after(CreditNotesProjection(), *facts(ledger))
    row = rows.get(CREDIT_NOTES, "cn_1")
    assert row is not None
    assert (row.memo, row.metadata, row.total) == (None, {"a": "b"}, 1)


def test_a_void_note_stands_no_more(ledger: CreditedLedger) -> None:
    ledger.credit(amount=500)
    ledger.credit(amount=600)
    ledger.do(VoidCreditNote(credit_note="cn_1"))
    assert (note(ledger).status, note(ledger).voided_at) == ("void", 1769904000)
    assert note(ledger, "cn_2").status == "issued"
    amounts = invoice(ledger).amounts
    assert (amounts.pre_payment_credited, amounts.amount_remaining) == (600, 9300)


def test_voiding_the_invoice_voids_its_notes(ledger: CreditedLedger) -> None:
    ledger.credit(amount=500)
    ledger.do(VoidInvoice(invoice="in_1"))
    assert note(ledger).status == "void"
    assert invoice(ledger).amounts.pre_payment_credited == 0


def test_an_invoice_tells_what_was_credited_before_and_after_its_payment(
    ledger: CreditedLedger,
) -> None:
    ledger.credit(amount=900)
    ledger.do(PayInvoice(invoice="in_1", paid_out_of_band=True))
    ledger.credit(amount=100, credit_amount=100)
    row = invoice(ledger)
    assert row.status == "paid"
    assert (row.amounts.amount_due, row.amounts.amount_paid) == (9900, 9000)
    assert (row.amounts.pre_payment_credited, row.amounts.post_payment_credited) == (900, 100)
    assert row.amounts.amount_remaining == 0
