"""Builds invoice items from their events."""

from typing import Any

import msgspec

from ledger.customers.events import CustomerForgotten
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.invoice_items.rows import INVOICE_ITEMS, InvoiceItemRow
from projections.runtime.forgetting import rows_of_forgotten
from projections.runtime.rows import Rows


class InvoiceItemsProjection:
    name = "invoice_items"
    version = 1
    tables = (INVOICE_ITEMS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        item = recorded.originator_id
        match recorded.event:
            case InvoiceItemCreated() as event:
                rows.put(INVOICE_ITEMS, _created(recorded, event))
            case InvoiceItemChanged(charge=charge):
                _change(rows, item, stated_charge=charge.model_dump(mode="json"))
            case InvoiceItemInvoiced(invoice=invoice, line=line):
                _change(rows, item, pending=False, invoice=invoice, line=line)
            case InvoiceItemReleased():
                _change(rows, item, pending=True, invoice=None, line=None)
            case InvoiceItemDeleted():
                rows.delete(INVOICE_ITEMS, item)
            case CustomerForgotten():
                _forget_texts(rows, recorded)
            case _:
                pass


def _created(recorded: RecordedEvent, event: InvoiceItemCreated) -> InvoiceItemRow:
    return InvoiceItemRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        customer=event.customer,
        currency=event.currency,
        stated_charge=event.charge.model_dump(mode="json"),
        subscription_item=event.subscription_item,
        test_clock=event.test_clock,
    )


def _forget_texts(rows: Rows, forgotten: RecordedEvent) -> None:
    for row in rows_of_forgotten(rows, INVOICE_ITEMS, forgotten):
        blank: dict[str, Any] = {**row.stated_charge, "description": None, "metadata": {}}
        rows.put(INVOICE_ITEMS, msgspec.structs.replace(row, stated_charge=blank))


def _change(rows: Rows, item: str, **changes: object) -> None:
    row = rows.get(INVOICE_ITEMS, item)
    if row is None:
        raise LookupError(f"invoice item {item} was never created")
    rows.put(INVOICE_ITEMS, msgspec.structs.replace(row, **changes))
