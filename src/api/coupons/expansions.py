"""What can be expanded in a coupon and a discount, and both where something else refers to them."""

from collections.abc import Mapping, Sequence

from api.coupons.objects import (
    applies_to_object,
    coupon_object,
    currency_options_object,
    discount_object,
)
from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from ledger.kernel.clock import to_epoch
from projections.coupons.rows import COUPONS, DISCOUNTS, CouponRow


def coupon_expansions(view: View) -> Expansions:
    """A discount's customer is for the customers to say."""

    def row_of(coupon: JsonObject) -> CouponRow:
        return view.rows.require(COUPONS, "coupon", coupon["id"])

    return {
        ("coupon", "applies_to"): Hidden(lambda coupon: applies_to_object(row_of(coupon))),
        ("coupon", "currency_options"): Hidden(
            lambda coupon: currency_options_object(row_of(coupon))
        ),
        ("discount", "source.coupon"): Reference(lambda ids: load_coupons(view, ids), to="coupon"),
        ("discount", "promotion_code"): Reference(lambda _: {}),
    }


def load_coupons(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Coupons by id, deleted ones as well, for discounts that they gave."""
    now = to_epoch(view.now)
    rows = (view.rows.get(COUPONS, coupon_id) for coupon_id in ids)
    return {row.id: coupon_object(row, now) for row in rows if row}


def load_discounts(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Discounts by id, for objects that refer to them."""
    rows = (view.rows.get(DISCOUNTS, discount_id) for discount_id in ids)
    return {row.id: discount_object(row) for row in rows if row}
