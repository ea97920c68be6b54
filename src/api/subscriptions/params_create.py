"""Parameters of a new subscription (contract §8)."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from api.coupons.params import DiscountsParam
from api.http.metadata import MetadataParam
from api.http.params import Params, exclusive
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    Integer,
    WireInt,
    WireTimestamp,
    text,
)
from api.subscriptions.params_common import (
    CancelAt,
    ItemPriceData,
    SubscriptionFields,
    TrialOffers,
    UsageThresholdParams,
)
from api.tax_rates.params import TaxRatesParam
from ledger.subscriptions.events import BillingMode

Organization: TypeAlias = Annotated[None, Unsupported("pass customer.")]


class ItemCreate(Params):
    """`plan` is the older name of `price`."""

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


class FlexibleParams(Params):
    proration_discounts: Literal["included", "itemized"] | None = None


class BillingModeParams(Params):
    type: BillingMode
    flexible: FlexibleParams | None = None


class AnchorConfigParams(Params):
    day_of_month: Annotated[int, Integer(1, 31)]
    month: Annotated[int, Integer(1, 12)] | None = None
    hour: Annotated[int, Integer(0, 23)] | None = None
    minute: Annotated[int, Integer(0, 59)] | None = None
    second: Annotated[int, Integer(0, 59)] | None = None


class SubscriptionCreate(SubscriptionFields):
    customer: Id | None = None
    customer_account: Organization = None
    items: ArrayOf[ItemCreate] = Field(default_factory=list[ItemCreate])
    backdate_start_date: WireTimestamp | None = None
    billing_cycle_anchor: WireTimestamp | None = None
    billing_cycle_anchor_config: AnchorConfigParams | None = None
    billing_mode: BillingModeParams | None = None
    cancel_at: CancelAt | None = None
    currency: Currency | None = None
    description: Annotated[str, text(500)] | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    trial_period_days: WireInt | None = None
