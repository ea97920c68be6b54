"""`/v1/invoices`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object, page_of
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route, command, query
from api.invoices.live import with_amounts
from api.invoices.objects import invoice_object, invoice_objects, preview_object
from api.invoices.objects_lines import line_object
from api.invoices.params import (
    InvoiceFinalize,
    InvoiceLines,
    InvoiceList,
    InvoicePay,
    InvoicePreview,
)
from api.invoices.previews import asked_preview
from api.subscriptions.objects_items import price_rows
from ledger.invoices.commands import (
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from projections.invoices.rows import INVOICES, InvoiceRow

TAG = "Invoices"
RETURNS = "invoice"
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


def _one(view: View, invoice_id: str) -> dict[str, Any]:
    return invoice_object(view, _row(view, invoice_id))


def _retrieve(call: Call[NoParams]) -> dict[str, Any]:
    return _one(call.view(), call.path["invoice"])


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
    return preview_object(call.view(), asked_preview(call))


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path=ALL,
            params=InvoiceList,
            returns=RETURNS,
            summary="List invoices",
            tag=TAG,
            description="Drafts show what they come to with the usage recorded so far.",
            listed=True,
        ),
        _list,
    ),
    query(
        Endpoint(
            method="POST",
            path=f"{ALL}/create_preview",
            params=InvoicePreview,
            returns=RETURNS,
            summary="Preview the next invoice",
            tag=TAG,
            description="Of usage so far and of licensed items to come. Nothing is recorded.",
        ),
        _preview,
    ),
    query(
        Endpoint(
            method="GET",
            path=ONE,
            params=NoParams,
            returns=RETURNS,
            summary="Retrieve an invoice",
            tag=TAG,
        ),
        _retrieve,
    ),
    query(
        Endpoint(
            method="GET",
            path=f"{ONE}/lines",
            params=InvoiceLines,
            returns="line_item",
            summary="List the lines of an invoice",
            tag=TAG,
            listed=True,
        ),
        _lines,
    ),
    command(
        Endpoint(
            method="POST",
            path=f"{ONE}/finalize",
            params=InvoiceFinalize,
            returns=RETURNS,
            summary="Finalize a draft now",
            tag=TAG,
        ),
        _finalize,
        _one,
        prefix="in",
    ),
    command(
        Endpoint(
            method="POST",
            path=f"{ONE}/pay",
            params=InvoicePay,
            returns=RETURNS,
            summary="Record that an invoice was paid out of band",
            tag=TAG,
            description="No money moves: without `paid_out_of_band` it is refused.",
        ),
        _pay,
        _one,
        prefix="in",
    ),
    command(
        Endpoint(
            method="POST",
            path=f"{ONE}/void",
            params=NoParams,
            returns=RETURNS,
            summary="Void a finalized invoice",
            tag=TAG,
        ),
        _void,
        _one,
        prefix="in",
    ),
    command(
        Endpoint(
            method="POST",
            path=f"{ONE}/mark_uncollectible",
            params=NoParams,
            returns=RETURNS,
            summary="Mark an invoice as uncollectible",
            tag=TAG,
        ),
        _mark_uncollectible,
        _one,
        prefix="in",
    ),
]
