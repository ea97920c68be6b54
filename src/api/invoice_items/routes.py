"""`/v1/invoiceitems`."""

from typing import Any

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import NoParams, Resource, Route
from api.invoice_items import requests
from api.invoice_items.objects import deleted_item_object, item_object, item_objects
from api.invoice_items.params import InvoiceItemCreate, InvoiceItemList, InvoiceItemUpdate
from ledger.invoice_items.commands import (
    CreateInvoiceItem,
    DeleteInvoiceItem,
    UpdateInvoiceItem,
)
from projections.invoice_items.rows import INVOICE_ITEMS

ITEM = Resource("Invoice items", "invoiceitem", "ii")
ALL = "/v1/invoiceitems"
ONE = f"{ALL}/{{invoiceitem:str}}"


def _create(call: Call[InvoiceItemCreate]) -> CreateInvoiceItem:
    return requests.creation(call.params)


def _update(call: Call[InvoiceItemUpdate]) -> UpdateInvoiceItem:
    return requests.change(call.path["invoiceitem"], call.params)


def _delete(call: Call[NoParams]) -> DeleteInvoiceItem:
    return DeleteInvoiceItem(item=call.path["invoiceitem"])


def one_invoice_item(view: View, item_id: str) -> dict[str, Any]:
    """An invoice item by its id. Raises NotFound."""
    return item_object(view, view.rows.require(INVOICE_ITEMS, "invoiceitem", item_id))


def _deleted(_: View, item_id: str) -> dict[str, Any]:
    return deleted_item_object(item_id)


def _list(call: Call[InvoiceItemList]) -> dict[str, Any]:
    asked = call.params
    where = {"customer": asked.customer, "invoice": asked.invoice, "pending": asked.pending}
    rows, more = call.reader().page(INVOICE_ITEMS, asked, where, bounds(asked.created))
    return list_object(call.url, item_objects(call.view(), rows), has_more=more)


ROUTES: list[Route] = [
    ITEM.post(
        ALL,
        InvoiceItemCreate,
        "Create an invoice item",
        _create,
        one_invoice_item,
        "On a draft, or else it waits for the customer's next invoice.",
    ),
    ITEM.page(ALL, InvoiceItemList, "List invoice items", _list),
    ITEM.retrieve(ONE, "Retrieve an invoice item", one_invoice_item),
    ITEM.post(
        ONE,
        InvoiceItemUpdate,
        "Update an invoice item",
        _update,
        one_invoice_item,
        "Its line on a draft follows. Once the invoice is finalized it stays as it is.",
    ),
    ITEM.delete(ONE, NoParams, "Delete an invoice item", _delete, _deleted),
]
