"""What is left of a forgotten customer's invoices: everything but the free text."""

import msgspec

from ledger.kernel.events import RecordedEvent
from projections.invoices.rows import INVOICES, InvoiceRow, LinePart
from projections.runtime.forgetting import rows_of_forgotten
from projections.runtime.rows import Rows


def forget_texts(rows: Rows, forgotten: RecordedEvent) -> None:
    """Take away what someone wrote on a customer's invoices."""
    for row in rows_of_forgotten(rows, INVOICES, forgotten):
        rows.put(INVOICES, _blank(row))


def _blank(row: InvoiceRow) -> InvoiceRow:
    return msgspec.structs.replace(
        row,
        description=None,
        footer=None,
        custom_fields=None,
        metadata={},
        subscription_metadata={},
        lines=tuple(_blank_line(line) for line in row.lines),
    )


def _blank_line(line: LinePart) -> LinePart:
    return msgspec.structs.replace(line, description=None, metadata={})
