"""Parameters that several subscription routes have (contract §8)."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias, get_args

from pydantic import Field, PlainValidator, WithJsonSchema

from api.coupons.params import DiscountsParam
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    EpochSeconds,
    Id,
    NonNegativeInt,
    PositiveInt,
    TimestampOrNow,
    WireBool,
    WireInt,
    WireTimestamp,
    text,
)
from api.products.price_terms import AmountParams, DefaultRecurring, ExtensionParams
from api.tax_rates.params import TaxRatesParam
from ledger.subscriptions.commands import PeriodEnd
from ledger.subscriptions.events import CollectionMethod, ProrationBehavior

LongText: TypeAlias = Annotated[str, text(5000)]
PaymentBehavior: TypeAlias = Literal[
    "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
]

TrialFromPlan: TypeAlias = Annotated[
    None, Unsupported("pass trial_period_days or trial_end.", ("0", "false"))
]
TrialOffers: TypeAlias = Annotated[None, Unsupported("there are no trial offers.")]
Schedules: TypeAlias = Annotated[None, Unsupported("there are no billing schedules.")]
Connected: TypeAlias = Annotated[None, Unsupported("no money moves, also not between accounts.")]
PendingInterval: TypeAlias = Annotated[
    None, Unsupported("invoice items are billed with the next invoice.")
]
OnInvoices: TypeAlias = Annotated[
    None, Unsupported("an invoice shows what the customer's invoice_settings say.")
]
Tax: TypeAlias = Annotated[None, Unsupported("no taxes are computed.", ("false",))]


class AutomaticTaxParams(Params):
    enabled: Tax
    liability: Tax = None


class IssuerParams(Params):
    type: Literal["self"]


class InvoiceSettingsParams(Params):
    account_tax_ids: OnInvoices = None
    custom_fields: OnInvoices = None
    description: OnInvoices = None
    footer: OnInvoices = None
    issuer: IssuerParams | None = None


class CardParams(Params):
    network: LongText | None = None
    request_three_d_secure: Literal["any", "automatic", "challenge"] | None = None


class PaymentMethodOptionsParams(Params):
    card: Clearable[CardParams] = None


class PaymentSettingsParams(Params):
    payment_method_options: PaymentMethodOptionsParams | None = None
    payment_method_types: Clearable[
        Annotated[ArrayOf[Annotated[str, text(100)]], Field(max_length=50)]
    ] = None
    save_default_payment_method: Literal["off", "on_subscription"] | None = None


class EndBehaviorParams(Params):
    missing_payment_method: Literal["cancel", "create_invoice", "pause"]
    billing_cycle_anchor: Literal["now", "unchanged"] | None = None


class TrialSettingsParams(Params):
    end_behavior: EndBehaviorParams


class CancellationDetailsParams(Params):
    comment: Clearable[LongText] = None
    feedback: Clearable[
        Literal[
            "customer_service",
            "low_quality",
            "missing_features",
            "other",
            "switched_service",
            "too_complex",
            "too_expensive",
            "unused",
        ]
    ] = None


class UsageThresholdParams(Params):
    usage_gte: PositiveInt


class ThresholdsParams(Params):
    amount_gte: PositiveInt | None = None
    reset_billing_cycle_anchor: WireBool | None = None


class ItemPriceData(ExtensionParams, AmountParams):
    """A licensed price that is created with the item."""

    currency: Currency
    product: Id
    recurring: DefaultRecurring


class OneTimePriceData(AmountParams):
    """A one-time price that is created with what it bills."""

    currency: Currency
    product: Id


class PeriodBoundParams(Params):
    type: Literal["timestamp", "now", "max_item_period_start", "min_item_period_end"]
    timestamp: WireTimestamp | None = None


class AddedPeriodParams(Params):
    start: PeriodBoundParams
    end: PeriodBoundParams


class AddedItemParams(Params):
    """A one-time price that is billed with the next invoice of the subscription."""

    discountable: WireBool = True
    discounts: DiscountsParam = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    period: AddedPeriodParams | None = None
    price: Id | None = None
    price_data: OneTimePriceData | None = None
    quantity: NonNegativeInt = 1
    tax_rates: TaxRatesParam = None


def _end(value: object) -> object:
    """A time, or the name of a period's end."""
    return value if value in get_args(PeriodEnd) else EpochSeconds()(value)


CancelAt: TypeAlias = Annotated[
    datetime | PeriodEnd,
    PlainValidator(_end),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "format": "unix-time"},
                {"enum": list(get_args(PeriodEnd))},
            ]
        }
    ),
]


class SubscriptionFields(RequestParams):
    """What creation and update have in common.

    Payment parameters are kept and shown, and do nothing: no money moves.
    """

    add_invoice_items: Annotated[ArrayOf[AddedItemParams], Field(max_length=20)] = Field(
        default_factory=list[AddedItemParams]
    )
    application_fee_percent: Connected = None
    automatic_tax: AutomaticTaxParams | None = None
    billing_schedules: Schedules = None
    billing_thresholds: Clearable[ThresholdsParams] = None
    cancel_at_period_end: WireBool = False
    collection_method: CollectionMethod | None = None
    days_until_due: WireInt | None = None
    default_payment_method: Clearable[Id] = None
    default_source: Clearable[Id] = None
    default_tax_rates: TaxRatesParam = None
    discounts: DiscountsParam = None
    invoice_settings: InvoiceSettingsParams | None = None
    off_session: WireBool | None = None
    on_behalf_of: Connected = None
    payment_behavior: PaymentBehavior | None = None
    payment_settings: PaymentSettingsParams | None = None
    pending_invoice_item_interval: PendingInterval = None
    proration_behavior: ProrationBehavior | None = None
    transfer_data: Connected = None
    trial_end: TimestampOrNow | None = None
    trial_from_plan: TrialFromPlan = None
    trial_settings: TrialSettingsParams | None = None
