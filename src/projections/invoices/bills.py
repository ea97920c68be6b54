"""Rows from drafts and bills: what a draft will bill, and what it comes to."""

from collections.abc import Iterable

import msgspec

from ledger.invoices.bill import Bill
from ledger.invoices.events import DraftLine, FinalLine, InvoiceDrafted
from ledger.kernel.clock import to_epoch
from projections.invoices.rows import AmountsPart, InvoiceRow, LinePart


def drafted(invoice_id: str, sequence: int, draft: InvoiceDrafted) -> InvoiceRow:
    """The row of a draft, without amounts. Its products go by their ids until they are named."""
    finalizes_at = draft.automatically_finalizes_at
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
        lines=tuple(_line(line) for line in draft.lines),
        collection_method=draft.collection_method,
        days_until_due=draft.days_until_due,
        auto_advance=draft.auto_advance,
        automatically_finalizes_at=None if finalizes_at is None else to_epoch(finalizes_at),
        default_payment_method=draft.default_payment_method,
        description=draft.description,
        metadata=draft.metadata,
        test_clock=draft.test_clock,
    )


def rated(row: InvoiceRow, bill: Bill) -> InvoiceRow:
    """A draft's row with the amounts of a bill that is not recorded."""
    totals = bill.totals
    amounts = AmountsPart(
        subtotal=totals.subtotal,
        total=totals.total,
        starting_balance=totals.starting_balance,
        amount_due=totals.amount_due,
    )
    return msgspec.structs.replace(with_lines(row, bill.lines), amounts=amounts)


def with_lines(row: InvoiceRow, lines: Iterable[FinalLine]) -> InvoiceRow:
    """The row with rated lines; drafted ones that are not among them are left out."""
    by_id = {line.id: line for line in row.lines}
    return msgspec.structs.replace(
        row, lines=tuple(_rated_line(by_id[line.id], line) for line in lines)
    )


def _line(line: DraftLine) -> LinePart:
    return LinePart(
        id=line.id,
        kind=line.kind,
        subscription_item=line.subscription_item,
        price=line.price,
        product=line.product,
        product_name=line.product,
        meter=line.meter,
        period_start=to_epoch(line.period.start),
        period_end=to_epoch(line.period.end),
        prorated=line.prorated_of is not None,
    )


def _rated_line(drafted_line: LinePart, line: FinalLine) -> LinePart:
    return msgspec.structs.replace(
        drafted_line,
        quantity=line.quantity,
        amount=line.amount,
        meter_events=None if line.evidence is None else line.evidence.meter_events,
    )
