"""Which of a forgotten customer's objects hold text of the caller's own that can still be read.

Descriptions, footers, notes and metadata of invoices, subscriptions, invoice items and credit notes
are stored sealed, as the customer's own fields are. Earlier releases stored them in the clear.
"""

from typing import Any, Final, LiteralString, cast

import msgspec

from ledger.store.event_sourcing import EventSourcedLedger
from projections.credit_notes.rows import CREDIT_NOTES
from projections.invoice_items.rows import INVOICE_ITEMS
from projections.invoices.rows import INVOICES
from projections.runtime.reader import Reader
from projections.runtime.tables import Table
from projections.subscriptions.rows import SUBSCRIPTIONS

_TABLES: tuple[Table[Any], ...] = (CREDIT_NOTES, INVOICE_ITEMS, INVOICES, SUBSCRIPTIONS)
_OF_CUSTOMER: Final[LiteralString] = "ledger_id = %(ledger_id)s AND customer = %(customer)s"
_TEXTS: Final = frozenset(
    {
        "comment",
        "custom_fields",
        "description",
        "footer",
        "memo",
        "metadata",
        "subscription_metadata",
    }
)


def objects_with_free_text(
    ledger: EventSourcedLedger, reader: Reader, customer_id: str
) -> list[str]:
    """Ids of a customer's objects whose events, also earlier ones, hold such text."""
    ids = [one for table in _TABLES for one in _ids(reader, table, customer_id)]
    stored = ledger.recorder.select_streams(dict.fromkeys(ids, 0))
    opened = ((one.originator_id, ledger.mapper.opened(one).data) for one in stored)
    return sorted({str(of) for of, data in opened if _has_text(msgspec.json.decode(data))})


def _ids(reader: Reader, table: Table[Any], customer_id: str) -> list[str]:
    rows = reader.fetch_rows(table, _OF_CUSTOMER, {"customer": customer_id})
    return [row.id for row in rows]


def _has_text(value: Any) -> bool:
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return any(
            bool(field) if _is_free(name, fields) else _has_text(field)
            for name, field in fields.items()
        )
    return isinstance(value, list) and any(map(_has_text, cast("list[Any]", value)))


def _is_free(name: str, fields: dict[str, Any]) -> bool:
    """Whether a field is text of the caller's; the ledger itself describes what it prorates, and
    what it adjusts for late usage."""
    own = name == "description" and (fields.get("proration") or fields.get("late_usage"))
    return name in _TEXTS and not own
