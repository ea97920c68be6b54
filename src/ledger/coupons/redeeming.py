"""Coupons are redeemed: a discount for a customer, and one redemption more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.coupons import aggregate
from ledger.coupons.aggregate import Coupon, redemptions_of, stream_of
from ledger.coupons.commands import DiscountRequest
from ledger.coupons.discounts import Discount, DiscountSource, end_of
from ledger.coupons.events import CouponRedeemed
from ledger.coupons.terms import CouponTerms
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.store.work import Work

MOST_DISCOUNTS: Final = 20
"""Discounts that one object may have."""


@dataclass(frozen=True, slots=True)
class DiscountHolder:
    """What a coupon is applied to: its kind and id, its customer and currency, and the time on the
    customer's own clock."""

    source: DiscountSource
    id: str
    customer: str
    currency: str
    now: datetime


def give_discounts(
    work: Work,
    asked: Sequence[DiscountRequest],
    holder: DiscountHolder,
    kept: Iterable[Discount] = (),
    *,
    param: str = "discounts",
) -> tuple[Discount, ...]:
    """The discounts that something is to have, in the order asked for; coupons are redeemed.

    `kept` are those that can be named by their ids, because it has them already. Raises
    InvalidRequest for a coupon that is not valid any more, takes nothing off in this currency or is
    named twice, and NotFound; `param` is the list's name in the request.
    """
    if len(asked) > MOST_DISCOUNTS:
        raise InvalidRequest(f"At most {MOST_DISCOUNTS} discounts are possible.", param=param)
    known = {discount.id: discount for discount in kept}
    given: list[Discount] = []
    for i, one in enumerate(asked):
        discount = _discount(work, one, holder, known, f"{param}[{i}]")
        if discount.coupon in {other.coupon for other in given}:
            raise InvalidRequest(
                f"The coupon '{discount.coupon}' is named more than once.", param=f"{param}[{i}]"
            )
        given.append(discount)
    return tuple(given)


def coupon_terms(work: Work, ids: Iterable[str]) -> dict[str, CouponTerms]:
    """The terms of coupons by id, of deleted ones as well: what they gave goes on."""
    return {
        coupon_id: work.require(aggregate.evolve, stream_of(coupon_id), "coupon").terms
        for coupon_id in dict.fromkeys(ids)
    }


def require_coupon(work: Work, coupon_id: str, *, param: str | None = None) -> Coupon:
    """A coupon that exists and is not deleted. Raises NotFound."""
    coupon = work.load(aggregate.evolve, stream_of(coupon_id))
    if coupon is None or coupon.deleted:
        raise NotFound("coupon", coupon_id, param=param)
    return coupon


def _discount(
    work: Work,
    asked: DiscountRequest,
    holder: DiscountHolder,
    known: dict[str, Discount],
    param: str,
) -> Discount:
    if asked.discount is not None:
        discount = known.get(asked.discount)
        if discount is None:
            raise NotFound("discount", asked.discount, param=f"{param}[discount]")
        return discount
    if asked.coupon is None:
        raise InvalidRequest(
            f"Missing required param: {param}[coupon].",
            param=f"{param}[coupon]",
            code="parameter_missing",
        )
    return _redeem(work, asked.id, asked.coupon, holder, f"{param}[coupon]")


def _redeem(
    work: Work, discount_id: str, coupon_id: str, holder: DiscountHolder, param: str
) -> Discount:
    terms = require_coupon(work, coupon_id, param=param).terms
    stream = redemptions_of(coupon_id)
    if terms.redeem_by is not None and holder.now > terms.redeem_by:
        raise _expired(coupon_id, param)
    if terms.max_redemptions is not None and work.version(stream) >= terms.max_redemptions:
        raise _expired(coupon_id, param)
    if not terms.is_worth_something_in(holder.currency):
        raise InvalidRequest(
            f"The coupon '{coupon_id}' takes nothing off in {holder.currency}: it has an amount "
            "in other currencies only.",
            param=param,
        )
    discount = Discount(
        id=discount_id,
        coupon=coupon_id,
        source=holder.source,
        holder=holder.id,
        duration=terms.duration,
        start=holder.now,
        end=end_of(terms, holder.now),
    )
    work.append(stream, CouponRedeemed(discount=discount, customer=holder.customer))
    return discount


def _expired(coupon_id: str, param: str) -> InvalidRequest:
    return InvalidRequest(
        f"Coupon expired: '{coupon_id}' cannot be redeemed any more.",
        param=param,
        code="coupon_expired",
    )
