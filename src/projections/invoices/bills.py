"""Rows from drafts and bills: what a draft will bill, and what it comes to."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from ledger.invoices.bill import Bill
from ledger.invoices.events import FinalLine, InvoiceDetails, InvoiceDrafted
from ledger.kernel.clock import to_epoch
from projections.invoices.lines import discount_part, drafted_line, rated_line
from projections.invoices.rows import AmountsPart, InvoiceRow


def drafted(invoice_id: str, sequence: int, draft: InvoiceDrafted) -> InvoiceRow:
    """The row of a draft, without amounts. Its products go by their ids until they are named."""
    return InvoiceRow(
        id=invoice_id,
        sequence=sequence,
        created=to_epoch(draft.created),
        livemode=draft.livemode,
        customer=draft.customer,
        subscription=draft.subscription,
        subscription_metadata=draft.subscription_metadata,
        billing_reason=draft.billing_reason,
        currency=draft.currency,
        period_start=to_epoch(draft.period.start),
        period_end=to_epoch(draft.period.end),
        lines=tuple(drafted_line(line) for line in draft.lines),
        test_clock=draft.test_clock,
        **_details(draft.details),
    )


def with_details(row: InvoiceRow, details: InvoiceDetails) -> InvoiceRow:
    """The row with details as they were changed; a finalized invoice is due when it was."""
    changed = msgspec.structs.replace(row, **_details(details))
    if row.status == "draft":
        return changed
    return msgspec.structs.replace(changed, due_date=row.due_date, automatically_finalizes_at=None)


def _details(details: InvoiceDetails) -> dict[str, Any]:
    fields = details.custom_fields
    return {
        "collection_method": details.collection_method,
        "days_until_due": details.days_until_due,
        "due_date": _epoch(details.due_date),
        "auto_advance": details.auto_advance,
        "automatically_finalizes_at": _epoch(details.automatically_finalizes_at),
        "default_payment_method": details.default_payment_method,
        "description": details.description,
        "footer": details.footer,
        "custom_fields": None if fields is None else tuple(one.model_dump() for one in fields),
        "settings": details.settings,
        "metadata": details.metadata,
        "default_tax_rates": details.default_tax_rates,
        "discounts": tuple(discount_part(discount) for discount in details.discounts),
    }


def rated(row: InvoiceRow, bill: Bill) -> InvoiceRow:
    """A draft's row with the amounts of a bill that is not recorded."""
    totals = bill.totals
    amounts = AmountsPart(
        subtotal=totals.subtotal,
        discount_total=totals.discount_total,
        tax_exclusive=totals.tax_exclusive,
        tax_inclusive=totals.tax_inclusive,
        total=totals.total,
        starting_balance=totals.starting_balance,
        amount_due=totals.amount_due,
    )
    return msgspec.structs.replace(with_lines(row, bill.lines), amounts=amounts)


def with_lines(row: InvoiceRow, lines: Iterable[FinalLine]) -> InvoiceRow:
    """The row with rated lines; drafted ones that are not among them are left out."""
    by_id = {line.id: line for line in row.lines}
    return msgspec.structs.replace(
        row, lines=tuple(rated_line(by_id[line.id], line) for line in lines)
    )


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else to_epoch(moment)
