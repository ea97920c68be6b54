"""The credit notes of an invoice."""

from projections.credit_notes.rows import CREDIT_NOTES, CreditNoteRow
from projections.runtime.reader import Reader


def standing_notes(reader: Reader, invoice: str) -> list[CreditNoteRow]:
    """Those that are not void, oldest first."""
    rows = reader.fetch_rows(
        CREDIT_NOTES,
        "ledger_id = %(ledger_id)s AND invoice = %(invoice)s ORDER BY sequence",
        {"invoice": invoice},
    )
    return [row for row in rows if row.status == "issued"]
