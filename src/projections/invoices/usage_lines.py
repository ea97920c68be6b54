"""The invoice lines that a meter event falls on."""

from collections.abc import Sequence
from typing import NamedTuple

from projections.invoices.rows import INVOICES, InvoiceRow, LinePart
from projections.runtime.as_of import Lookup
from projections.runtime.reader import Reader


class UsageLine(NamedTuple):
    """A line with its invoice."""

    invoice: InvoiceRow
    line: LinePart


def lines_of_usage(reader: Reader, customer: str, meter: str, second: int) -> list[UsageLine]:
    """The lines of a customer for a meter whose period has a second of time, newest first.

    A meter event of that time is on each of them, if it counts and was recorded before the
    invoice was finalized. Voided invoices are left out.
    """
    rows = reader.fetch_rows(
        INVOICES,
        "ledger_id = %(ledger_id)s AND customer = %(customer)s AND status <> 'void' "
        "AND EXISTS (SELECT 1 FROM jsonb_array_elements(data->'lines') AS l "
        "WHERE l->>'meter' = %(meter)s AND (l->>'period_start')::bigint <= %(second)s "
        "AND (l->>'period_end')::bigint > %(second)s) ORDER BY sequence DESC",
        {"customer": customer, "meter": meter, "second": second},
    )
    return _lines(rows, meter, second)


def past_lines_of_usage(
    reader: Reader, past: Lookup, customer: str, meter: str, second: int, through: int
) -> list[UsageLine]:
    """The same as of a position. Metered lines are on no invoice that can be deleted, so that those
    of now are all that there were."""
    found = reader.fetch(
        f"SELECT id FROM {INVOICES.relation()} WHERE ledger_id = %(ledger_id)s "
        "AND customer = %(customer)s AND sequence <= %(through)s ORDER BY sequence DESC",
        {"customer": customer, "through": through},
    )
    rows = past.many(INVOICES, [record["id"] for record in found]).values()
    return _lines([row for row in rows if row.status != "void"], meter, second)


def _lines(rows: Sequence[InvoiceRow], meter: str, second: int) -> list[UsageLine]:
    return [
        UsageLine(row, line)
        for row in rows
        for line in row.lines
        if line.meter == meter and line.period_start <= second < line.period_end
    ]
