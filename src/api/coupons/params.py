"""Parameters of the coupon routes, and of discounts where a coupon is applied."""

import re
from decimal import Decimal
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, Field

from api.http.lists import CreatedListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive, missing
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Currency,
    Id,
    NonNegativeDecimal,
    PositiveInt,
    WireTimestamp,
    refusal,
    text,
)
from ledger.coupons.commands import DiscountRequest
from ledger.coupons.redeeming import MOST_DISCOUNTS
from ledger.coupons.terms import Duration
from ledger.kernel.ids import new_id

MOST_PRODUCTS: Final = 100
MOST_CURRENCIES: Final = 30

_OWN_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")


def _own_id(value: str) -> str:
    if _OWN_ID.fullmatch(value) is None:
        raise refusal("Invalid {param}: only letters, digits and _ - are allowed in an id.")
    return value


def _percent(value: Decimal) -> Decimal:
    if not 0 < value <= 100:
        raise refusal("Invalid {param}: must be greater than 0 and at most 100.")
    return value


PromotionCode: TypeAlias = Annotated[
    None, Unsupported("there are no promotion codes; name the coupon.")
]


class AppliesToParams(Params):
    products: Annotated[ArrayOf[Id], Field(min_length=1, max_length=MOST_PRODUCTS)]


class AmountOffParams(Params):
    amount_off: PositiveInt


class CouponFields(RequestParams):
    """What creation and update have in common. An empty name unsets it."""

    currency_options: Annotated[
        dict[Currency, AmountOffParams], Field(max_length=MOST_CURRENCIES)
    ] = Field(default_factory=dict[str, AmountOffParams])
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    name: Clearable[Annotated[str, text(40)]] = None


class CouponCreate(CouponFields):
    amount_off: PositiveInt | None = None
    applies_to: AppliesToParams | None = None
    currency: Currency | None = None
    duration: Duration = "once"
    duration_in_months: PositiveInt | None = None
    id: Annotated[str, text(255), AfterValidator(_own_id)] | None = None
    max_redemptions: PositiveInt | None = None
    percent_off: Annotated[NonNegativeDecimal, AfterValidator(_percent)] | None = None
    redeem_by: WireTimestamp | None = None


class CouponUpdate(CouponFields):
    pass


class CouponList(CreatedListParams):
    pass


class DiscountParams(Params):
    """A discount for something: a coupon to redeem, or a discount that it has already."""

    coupon: Id | None = None
    discount: Id | None = None
    promotion_code: PromotionCode = None


DiscountsParam: TypeAlias = Clearable[
    Annotated[ArrayOf[DiscountParams], Field(max_length=MOST_DISCOUNTS)]
]
"""The `discounts` of anything that can have some; None where an empty value asks for none."""


def discount_requests(
    asked: list[DiscountParams] | None, *, param: str = "discounts"
) -> tuple[DiscountRequest, ...]:
    """What a `discounts` parameter asks of the ledger, with ids for the discounts to come.

    `param` is its name in the request. Raises ApiError for an entry without a coupon or discount,
    or with both.
    """
    requests: list[DiscountRequest] = []
    for i, one in enumerate(asked or ()):
        exclusive(one, "coupon", "discount")
        if one.coupon is None and one.discount is None:
            raise missing(f"{param}[{i}][coupon]")
        requests.append(DiscountRequest(id=new_id("di"), coupon=one.coupon, discount=one.discount))
    return tuple(requests)
