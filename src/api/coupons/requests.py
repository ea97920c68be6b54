"""From the parameters of a coupon request to what is asked of the ledger."""

from typing import Any

from api.coupons.params import AmountOffParams, CouponCreate, CouponUpdate
from ledger.coupons.commands import CreateCoupon, UpdateCoupon
from ledger.coupons.terms import CouponTerms
from ledger.kernel.ids import new_id
from ledger.kernel.quantities import decimal_text


def creation(asked: CouponCreate) -> CreateCoupon:
    """A coupon, with an id of its own where the request names none."""
    percent, applies_to = asked.percent_off, asked.applies_to
    terms = CouponTerms(
        percent_off=None if percent is None else decimal_text(percent),
        amount_off=asked.amount_off,
        currency=asked.currency,
        currency_options=_options(asked.currency_options),
        duration=asked.duration,
        duration_in_months=asked.duration_in_months,
        products=None if applies_to is None else tuple(dict.fromkeys(applies_to.products)),
        max_redemptions=asked.max_redemptions,
        redeem_by=asked.redeem_by,
    )
    return CreateCoupon(
        coupon=asked.id or new_id("", 8).removeprefix("_"),
        terms=terms,
        name=asked.name,
        metadata=asked.metadata or {},
    )


def change(coupon: str, asked: CouponUpdate) -> UpdateCoupon:
    given: dict[str, Any] = {"name": asked.name} if asked.given("name") else {}
    return UpdateCoupon(
        coupon=coupon,
        metadata=asked.metadata,
        currency_options=_options(asked.currency_options),
        **given,
    )


def _options(asked: dict[str, AmountOffParams]) -> dict[str, int]:
    return {currency: option.amount_off for currency, option in asked.items()}
