"""Coupons and discounts as the wire shows them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from api.http.call import View
from projections.coupons.rows import DISCOUNTS, CouponRow, DiscountRow


def coupon_object(row: CouponRow, now: int) -> dict[str, Any]:
    """A coupon, and whether it can be redeemed at `now`, in epoch seconds."""
    return {
        "id": row.id,
        "object": "coupon",
        "amount_off": row.amount_off,
        "created": row.created,
        "currency": row.currency,
        "duration": row.duration,
        "duration_in_months": row.duration_in_months,
        "livemode": row.livemode,
        "max_redemptions": row.max_redemptions,
        "metadata": row.metadata,
        "name": row.name,
        "percent_off": None if row.percent_off is None else Decimal(row.percent_off),
        "redeem_by": row.redeem_by,
        "times_redeemed": row.times_redeemed,
        "valid": _valid(row, now),
    }


def deleted_coupon_object(coupon_id: str) -> dict[str, Any]:
    return {"id": coupon_id, "object": "coupon", "deleted": True}


def currency_options_object(row: CouponRow) -> dict[str, Any] | None:
    """The amounts off in every currency, the coupon's own included; None for a percentage."""
    if row.amount_off is None or row.currency is None:
        return None
    amounts = {row.currency: row.amount_off, **row.currency_options}
    return {currency: {"amount_off": amount} for currency, amount in amounts.items()}


def applies_to_object(row: CouponRow) -> dict[str, Any] | None:
    """The products whose lines are discounted; None for those of all."""
    return None if row.products is None else {"products": row.products}


def discount_object(row: DiscountRow) -> dict[str, Any]:
    """A discount with the one thing that it is of; the coupon is an id until it is expanded."""
    holders = ("subscription", "subscription_item", "invoice", "invoice_item")
    return {
        "id": row.id,
        "object": "discount",
        "checkout_session": None,
        "customer": row.customer,
        "customer_account": None,
        "end": row.end,
        **{kind: row.holder if row.source == kind else None for kind in holders},
        "promotion_code": None,
        "source": {"coupon": row.coupon, "type": "coupon"},
        "start": row.start,
    }


def deleted_discount_object(row: DiscountRow) -> dict[str, Any]:
    """What is left of a discount that something has no more."""
    shown = discount_object(row)
    del shown["end"]
    return {**shown, "deleted": True}


def standing_discounts(view: View, ids: Iterable[str]) -> list[str]:
    """Those of the discounts of something that go on: what counts once is over when it counted."""
    rows = (view.rows.get(DISCOUNTS, discount) for discount in ids)
    return [row.id for row in rows if row is not None and not row.spent]


def _valid(row: CouponRow, now: int) -> bool:
    if row.deleted or (row.redeem_by is not None and now > row.redeem_by):
        return False
    return row.max_redemptions is None or row.times_redeemed < row.max_redemptions
