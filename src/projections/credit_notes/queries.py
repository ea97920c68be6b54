"""The credit notes of an invoice."""

from projections.credit_notes.rows import CREDIT_NOTES, CreditNoteRow
from projections.runtime.as_of import Lookup
from projections.runtime.reader import Reader


def standing_notes(
    reader: Reader, invoice: str, rows: Lookup, through: int | None = None
) -> list[CreditNoteRow]:
    """Those that are not void, oldest first; of the past, as `rows` has them up to a position."""
    found = reader.fetch_rows(
        CREDIT_NOTES,
        "ledger_id = %(ledger_id)s AND invoice = %(invoice)s ORDER BY sequence",
        {"invoice": invoice},
    )
    if through is not None:
        found = list(rows.many(CREDIT_NOTES, [one.id for one in found]).values())
    return [row for row in found if row.status == "issued"]
