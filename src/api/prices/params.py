"""Parameters of the price routes (contract §6)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    PositiveInt,
    WireBool,
    text,
)
from api.products.params import OwnId, TaxDetailsParams
from api.products.price_terms import CurrencyOptions, ExtensionParams, TieredAmountParams
from ledger.kernel.periods import Interval
from ledger.prices.terms import BillingScheme, TaxBehavior, TiersMode, UsageType

LookupKey = Annotated[str, text(200)]
Nickname = Annotated[str, text(5000)]


class RecurringParams(Params):
    interval: Interval
    interval_count: PositiveInt = 1
    meter: Id | None = None
    trial_period_days: PositiveInt | None = None
    usage_type: UsageType = "licensed"


class TransformQuantityParams(Params):
    divide_by: PositiveInt
    round: Literal["up", "down"]


class ProductData(Params):
    """A product that is created with the price."""

    name: Annotated[str, text(5000)]
    active: WireBool = True
    id: OwnId | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    statement_descriptor: Clearable[Annotated[str, text(22)]] = None
    tax_code: Clearable[Id] = None
    tax_details: Clearable[TaxDetailsParams] = None
    unit_label: Clearable[Annotated[str, text(12)]] = None


class PriceCreate(ExtensionParams, TieredAmountParams, RequestParams):
    currency: Currency
    active: WireBool = True
    billing_scheme: BillingScheme = "per_unit"
    currency_options: CurrencyOptions = Field(default_factory=dict[str, TieredAmountParams])
    lookup_key: Clearable[LookupKey] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    nickname: Clearable[Nickname] = None
    product: Id | None = None
    product_data: ProductData | None = None
    recurring: RecurringParams | None = None
    tiers_mode: TiersMode | None = None
    transfer_lookup_key: WireBool = False
    transform_quantity: TransformQuantityParams | None = None

    @model_validator(mode="after")
    def _one_product(self) -> Self:
        exclusive(self, "product", "product_data")
        return self


class PriceUpdate(RequestParams):
    active: WireBool | None = None
    currency_options: Clearable[CurrencyOptions] = Field(
        default_factory=dict[str, TieredAmountParams]
    )
    lookup_key: Clearable[LookupKey] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    nickname: Clearable[Nickname] = None
    tax_behavior: TaxBehavior | None = None
    transfer_lookup_key: WireBool = False


class RecurringFilter(Params):
    interval: Interval | None = None
    meter: Id | None = None
    usage_type: UsageType | None = None


class PriceList(CreatedListParams):
    active: WireBool | None = None
    currency: Currency | None = None
    lookup_keys: Annotated[ArrayOf[LookupKey], Field(max_length=10)] | None = None
    product: Id | None = None
    recurring: RecurringFilter | None = None
    type: Literal["one_time", "recurring"] | None = None
