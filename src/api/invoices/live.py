"""What drafts and invoices to come amount to now. Nothing is recorded."""

from collections.abc import Callable, Sequence

import msgspec

from api.http.call import View
from api.invoices.previewed_rows import with_previewed
from ledger.audit.history import PastStreams, PastWork
from ledger.invoices.bill import Bill
from ledger.invoices.finalizing import bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.loading import require_invoice
from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id, new_id
from ledger.store.work import Work
from projections.customers.rows import CUSTOMERS
from projections.invoices.bills import drafted, rated
from projections.invoices.rows import InvoiceRow
from projections.prices.rows import PRICES
from projections.products.rows import PRODUCTS
from projections.runtime.reader import Reader


def with_amounts(view: View, rows: Sequence[InvoiceRow]) -> list[InvoiceRow]:
    """Drafts rated with the usage recorded so far, all others as they were issued.

    A draft that cannot be rated, as its amount is too large, says so and is shown without amounts.
    """
    if all(row.status != "draft" for row in rows):
        return list(rows)
    work = work_of(view)
    shown = [_rated(view, work, row) if row.status == "draft" else row for row in rows]
    view.streams.update(work.read_versions)
    return shown


def _rated(view: View, work: Work, row: InvoiceRow) -> InvoiceRow:
    draft = require_invoice(work, row.id).draft
    try:
        return rated(row, bill_now(work, usage_readers(view), draft))
    except InvalidRequest as refusal:
        return msgspec.structs.replace(row, finalization_error=refusal.message)


def preview(view: View, bill: Callable[[Work, UsageReaders], Bill]) -> tuple[View, InvoiceRow]:
    """The row of an invoice to come, as `bill` makes it, and the view that it is shown in. Its id
    is no invoice's."""
    work = work_of(view)
    made = bill(work, usage_readers(view))
    view.streams.update(work.read_versions)
    period = made.draft.period
    invoice_id = derived_id(
        "upcoming_in", made.draft.subscription, period.start.isoformat(), period.end.isoformat()
    )
    row = rated(drafted(invoice_id, 0, made.draft), made)
    if isinstance(view.rows, Reader):
        view.rows.wait_for(CUSTOMERS, PRICES, PRODUCTS)
    upcoming = msgspec.structs.replace(
        _named(view, row), billing_reason="upcoming", automatically_finalizes_at=None
    )
    return with_previewed(view, work.pending), upcoming


def _named(view: View, row: InvoiceRow) -> InvoiceRow:
    """The row with its products' names of now."""
    ids = {line.product for line in row.lines if line.product is not None}
    products = view.rows.many(PRODUCTS, ids)
    lines = tuple(
        msgspec.structs.replace(line, product_name=product.name) if product else line
        for line in row.lines
        for product in (products.get(line.product or ""),)
    )
    return msgspec.structs.replace(row, lines=lines)


def work_of(view: View) -> Work:
    """The log as the view has it, for decisions that are recorded nowhere."""
    circumstances = Circumstances(
        now=view.now, actor="system:reader", correlation_id=new_id("read")
    )
    ledger = view.services.application(view.identity)
    if view.as_of is None:
        return ledger.work(circumstances)
    return PastWork(
        ledger.identity,
        circumstances,
        ledger.recorder,
        ledger.mapper,
        through=view.as_of.position,
        streams=PastStreams(ledger, shown=True),
    )


def usage_readers(view: View) -> UsageReaders:
    """Usage as the view has it: of now from rollups, of the past event by event."""
    services = view.services
    return services.live_usage_reader if view.as_of is None else services.usage_reader
