"""Parameters of the invoice routes (contract §9)."""

from typing import Annotated

from api.http.lists import CreatedListParams, ListParams, TimeFilter
from api.http.params import RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import Clearable, Id, WireBool
from ledger.invoices.aggregate import InvoiceStatus
from ledger.subscriptions.events import CollectionMethod


class InvoiceList(CreatedListParams):
    collection_method: CollectionMethod | None = None
    customer: Id | None = None
    due_date: TimeFilter | None = None
    status: InvoiceStatus | None = None
    subscription: Id | None = None


class InvoiceLines(ListParams):
    """Lines come in the order of the invoice."""


class InvoiceFinalize(RequestParams):
    auto_advance: WireBool | None = None


class InvoicePay(RequestParams):
    """Payment methods are accepted and not used: no money moves."""

    forgive: Annotated[None, Unsupported("an invoice is paid in full.", ("false",))] = None
    mandate: Clearable[Id] = None
    off_session: WireBool | None = None
    paid_out_of_band: WireBool = False
    payment_method: Id | None = None
    source: Id | None = None
