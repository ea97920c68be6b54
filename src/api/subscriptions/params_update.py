"""Parameters of lists, changes and the end of subscriptions and items (contract §8)."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from api.coupons.params import DiscountsParam
from api.http.lists import CreatedListParams, ListParams, TimeFilter
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive
from api.http.wire_types import ArrayOf, Clearable, Id, WireBool, WireInt, WireTimestamp, text
from api.subscriptions.params_common import (
    CancelAt,
    CancellationDetailsParams,
    ItemPriceData,
    PaymentBehavior,
    SubscriptionFields,
    TrialOffers,
    UsageThresholdParams,
)
from api.subscriptions.params_create import FlexibleParams, ItemCreate
from api.tax_rates.params import TaxRatesParam
from ledger.subscriptions.events import CollectionMethod, ProrationBehavior
from ledger.subscriptions.parts import PauseBehavior


class ItemFields(Params):
    """What may change of an item. `plan` is the older name of `price`."""

    billing_thresholds: Clearable[UsageThresholdParams] = None
    current_trial: TrialOffers = None
    discounts: DiscountsParam = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    plan: Id | None = None
    price: Id | None = None
    price_data: ItemPriceData | None = None
    quantity: WireInt | None = None
    tax_rates: TaxRatesParam = None

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        exclusive(self, "price", "price_data")
        return self


class ItemUpdate(ItemFields):
    """Of an item that there is, or a new one where there is no `id`."""

    id: Id | None = None
    clear_usage: WireBool = False
    deleted: WireBool = False


class AnchorChange(Params):
    type: Literal["now", "unchanged"]


def _anchor(value: object) -> object:
    """The older form of the change is a word."""
    return {"type": value} if isinstance(value, str) else value


class PauseCollectionParams(Params):
    behavior: PauseBehavior
    resumes_at: WireTimestamp | None = None


class SubscriptionUpdate(SubscriptionFields):
    billing_cycle_anchor: Annotated[AnchorChange, BeforeValidator(_anchor)] | None = None
    cancel_at: Clearable[CancelAt] = None
    cancellation_details: CancellationDetailsParams | None = None
    description: Clearable[Annotated[str, text(500)]] = None
    items: ArrayOf[ItemUpdate] = Field(default_factory=list[ItemUpdate])
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    pause_collection: Clearable[PauseCollectionParams] = None
    proration_date: WireTimestamp | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.cancel_at is not None and self.cancel_at_period_end:
            exclusive(self, "cancel_at", "cancel_at_period_end")
        return self


class UsageThrough(Params):
    type: Literal["now", "none"]


class UnusedFrom(Params):
    type: Literal["now", "none", "item_current_period_start"]


class BillFor(Params):
    outstanding_usage_through: UsageThrough | None = None
    unused_time_from: UnusedFrom | None = None


class PauseFields(Params):
    bill_for: BillFor | None = None
    invoicing_behavior: Literal["invoice", "pending_invoice_item"] = "pending_invoice_item"
    type: Literal["subscription"] = "subscription"


class SubscriptionPause(PauseFields, RequestParams):
    pass


class SubscriptionResume(RequestParams):
    billing_cycle_anchor: Annotated[AnchorChange, BeforeValidator(_anchor)] | None = None
    payment_behavior: Literal["resume_on_payment_attempt", "resume_on_payment_success"] | None = (
        None
    )
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None


class FlexibleModeParams(Params):
    type: Literal["flexible"]
    flexible: FlexibleParams | None = None


class SubscriptionMigrate(RequestParams):
    billing_mode: FlexibleModeParams


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


class SubscriptionItemUpdate(ItemFields, RequestParams):
    off_session: WireBool | None = None
    payment_behavior: PaymentBehavior | None = None
    proration_behavior: ProrationBehavior | None = None
    proration_date: WireTimestamp | None = None


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
