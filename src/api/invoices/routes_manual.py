"""`/v1/invoices`: creating, editing, deleting and sending them."""

from typing import Any

from api.http.call import Call, View
from api.http.openapi import Endpoint
from api.http.routes import NoParams, Route
from api.invoices import requests
from api.invoices.objects import deleted_invoice_object
from api.invoices.params_manual import (
    InvoiceAddLines,
    InvoiceCreate,
    InvoiceLineUpdate,
    InvoiceRemoveLines,
    InvoiceUpdate,
    InvoiceUpdateLines,
)
from api.invoices.routes import ALL, INVOICE, LINE, ONE, one_invoice, one_line
from ledger.invoices.commands import (
    AddInvoiceLines,
    CreateInvoice,
    DeleteInvoice,
    RemoveInvoiceLines,
    SendInvoice,
    UpdateInvoice,
    UpdateInvoiceLine,
    UpdateInvoiceLines,
)

ONE_LINE = f"{ONE}/lines/{{line:str}}"


def _create(call: Call[InvoiceCreate]) -> CreateInvoice:
    return requests.creation(call.params)


def _update(call: Call[InvoiceUpdate]) -> UpdateInvoice:
    return requests.change(call.path["invoice"], call.params)


def _delete(call: Call[NoParams]) -> DeleteInvoice:
    return DeleteInvoice(invoice=call.path["invoice"])


def _deleted(_: View, invoice_id: str) -> dict[str, Any]:
    return deleted_invoice_object(invoice_id)


def _send(call: Call[NoParams]) -> SendInvoice:
    return SendInvoice(invoice=call.path["invoice"])


def _add_lines(call: Call[InvoiceAddLines]) -> AddInvoiceLines:
    return requests.added_lines(call.path["invoice"], call.params)


def _update_lines(call: Call[InvoiceUpdateLines]) -> UpdateInvoiceLines:
    return requests.changed_lines(call.path["invoice"], call.params)


def _remove_lines(call: Call[InvoiceRemoveLines]) -> RemoveInvoiceLines:
    return requests.removed_lines(call.path["invoice"], call.params)


def _line_asked(call: Call[InvoiceLineUpdate]) -> UpdateInvoiceLine:
    return requests.changed_line(call.path["invoice"], call.path["line"], call.params)


def _update_line(call: Call[InvoiceLineUpdate]) -> dict[str, Any]:
    call.execute(_line_asked(call))
    return one_line(call.view(), call.path["invoice"], call.path["line"])


def _recall_line(call: Call[InvoiceLineUpdate], position: int) -> dict[str, Any]:
    return one_line(call.view_as_of(position), call.path["invoice"], call.path["line"])


ROUTES: list[Route] = [
    INVOICE.post(
        ALL,
        InvoiceCreate,
        "Create a draft",
        _create,
        one_invoice,
        "Without `auto_advance` it stays a draft until somebody finalizes it.",
    ),
    INVOICE.post(
        ONE,
        InvoiceUpdate,
        "Update an invoice",
        _update,
        one_invoice,
        "Of a finalized one only metadata and what is noted about its payment change.",
    ),
    INVOICE.delete(ONE, NoParams, "Delete a draft that is of no subscription", _delete, _deleted),
    INVOICE.post(
        f"{ONE}/send",
        NoParams,
        "Finalize a draft that is to be sent",
        _send,
        one_invoice,
        "No mail is sent, by this or anything else.",
    ),
    INVOICE.post(
        f"{ONE}/add_lines", InvoiceAddLines, "Add lines to a draft", _add_lines, one_invoice
    ),
    INVOICE.post(
        f"{ONE}/update_lines",
        InvoiceUpdateLines,
        "Change lines of a draft",
        _update_lines,
        one_invoice,
        "Lines that bill a subscription keep their amounts.",
    ),
    INVOICE.post(
        f"{ONE}/remove_lines",
        InvoiceRemoveLines,
        "Remove lines from a draft",
        _remove_lines,
        one_invoice,
        "Their invoice items are deleted, or wait for another invoice.",
    ),
    Route(
        endpoint=Endpoint(
            method="POST",
            path=ONE_LINE,
            params=InvoiceLineUpdate,
            returns=LINE.returns,
            summary="Change a line of a draft",
            tag=LINE.tag,
        ),
        handle=_update_line,
        recall=_recall_line,
    ),
]
