"""Builds credit notes from their events, and from what their invoices tell of them."""

import msgspec

from ledger.credit_notes.events import CreditNoteDetailsChanged, CreditNoteIssued, CreditNoteLine
from ledger.customers.events import CustomerForgotten
from ledger.invoices.events import InvoiceCreditVoided
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.credit_notes.rows import CREDIT_NOTES, CreditLinePart, CreditNoteRow
from projections.invoices.rows import LineDiscountPart, LineTaxPart
from projections.runtime.forgetting import rows_of_forgotten
from projections.runtime.rows import Rows


class CreditNotesProjection:
    name = "credit_notes"
    version = 1
    tables = (CREDIT_NOTES,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case CreditNoteIssued() as event:
                rows.put(CREDIT_NOTES, issued(recorded.originator_id, recorded.position, event))
            case CreditNoteDetailsChanged() as event:
                note = recorded.originator_id
                _change(rows, note, memo=event.memo, metadata=event.metadata)
            case InvoiceCreditVoided() as event:
                at = to_epoch(event.voided_at)
                _change(rows, event.credit_note, status="void", voided_at=at)
            case CustomerForgotten():
                _forget_texts(rows, recorded)
            case _:
                pass


def issued(credit_note: str, sequence: int, event: CreditNoteIssued) -> CreditNoteRow:
    """The row of a note as it was issued, or as it would be."""
    effective_at = event.effective_at
    return CreditNoteRow(
        id=credit_note,
        sequence=sequence,
        created=to_epoch(event.issued_at),
        livemode=event.livemode,
        invoice=event.invoice,
        customer=event.customer,
        number=event.number,
        currency=event.currency,
        lines=tuple(_line(line) for line in event.lines),
        subtotal=event.subtotal,
        discount_total=event.discount_total,
        tax_exclusive=event.tax_exclusive,
        tax_inclusive=event.tax_inclusive,
        total=event.total,
        pre_payment=event.pre_payment,
        post_payment=event.post_payment,
        credit_amount=event.credit_amount,
        out_of_band_amount=event.out_of_band_amount,
        balance_transaction=event.balance_transaction,
        reason=event.reason,
        memo=event.memo,
        metadata=event.metadata,
        effective_at=None if effective_at is None else to_epoch(effective_at),
    )


def _line(line: CreditNoteLine) -> CreditLinePart:
    return CreditLinePart(
        id=line.id,
        kind=line.kind,
        invoice_line_item=line.invoice_line_item,
        amount=line.amount,
        quantity=line.quantity,
        unit_amount_decimal=line.unit_amount_decimal,
        description=line.description,
        metadata=line.metadata,
        discounts=tuple(LineDiscountPart(d.discount, d.amount) for d in line.discounts),
        taxes=tuple(
            LineTaxPart(tax.tax_rate, tax.amount, tax.taxable_amount, tax.inclusive, tax.reason)
            for tax in line.taxes
        ),
    )


def _forget_texts(rows: Rows, forgotten: RecordedEvent) -> None:
    for row in rows_of_forgotten(rows, CREDIT_NOTES, forgotten):
        lines = tuple(
            msgspec.structs.replace(line, description=None, metadata={}) for line in row.lines
        )
        blank = msgspec.structs.replace(row, memo=None, metadata={}, lines=lines)
        rows.put(CREDIT_NOTES, blank)


def _change(rows: Rows, credit_note: str, **changes: object) -> None:
    row = rows.get(CREDIT_NOTES, credit_note)
    if row is None:
        raise LookupError(f"credit note {credit_note} was never issued")
    rows.put(CREDIT_NOTES, msgspec.structs.replace(row, **changes))
