"""Parameters that several subscription routes have (contract §8)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import ArrayOf, Clearable, Id, WireBool, WireInt, text
from ledger.subscriptions.events import CollectionMethod, ProrationBehavior

LongText: TypeAlias = Annotated[str, text(5000)]
PaymentBehavior: TypeAlias = Literal[
    "allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"
]

Discounts: TypeAlias = Annotated[None, Unsupported("there are no coupons or discounts.")]
TaxRates: TypeAlias = Annotated[None, Unsupported("no taxes are computed.")]
Thresholds: TypeAlias = Annotated[None, Unsupported("there are no billing thresholds.")]
Trials: TypeAlias = Annotated[None, Unsupported("there are no trials.", ("0", "false", "now"))]
Schedules: TypeAlias = Annotated[None, Unsupported("there are no billing schedules.")]
Connected: TypeAlias = Annotated[None, Unsupported("no money moves, also not between accounts.")]
ExtraItems: TypeAlias = Annotated[
    None, Unsupported("one-time items cannot be added to an invoice.")
]
InlinePrice: TypeAlias = Annotated[
    None, Unsupported("create the price first and pass its id as price.")
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


class SubscriptionFields(RequestParams):
    """What creation and update have in common.

    Payment parameters are kept and shown, and do nothing: no money moves.
    """

    add_invoice_items: ExtraItems = None
    application_fee_percent: Connected = None
    automatic_tax: AutomaticTaxParams | None = None
    billing_schedules: Schedules = None
    billing_thresholds: Thresholds = None
    cancel_at_period_end: WireBool = False
    collection_method: CollectionMethod | None = None
    days_until_due: WireInt | None = None
    default_payment_method: Clearable[Id] = None
    default_source: Clearable[Id] = None
    default_tax_rates: TaxRates = None
    discounts: Discounts = None
    invoice_settings: InvoiceSettingsParams | None = None
    off_session: WireBool | None = None
    on_behalf_of: Connected = None
    payment_behavior: PaymentBehavior | None = None
    payment_settings: PaymentSettingsParams | None = None
    pending_invoice_item_interval: ExtraItems = None
    proration_behavior: ProrationBehavior | None = None
    transfer_data: Connected = None
    trial_end: Trials = None
    trial_from_plan: Trials = None
    trial_settings: TrialSettingsParams | None = None
