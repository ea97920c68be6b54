"""The terms of a price as a request writes them: in `/v1/prices` and in `default_price_data`."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal

from pydantic import Field, PlainValidator, WithJsonSchema

from api.http.metadata import MetadataParam
from api.http.params import Params
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Currency,
    DecimalNumber,
    NonNegativeInt,
    PositiveInt,
    refusal,
    shown,
)
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Interval
from ledger.kernel.quantities import decimal_text
from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import (
    BillingScheme,
    FeeBase,
    PercentageFee,
    PriceTerms,
    Recurring,
    TaxBehavior,
    TiersMode,
    TransformQuantity,
)

MAX_TIERS = 100
_TOO_LARGE: Final = 10**19
MAX_CURRENCY_OPTIONS = 30


def _bound(value: object) -> int | Literal["inf"]:
    if value == "inf":
        return "inf"
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _TOO_LARGE:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        return int(value)
    raise refusal(f"Invalid {{param}}: must be a whole number or inf, not {shown(value)}")


def _decimal(value: object) -> str:
    return decimal_text(DecimalNumber()(value))


CustomUnitAmount = Annotated[None, Unsupported("customers choose no amounts; use unit_amount.")]
UpTo = Annotated[
    int | Literal["inf"],
    PlainValidator(_bound),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "inf"}]}),
]
DecimalText = Annotated[
    str, PlainValidator(_decimal), WithJsonSchema({"type": "string", "format": "decimal"})
]


class TierParams(Params):
    up_to: UpTo
    flat_amount: NonNegativeInt | None = None
    flat_amount_decimal: DecimalText | None = None
    unit_amount: NonNegativeInt | None = None
    unit_amount_decimal: DecimalText | None = None


class AmountParams(Params):
    """What one unit costs, and the least and the most that a period costs, in minor units."""

    custom_unit_amount: CustomUnitAmount = None
    maximum_charge: NonNegativeInt | None = None
    minimum_charge: NonNegativeInt | None = None
    tax_behavior: TaxBehavior | None = None
    unit_amount: NonNegativeInt | None = None
    unit_amount_decimal: DecimalText | None = None


class TieredAmountParams(AmountParams):
    """What units cost, maybe in tiers; also the terms of a price in a further currency."""

    tiers: Annotated[ArrayOf[TierParams], Field(max_length=MAX_TIERS)] = Field(
        default_factory=list[TierParams]
    )


CurrencyOptions = Annotated[
    dict[Currency, TieredAmountParams], Field(max_length=MAX_CURRENCY_OPTIONS)
]


class PercentageFeeParams(Params):
    """A share of the quantity, which then counts minor units, or of what the other terms charge."""

    percent: DecimalText
    of: FeeBase = "quantity"


class ExtensionParams(Params):
    """Terms that the compatible API does not have, the same in every currency."""

    included_units: DecimalText | None = None
    percentage_fee: PercentageFeeParams | None = None

    def fee(self) -> PercentageFee | None:
        """The percentage fee as a term of a price."""
        fee = self.percentage_fee
        return PercentageFee(percent=fee.percent, of=fee.of) if fee else None


class DefaultRecurring(Params):
    interval: Interval
    interval_count: PositiveInt = 1


class DefaultPriceData(ExtensionParams, AmountParams):
    """A product's default price, which is created with it."""

    currency: Currency
    currency_options: CurrencyOptions = Field(default_factory=dict[str, TieredAmountParams])
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    recurring: DefaultRecurring | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceShape:
    """What the terms of a price in all its currencies have in common, and one of those."""

    currency: str
    billing_scheme: BillingScheme = "per_unit"
    tiers_mode: TiersMode | None = None
    transform_quantity: TransformQuantity | None = None
    recurring: Recurring | None = None
    included_units: str | None = None
    percentage_fee: PercentageFee | None = None


def terms_of(shape: PriceShape, asked: AmountParams) -> PriceTerms:
    """The terms that a request states. Raises InvalidRequest naming the field."""
    tiers = asked.tiers if isinstance(asked, TieredAmountParams) else []
    return define_terms(
        TermsRequest(
            currency=shape.currency,
            billing_scheme=shape.billing_scheme,
            unit_amount=asked.unit_amount,
            unit_amount_decimal=asked.unit_amount_decimal,
            transform_quantity=shape.transform_quantity,
            tiers_mode=shape.tiers_mode,
            tiers=tuple(TierRequest(**tier.model_dump()) for tier in tiers),
            recurring=shape.recurring,
            tax_behavior=asked.tax_behavior or "unspecified",
            included_units=shape.included_units,
            percentage_fee=shape.percentage_fee,
            minimum_charge=asked.minimum_charge,
            maximum_charge=asked.maximum_charge,
        )
    )


def options_of(shape: PriceShape, asked: Mapping[str, TieredAmountParams]) -> dict[str, PriceTerms]:
    """The terms in further currencies. Raises InvalidRequest naming the field."""
    options: dict[str, PriceTerms] = {}
    for currency, amounts in asked.items():
        param = f"currency_options[{currency}]"
        if currency == shape.currency:
            raise InvalidRequest(
                f"Invalid {param}: the price's own currency has its terms already.", param=param
            )
        with within(param):
            options[currency] = terms_of(replace(shape, currency=currency), amounts)
    return options


def default_terms(asked: DefaultPriceData) -> tuple[PriceTerms, dict[str, PriceTerms]]:
    """The terms of a default price, and those in further currencies. Raises InvalidRequest."""
    recurring: Any = asked.recurring
    if recurring is not None:
        recurring = Recurring(**recurring.model_dump())
    shape = PriceShape(
        currency=asked.currency,
        recurring=recurring,
        included_units=asked.included_units,
        percentage_fee=asked.fee(),
    )
    with within("default_price_data"):
        return terms_of(shape, asked), options_of(shape, asked.currency_options)


@contextmanager
def within(param: str) -> Generator[None]:
    """Name the field of a refusal as a part of this one."""
    try:
        yield
    except InvalidRequest as refused:
        head, bracket, rest = (refused.param or "").partition("[")
        inner = f"{param}[{head}]{bracket}{rest}" if head else param
        raise InvalidRequest(refused.message, param=inner, code=refused.code) from None
