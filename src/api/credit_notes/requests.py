"""From the parameters of a credit note to what is asked of the ledger."""

from api.credit_notes.params import CreditNoteFields, CreditNoteLineParams
from ledger.credit_notes.commands import CreditLine, IssueCreditNote
from ledger.kernel.ids import new_id


def issue_request(asked: CreditNoteFields) -> IssueCreditNote:
    """No e-mail is sent, whatever `email_type` says."""
    return IssueCreditNote(
        credit_note=new_id("cn"),
        invoice=asked.invoice,
        amount=asked.amount,
        lines=tuple(_line(line) for line in asked.lines),
        credit_amount=asked.credit_amount,
        out_of_band_amount=asked.out_of_band_amount,
        reason=asked.reason,
        memo=asked.memo,
        metadata=asked.metadata or {},
        effective_at=asked.effective_at,
    )


def _line(line: CreditNoteLineParams) -> CreditLine:
    return CreditLine(
        kind=line.type,
        invoice_line_item=line.invoice_line_item,
        amount=line.amount,
        quantity=line.quantity,
        unit_amount=line.unit,
        tax_rates=tuple(dict.fromkeys(line.tax_rates or ())),
        description=line.description,
        metadata=line.metadata or {},
    )
