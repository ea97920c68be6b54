"""Parameters of the invoice routes (contract §9)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from api.http.lists import CreatedListParams, ListParams, TimeFilter
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import ArrayOf, Clearable, Currency, Id, WireBool, WireTimestamp
from api.subscriptions.params_common import (
    AutomaticTaxParams,
    Connected,
    Discounts,
    ExtraItems,
    IssuerParams,
    Schedules,
    TaxRates,
    Trials,
)
from api.subscriptions.params_create import BillingModeParams, ItemCreate
from ledger.invoices.aggregate import InvoiceStatus
from ledger.subscriptions.events import CollectionMethod, ProrationBehavior


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


Changes: TypeAlias = Annotated[
    None, Unsupported("only the end of a running subscription can be previewed.", ("false",))
]
CustomerDetails: TypeAlias = Annotated[
    None, Unsupported("no taxes are computed. Pass customer, or a subscription of theirs.")
]


class PreviewAnchor(Params):
    type: Literal["now", "timestamp", "unchanged"]
    timestamp: WireTimestamp | None = None


class PreviewItem(ItemCreate):
    clear_usage: Changes = None
    deleted: Changes = None
    id: Changes = None


class PreviewDetails(Params):
    """A subscription that might be created."""

    billing_cycle_anchor: PreviewAnchor | None = None
    billing_mode: BillingModeParams | None = None
    billing_schedules: Schedules = None
    cancel_at: Clearable[WireTimestamp] = None
    cancel_at_period_end: WireBool = False
    cancel_now: Changes = None
    default_tax_rates: TaxRates = None
    items: ArrayOf[PreviewItem] = Field(default_factory=list[PreviewItem])
    proration_behavior: ProrationBehavior | None = None
    proration_date: Changes = None
    resume_at: Changes = None
    start_date: WireTimestamp | None = None
    trial_end: Trials = None


class InvoicePreview(RequestParams):
    """Of a subscription, of a customer's next one, or of one that might be created for them."""

    automatic_tax: AutomaticTaxParams | None = None
    currency: Currency | None = None
    customer: Id | None = None
    customer_account: CustomerDetails = None
    customer_details: CustomerDetails = None
    discounts: Discounts = None
    invoice_items: ExtraItems = None
    issuer: IssuerParams | None = None
    on_behalf_of: Connected = None
    preview_mode: Literal["next"] | None = None
    schedule: Schedules = None
    schedule_details: Schedules = None
    subscription: Id | None = None
    subscription_details: PreviewDetails | None = None
