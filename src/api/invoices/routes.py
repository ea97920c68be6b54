"""`/v1/invoices`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object, page_of
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Resource, Route, query
from api.invoices.live import with_amounts
from api.invoices.objects import invoice_object, invoice_objects, preview_object
from api.invoices.objects_lines import line_object
from api.invoices.params import (
    InvoiceFinalize,
    InvoiceLines,
    InvoiceList,
    InvoicePay,
)
from api.invoices.params_preview import InvoicePreview
from api.invoices.previews import asked_preview
from api.prices.objects import price_rows
from ledger.invoices.commands import (
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from ledger.kernel.errors import NotFound
from projections.invoices.rows import INVOICES, InvoiceRow

TAG = "Invoices"
RETURNS = "invoice"
INVOICE = Resource(TAG, RETURNS, "in")
LINE = Resource(TAG, "line_item", "il")
ALL = "/v1/invoices"
ONE = f"{ALL}/{{invoice:str}}"


def _finalize(call: Call[InvoiceFinalize]) -> FinalizeInvoice:
    return FinalizeInvoice(invoice=call.path["invoice"], auto_advance=call.params.auto_advance)


def _pay(call: Call[InvoicePay]) -> PayInvoice:
    return PayInvoice(invoice=call.path["invoice"], paid_out_of_band=call.params.paid_out_of_band)


def _void(call: Call[NoParams]) -> VoidInvoice:
    return VoidInvoice(invoice=call.path["invoice"])


def _mark_uncollectible(call: Call[NoParams]) -> MarkInvoiceUncollectible:
    return MarkInvoiceUncollectible(invoice=call.path["invoice"])


def _row(view: View, invoice_id: str) -> InvoiceRow:
    return view.rows.require(INVOICES, "invoice", invoice_id)


def one_invoice(view: View, invoice_id: str) -> dict[str, Any]:
    """An invoice by its id. Raises NotFound."""
    return invoice_object(view, _row(view, invoice_id))


def one_line(view: View, invoice_id: str, line_id: str) -> dict[str, Any]:
    """A line of an invoice, as it stands now. Raises NotFound."""
    [row] = with_amounts(view, [_row(view, invoice_id)])
    for line in row.lines:
        if line.id == line_id:
            return line_object(row, line, price_rows(view, [line.price]))
    raise NotFound("line_item", line_id)


def _list(call: Call[InvoiceList]) -> dict[str, Any]:
    asked = call.params
    where = {
        "collection_method": asked.collection_method,
        "customer": asked.customer,
        "status": asked.status,
        "subscription": asked.subscription,
    }
    rows, more = call.reader().page(
        INVOICES, asked, where, bounds(asked.created), due_date=bounds(asked.due_date)
    )
    return list_object(call.url, invoice_objects(call.view(), rows), has_more=more)


def _lines(call: Call[InvoiceLines]) -> dict[str, Any]:
    view = call.view()
    [row] = with_amounts(view, [_row(view, call.path["invoice"])])
    lines, more = page_of(call.params, row.lines, lambda line: line.id)
    prices = price_rows(view, (line.price for line in lines))
    return list_object(call.url, [line_object(row, line, prices) for line in lines], has_more=more)


def _preview(call: Call[InvoicePreview]) -> dict[str, Any]:
    view, row = asked_preview(call.view(), call.params, call.version)
    return preview_object(view, row)


ROUTES: list[Route] = [
    INVOICE.page(
        ALL,
        InvoiceList,
        "List invoices",
        _list,
        "Drafts show what they come to with the usage recorded so far.",
    ),
    query(
        Endpoint(
            method="POST",
            path=f"{ALL}/create_preview",
            params=InvoicePreview,
            returns=RETURNS,
            summary="Preview the next invoice",
            tag=TAG,
            description="Of usage so far and of licensed items to come, of changes that might be "
            "made, and of subscriptions that might be created. Nothing is recorded.",
        ),
        _preview,
    ),
    INVOICE.retrieve(ONE, "Retrieve an invoice", one_invoice),
    LINE.page(f"{ONE}/lines", InvoiceLines, "List the lines of an invoice", _lines),
    INVOICE.post(
        f"{ONE}/finalize", InvoiceFinalize, "Finalize a draft now", _finalize, one_invoice
    ),
    INVOICE.post(
        f"{ONE}/pay",
        InvoicePay,
        "Record that an invoice was paid out of band",
        _pay,
        one_invoice,
        "No money moves: without `paid_out_of_band` it is refused.",
    ),
    INVOICE.post(f"{ONE}/void", NoParams, "Void a finalized invoice", _void, one_invoice),
    INVOICE.post(
        f"{ONE}/mark_uncollectible",
        NoParams,
        "Mark an invoice as uncollectible",
        _mark_uncollectible,
        one_invoice,
    ),
]
