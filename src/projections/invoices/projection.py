"""Builds invoices from their events."""

from datetime import datetime

import msgspec

from ledger.customers.events import CustomerForgotten
from ledger.invoices.events import (
    InvoiceCredited,
    InvoiceCreditVoided,
    InvoiceDeleted,
    InvoiceDetailsChanged,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
    InvoiceMarkedUncollectible,
    InvoicePaid,
    InvoiceVoided,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.products.events import ProductCreated, ProductDetailsChanged
from projections.invoices.bills import drafted, with_details, with_lines
from projections.invoices.forgetting import forget_texts
from projections.invoices.lines import with_changed_lines
from projections.invoices.rows import (
    INVOICES,
    PRODUCT_NAMES,
    AmountsPart,
    InvoiceRow,
    LinePart,
    ProductNameRow,
)
from projections.runtime.rows import Rows


class InvoicesProjection:
    name = "invoices"
    version = 2
    tables = (INVOICES, PRODUCT_NAMES)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        invoice = recorded.originator_id
        match recorded.event:
            case InvoiceDrafted() as event:
                row = drafted(invoice, recorded.position, event)
                rows.put(INVOICES, _named(rows, row))
            case InvoiceFinalized() as event:
                rows.put(INVOICES, _finalized(_named(rows, _known(rows, invoice)), event))
            case InvoicePaid() as event:
                _pay(rows, invoice, event)
            case InvoiceVoided() as event:
                _end(rows, invoice, event.voided_at, status="void", field="voided_at")
            case InvoiceMarkedUncollectible() as event:
                at, field = event.marked_at, "marked_uncollectible_at"
                _end(rows, invoice, at, status="uncollectible", field=field)
            case ProductCreated(product=product, details=details):
                rows.put(PRODUCT_NAMES, ProductNameRow(product, details.name))
            case ProductDetailsChanged(product=product, details=details):
                rows.put(PRODUCT_NAMES, ProductNameRow(product, details.name))
            case _:
                _edit(recorded, rows)


def _edit(recorded: RecordedEvent, rows: Rows) -> None:
    invoice = recorded.originator_id
    match recorded.event:
        case InvoiceLinesChanged() as event:
            row = with_changed_lines(_known(rows, invoice), event)
            rows.put(INVOICES, _named(rows, row))
        case InvoiceDetailsChanged(details=details):
            rows.put(INVOICES, with_details(_known(rows, invoice), details))
        case CustomerForgotten():
            forget_texts(rows, recorded)
        case InvoiceDeleted():
            rows.delete(INVOICES, invoice)
        case InvoiceCredited(pre_payment=before, post_payment=after):
            _credit(rows, invoice, before, after)
        case InvoiceCreditVoided(pre_payment=before, post_payment=after):
            _credit(rows, invoice, -before, -after)
        case _:
            pass


def _finalized(row: InvoiceRow, event: InvoiceFinalized) -> InvoiceRow:
    return msgspec.structs.replace(
        with_lines(row, event.lines),
        status="open",
        number=event.number,
        finalized_at=to_epoch(event.finalized_at),
        due_date=None if event.due_date is None else to_epoch(event.due_date),
        auto_advance=event.auto_advance,
        automatically_finalizes_at=None,
        through_position=event.through_position,
        engine_version=event.engine_version,
        document_sha256=event.document_sha256,
        amounts=AmountsPart(
            subtotal=event.subtotal,
            discount_total=event.discount_total,
            tax_exclusive=event.tax_exclusive,
            tax_inclusive=event.tax_inclusive,
            total=event.total,
            starting_balance=event.starting_balance,
            ending_balance=event.ending_balance,
            amount_due=event.amount_due,
        ),
    )


def _named(rows: Rows, row: InvoiceRow) -> InvoiceRow:
    """The invoice with the names that its products have now."""
    lines = tuple(_with_name(rows, line) for line in row.lines)
    return msgspec.structs.replace(row, lines=lines)


def _with_name(rows: Rows, line: LinePart) -> LinePart:
    named = None if line.product is None else rows.get(PRODUCT_NAMES, line.product)
    return line if named is None else msgspec.structs.replace(line, product_name=named.name)


def _pay(rows: Rows, invoice: str, event: InvoicePaid) -> None:
    row = _known(rows, invoice)
    paid = msgspec.structs.replace(
        row,
        status="paid",
        paid_at=to_epoch(event.paid_at),
        paid_out_of_band=event.paid_out_of_band,
        amounts=msgspec.structs.replace(row.amounts, amount_paid=event.amount),
    )
    rows.put(INVOICES, paid)


def _credit(rows: Rows, invoice: str, before: int, after: int) -> None:
    row = _known(rows, invoice)
    amounts = msgspec.structs.replace(
        row.amounts,
        pre_payment_credited=row.amounts.pre_payment_credited + before,
        post_payment_credited=row.amounts.post_payment_credited + after,
    )
    rows.put(INVOICES, msgspec.structs.replace(row, amounts=amounts))


def _end(rows: Rows, invoice: str, at: datetime, *, status: str, field: str) -> None:
    changes = {"status": status, field: to_epoch(at)}
    rows.put(INVOICES, msgspec.structs.replace(_known(rows, invoice), **changes))


def _known(rows: Rows, invoice: str) -> InvoiceRow:
    row = rows.get(INVOICES, invoice)
    if row is None:
        raise LookupError(f"invoice {invoice} was never drafted")
    return row
