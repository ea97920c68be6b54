"""Parameters of the routes that create and edit invoices (contract §9)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from api.coupons.params import DiscountsParam
from api.customers.params import RenderingParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    WireBool,
    WireInt,
    WireTimestamp,
    text,
)
from api.invoice_items.params import (
    AddedLineParams,
    ChangedLineParams,
    LineParams,
    OtherAccounts,
    RemovedLineParams,
)
from api.subscriptions.params_common import (
    AutomaticTaxParams,
    Connected,
    IssuerParams,
    PaymentMethodOptionsParams,
)
from api.tax_rates.params import TaxRatesParam
from ledger.invoices.drafting import MAX_LINES
from ledger.subscriptions.events import CollectionMethod

MOST_CUSTOM_FIELDS = 4

Numbers: TypeAlias = Annotated[
    None, Unsupported("numbers count without gaps, from the customer's invoice_prefix.")
]
Revisions: TypeAlias = Annotated[
    None, Unsupported("a finalized invoice is corrected by a credit note.")
]
Shipping: TypeAlias = Annotated[
    None, Unsupported("bill shipping as a line, and keep addresses on the customer.")
]
EffectiveDates: TypeAlias = Annotated[
    None, Unsupported("an invoice takes effect when it is finalized.")
]
TaxIds: TypeAlias = Annotated[None, Unsupported("there are no tax ids.")]


class InvoiceFieldParams(Params):
    """A line of the caller's own on the invoice."""

    name: Annotated[str, text(40)]
    value: Annotated[str, text(140)]


class InvoicePaymentSettingsParams(Params):
    """Kept and shown; no money moves."""

    default_mandate: Clearable[Id] = None
    payment_method_options: PaymentMethodOptionsParams | None = None
    payment_method_types: Clearable[
        Annotated[ArrayOf[Annotated[str, text(100)]], Field(max_length=50)]
    ] = None


class InvoiceFields(RequestParams):
    """What creation and update have in common."""

    account_tax_ids: TaxIds = None
    application_fee_amount: Connected = None
    auto_advance: WireBool | None = None
    automatic_tax: AutomaticTaxParams | None = None
    automatically_finalizes_at: WireTimestamp | None = None
    collection_method: CollectionMethod | None = None
    custom_fields: Clearable[
        Annotated[ArrayOf[InvoiceFieldParams], Field(max_length=MOST_CUSTOM_FIELDS)]
    ] = None
    days_until_due: WireInt | None = None
    default_payment_method: Id | None = None
    default_source: Clearable[Id] = None
    default_tax_rates: TaxRatesParam = None
    description: Clearable[Annotated[str, text(1500)]] = None
    discounts: DiscountsParam = None
    due_date: WireTimestamp | None = None
    effective_at: EffectiveDates = None
    footer: Clearable[Annotated[str, text(5000)]] = None
    issuer: IssuerParams | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    number: Numbers = None
    on_behalf_of: Connected = None
    payment_settings: InvoicePaymentSettingsParams | None = None
    rendering: RenderingParams | None = None
    shipping_cost: Shipping = None
    shipping_details: Shipping = None
    statement_descriptor: Annotated[str, text(22)] | None = None
    transfer_data: Connected = None


class InvoiceCreate(InvoiceFields):
    currency: Currency | None = None
    customer: Id | None = None
    customer_account: OtherAccounts = None
    from_invoice: Revisions = None
    pending_invoice_items_behavior: Literal["exclude", "include"] = "exclude"
    subscription: Id | None = None


class InvoiceUpdate(InvoiceFields):
    pass


class LinesRequest(RequestParams):
    """`invoice_metadata` is the invoice's own, merged as metadata is everywhere."""

    invoice_metadata: MetadataParam = Field(default_factory=dict[str, str])


class InvoiceAddLines(LinesRequest):
    lines: Annotated[ArrayOf[AddedLineParams], Field(min_length=1, max_length=MAX_LINES)]


class InvoiceUpdateLines(LinesRequest):
    lines: Annotated[ArrayOf[ChangedLineParams], Field(min_length=1, max_length=MAX_LINES)]


class InvoiceRemoveLines(LinesRequest):
    lines: Annotated[ArrayOf[RemovedLineParams], Field(min_length=1, max_length=MAX_LINES)]


class InvoiceLineUpdate(LineParams, RequestParams):
    """A line by its own route; the rest is as in `update_lines`."""
