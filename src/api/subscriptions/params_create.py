"""Parameters of a new subscription (contract §8)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from api.http.metadata import MetadataParam
from api.http.params import Params
from api.http.unsupported import Unsupported
from api.http.wire_types import ArrayOf, Currency, Id, WireInt, WireTimestamp, text
from api.subscriptions.params_common import (
    Discounts,
    InlinePrice,
    SubscriptionFields,
    TaxRates,
    Thresholds,
    Trials,
)
from ledger.subscriptions.events import BillingMode

AnchorConfig: TypeAlias = Annotated[None, Unsupported("pass billing_cycle_anchor as a time.")]
Organization: TypeAlias = Annotated[None, Unsupported("pass customer.")]


class ItemCreate(Params):
    """`plan` is the older name of `price`."""

    billing_thresholds: Thresholds = None
    current_trial: Trials = None
    discounts: Discounts = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    plan: Id | None = None
    price: Id | None = None
    price_data: InlinePrice = None
    quantity: WireInt | None = None
    tax_rates: TaxRates = None


class FlexibleParams(Params):
    proration_discounts: Literal["included", "itemized"] | None = None


class BillingModeParams(Params):
    type: BillingMode
    flexible: FlexibleParams | None = None


class SubscriptionCreate(SubscriptionFields):
    customer: Id | None = None
    customer_account: Organization = None
    items: ArrayOf[ItemCreate] = Field(default_factory=list[ItemCreate])
    backdate_start_date: WireTimestamp | None = None
    billing_cycle_anchor: WireTimestamp | None = None
    billing_cycle_anchor_config: AnchorConfig = None
    billing_mode: BillingModeParams | None = None
    cancel_at: WireTimestamp | None = None
    currency: Currency | None = None
    description: Annotated[str, text(500)] | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    trial_period_days: Trials = None
