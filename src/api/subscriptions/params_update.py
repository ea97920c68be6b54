"""Parameters of lists, changes and the end of subscriptions and items (contract §8)."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from api.http.lists import CreatedListParams, ListParams, TimeFilter
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive
from api.http.unsupported import Unsupported
from api.http.wire_types import ArrayOf, Clearable, Id, WireBool, WireTimestamp, text
from api.subscriptions.params_common import (
    CancellationDetailsParams,
    Discounts,
    PaymentBehavior,
    SubscriptionFields,
    TaxRates,
    Thresholds,
    Trials,
)
from api.subscriptions.params_create import ItemCreate
from ledger.subscriptions.events import CollectionMethod, ProrationBehavior

FixedItems: TypeAlias = Annotated[
    None,
    Unsupported(
        "the items of a running subscription cannot be changed. Cancel it, and create another one."
    ),
]
FixedAnchor: TypeAlias = Annotated[
    None,
    Unsupported("the anchor of a running subscription cannot be changed.", ("unchanged",)),
]
Pauses: TypeAlias = Annotated[None, Unsupported("subscriptions cannot be paused.")]
UsageRemoval: TypeAlias = Annotated[
    None,
    Unsupported("recorded usage is never removed; cancel its meter events instead.", ("false",)),
]


class ItemUpdate(Params):
    id: Id | None = None
    billing_thresholds: Thresholds = None
    clear_usage: UsageRemoval = None
    current_trial: Trials = None
    deleted: Annotated[
        None,
        Unsupported("the items of a running subscription cannot be removed.", ("false",)),
    ] = None
    discounts: Discounts = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    plan: FixedItems = None
    price: FixedItems = None
    price_data: FixedItems = None
    quantity: FixedItems = None
    tax_rates: TaxRates = None


class SubscriptionUpdate(SubscriptionFields):
    billing_cycle_anchor: FixedAnchor = None
    cancel_at: Clearable[WireTimestamp] = None
    cancellation_details: CancellationDetailsParams | None = None
    description: Clearable[Annotated[str, text(500)]] = None
    items: ArrayOf[ItemUpdate] = Field(default_factory=list[ItemUpdate])
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    pause_collection: Pauses = None
    proration_date: WireTimestamp | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.cancel_at is not None and self.cancel_at_period_end:
            exclusive(self, "cancel_at", "cancel_at_period_end")
        return self


class SubscriptionCancel(RequestParams):
    cancellation_details: CancellationDetailsParams | None = None
    invoice_now: WireBool = False
    prorate: WireBool = False


Status: TypeAlias = Literal[
    "active",
    "all",
    "canceled",
    "ended",
    "incomplete",
    "incomplete_expired",
    "past_due",
    "paused",
    "trialing",
    "unpaid",
]


class AutomaticTaxFilter(Params):
    enabled: WireBool


class SubscriptionList(CreatedListParams):
    automatic_tax: AutomaticTaxFilter | None = None
    collection_method: CollectionMethod | None = None
    current_period_end: TimeFilter | None = None
    current_period_start: TimeFilter | None = None
    customer: Id | None = None
    plan: Id | None = None
    price: Id | None = None
    status: Status | None = None
    test_clock: Id | None = None


class SubscriptionItemList(ListParams):
    subscription: Id


class SubscriptionItemUpdate(RequestParams):
    billing_thresholds: Thresholds = None
    current_trial: Trials = None
    discounts: Discounts = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    off_session: WireBool | None = None
    payment_behavior: PaymentBehavior | None = None
    plan: FixedItems = None
    price: FixedItems = None
    price_data: FixedItems = None
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None
    quantity: FixedItems = None
    tax_rates: TaxRates = None


class SubscriptionItemCreate(ItemCreate, RequestParams):
    payment_behavior: PaymentBehavior | None = None
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None
    subscription: Id


class SubscriptionItemDelete(RequestParams):
    clear_usage: WireBool = False
    payment_behavior: PaymentBehavior | None = None
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None
