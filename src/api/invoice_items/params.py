"""Parameters of the invoice item routes, and of what a line bills where an invoice takes lines."""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from api.coupons.params import DiscountsParam
from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    Clearable,
    Currency,
    Id,
    NonNegativeDecimal,
    NonNegativeInt,
    WireBool,
    WireDecimal,
    WireInt,
    WireTimestamp,
    refusal,
    text,
)
from api.products.params import Images, TaxDetailsParams
from api.products.price_terms import AmountParams
from api.tax_rates.params import TaxRatesParam
from ledger.prices.terms import TaxBehavior

Description: TypeAlias = Annotated[str, text(5000)]
TaxAmounts: TypeAlias = Annotated[
    None, Unsupported("taxes are computed from tax rates; give tax_rates.")
]
InvoicingRules: TypeAlias = Annotated[None, Unsupported("there are no invoicing rules.")]
OtherAccounts: TypeAlias = Annotated[None, Unsupported("a customer is named by customer.")]


def only_one(params: Params, *names: str) -> None:
    """Refuse more than one of these fields, wherever in a request their map stands."""
    sent = [name for name in names if params.given(name)]
    if len(sent) > 1:
        raise refusal(
            f"You may only specify one of these parameters: {', '.join(sent)}.",
            code="parameters_exclusive",
            inside=(sent[1],),
        )


class PeriodParams(Params):
    """Both ends are included on the wire; they may be one."""

    end: WireTimestamp
    start: WireTimestamp

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end < self.start:
            raise refusal("Invalid {param}: must not be before the start.", inside=("end",))
        return self


class PricingParams(Params):
    price: Id | None = None


class InlineProductParams(Params):
    """A product that is created with the price. Tax details are kept and do nothing."""

    name: Description
    description: Annotated[str, text(40_000)] | None = None
    images: Images = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    tax_code: Clearable[Id] = None
    tax_details: Clearable[TaxDetailsParams] = None
    unit_label: Clearable[Annotated[str, text(12)]] = None


class PriceDataParams(AmountParams):
    """A one-time price that is created inactive, for this use alone."""

    currency: Currency
    product: Id | None = None
    product_data: InlineProductParams | None = None

    @model_validator(mode="after")
    def _one_product(self) -> Self:
        only_one(self, "product", "product_data")
        return self


class ChargeParams(Params):
    """What to bill."""

    amount: WireInt | None = None
    description: Clearable[Description] = None
    discountable: WireBool | None = None
    discounts: DiscountsParam = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    period: PeriodParams | None = None
    price_data: PriceDataParams | None = None
    pricing: PricingParams | None = None
    quantity: NonNegativeInt | None = None
    quantity_decimal: NonNegativeDecimal | None = None
    tax_rates: TaxRatesParam = None

    @model_validator(mode="after")
    def _one_of_each(self) -> Self:
        only_one(self, "quantity", "quantity_decimal")
        only_one(self, "amount", "pricing", "price_data", "unit_amount_decimal")
        return self


class ItemChargeParams(ChargeParams, RequestParams):
    """Tax behaviour and code are for taxes that are looked up, of which there are none: a tax rate
    says itself whether it is inclusive."""

    unit_amount_decimal: WireDecimal | None = None
    tax_behavior: TaxBehavior | None = None
    tax_code: Clearable[Id] = None


class InvoiceItemCreate(ItemChargeParams):
    currency: Currency | None = None
    customer: Id | None = None
    customer_account: OtherAccounts = None
    invoice: Id | None = None
    subscription: Id | None = None


class InvoiceItemUpdate(ItemChargeParams):
    invoicing_rules: InvoicingRules = None


class InvoiceItemList(CreatedListParams):
    """`pending` are those that wait for an invoice."""

    customer: Id | None = None
    customer_account: OtherAccounts = None
    invoice: Id | None = None
    pending: WireBool | None = None


LineBehavior: TypeAlias = Literal["delete", "unassign"]


class LineParams(ChargeParams):
    """A line of an invoice, in requests that take several."""

    tax_amounts: TaxAmounts = None


class AddedLineParams(LineParams):
    invoice_item: Id | None = None


class ChangedLineParams(LineParams):
    id: Id


class RemovedLineParams(Params):
    behavior: LineBehavior
    id: Id
