"""Request models that use every field type, and ways to have them refuse."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self

import pytest
from pydantic import Field, model_validator

from api.http.errors import ApiError
from api.http.forms import decode_form
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive, parse
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    NonNegativeDecimal,
    NonNegativeInt,
    PositiveInt,
    Rfc3339Timestamp,
    StringMap,
    TimestampOrNow,
    WireBool,
    WireDecimal,
    WireInt,
    WireTimestamp,
    text,
)


class Recurring(Params):
    interval: Literal["day", "week", "month", "year"]
    interval_count: PositiveInt = 1
    meter: Id | None = None


class Tier(Params):
    up_to: PositiveInt | Literal["inf"]
    unit_amount_decimal: NonNegativeDecimal | None = None


class Sample(RequestParams):
    name: Annotated[str, text(10)] | None = None
    description: Clearable[Annotated[str, text(20)]] = None
    count: WireInt = 0
    ratio: WireDecimal = Decimal(0)
    active: WireBool = True
    at: WireTimestamp | None = None
    anchor: TimestampOrNow | None = None
    seen: Rfc3339Timestamp | None = None
    currency: Currency | None = None
    kind: Literal["by_id"] | None = None
    recurring: Recurring | None = None
    tiers: ArrayOf[Tier] = Field(default_factory=list[Tier])
    tax_rates: Clearable[ArrayOf[Id]] = None
    few: Annotated[ArrayOf[Id], Field(min_length=1, max_length=2)] = Field(default=["x"])
    payload: StringMap = Field(default_factory=dict[str, str])
    metadata: MetadataParam = Field(default_factory=dict[str, str])


class Priced(Params):
    unit_amount: NonNegativeInt | None = None
    unit_amount_decimal: NonNegativeDecimal | None = None
    product: Id

    @model_validator(mode="after")
    def _one_amount(self) -> Self:
        exclusive(self, "unit_amount", "unit_amount_decimal")
        return self


def form(sent: str) -> Sample:
    return parse(Sample, decode_form(sent.encode()))


def refused(model: type[Params], data: dict[str, Any]) -> tuple[str, str | None, str | None]:
    with pytest.raises(ApiError) as caught:
        parse(model, data)
    assert caught.value.status == 400
    return caught.value.message, caught.value.code, caught.value.param
