"""Parameters of `/v1/invoices/create_preview` (contract §9)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from api.coupons.params import DiscountsParam
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    NonNegativeDecimal,
    NonNegativeInt,
    TimestampOrNow,
    WireBool,
    WireDecimal,
    WireInt,
    WireTimestamp,
    text,
)
from api.subscriptions.params_common import (
    AutomaticTaxParams,
    CancelAt,
    Connected,
    IssuerParams,
    OneTimePriceData,
    Schedules,
)
from api.subscriptions.params_create import BillingModeParams
from api.subscriptions.params_update import ItemUpdate, PauseFields
from api.tax_rates.params import TaxRatesParam
from ledger.prices.terms import TaxBehavior
from ledger.subscriptions.events import ProrationBehavior

CustomerDetails: TypeAlias = Annotated[
    None, Unsupported("no taxes are looked up. Pass customer, or a subscription of theirs.")
]


def _anchor(value: object) -> object:
    """The older form is a word, or a time."""
    if not isinstance(value, str | int):
        return value
    if value in ("now", "unchanged"):
        return {"type": value}
    return {"type": "timestamp", "timestamp": value}


class PreviewAnchor(Params):
    type: Literal["now", "timestamp", "unchanged"]
    timestamp: WireTimestamp | None = None


class PreviewDetails(Params):
    """A subscription that might be created, or changes that might be made of one."""

    billing_cycle_anchor: Annotated[PreviewAnchor, BeforeValidator(_anchor)] | None = None
    billing_mode: BillingModeParams | None = None
    billing_schedules: Schedules = None
    cancel_at: Clearable[CancelAt] = None
    cancel_at_period_end: WireBool = False
    cancel_now: WireBool = False
    default_tax_rates: TaxRatesParam = None
    items: ArrayOf[ItemUpdate] = Field(default_factory=list[ItemUpdate])
    pause: PauseFields | None = None
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None
    resume_at: Literal["now"] | None = None
    start_date: WireTimestamp | None = None
    trial_end: TimestampOrNow | None = None


class PreviewPeriod(Params):
    end: WireTimestamp
    start: WireTimestamp


class PreviewItem(Params):
    """An invoice item that might be added, or one that waits and might be changed."""

    amount: WireInt | None = None
    currency: Currency | None = None
    description: Annotated[str, text(5000)] | None = None
    discountable: WireBool | None = None
    discounts: DiscountsParam = None
    invoiceitem: Id | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    period: PreviewPeriod | None = None
    price: Id | None = None
    price_data: OneTimePriceData | None = None
    quantity: NonNegativeInt | None = None
    quantity_decimal: NonNegativeDecimal | None = None
    tax_behavior: TaxBehavior | None = None
    tax_code: Clearable[Id] = None
    tax_rates: TaxRatesParam = None
    unit_amount: WireInt | None = None
    unit_amount_decimal: WireDecimal | None = None


class InvoicePreview(RequestParams):
    """Of a subscription, of a customer's next one, or of one that might be created for them."""

    automatic_tax: AutomaticTaxParams | None = None
    currency: Currency | None = None
    customer: Id | None = None
    customer_account: CustomerDetails = None
    customer_details: CustomerDetails = None
    discounts: DiscountsParam = None
    invoice_items: Annotated[ArrayOf[PreviewItem], Field(max_length=250)] = Field(
        default_factory=list[PreviewItem]
    )
    issuer: IssuerParams | None = None
    on_behalf_of: Connected = None
    preview_mode: Literal["next", "recurring"] | None = None
    schedule: Schedules = None
    schedule_details: Schedules = None
    subscription: Id | None = None
    subscription_details: PreviewDetails | None = None
