"""Rows of coupons and discounts. Times are epoch seconds, percentages canonical decimal text."""

import msgspec

from ledger.coupons.discounts import DiscountSource
from ledger.coupons.terms import Duration
from projections.runtime.tables import Table


class CouponRow(msgspec.Struct, frozen=True):
    """Amounts off are minor units. A deleted coupon stays, for the discounts that it gave."""

    id: str
    sequence: int
    created: int
    livemode: bool
    percent_off: str | None
    amount_off: int | None
    currency: str | None
    currency_options: dict[str, int]
    duration: Duration
    duration_in_months: int | None
    products: tuple[str, ...] | None
    max_redemptions: int | None
    redeem_by: int | None
    name: str | None
    metadata: dict[str, str]
    times_redeemed: int = 0
    deleted: bool = False


class DiscountRow(msgspec.Struct, frozen=True):
    """A coupon applied to `holder`, which is of the kind that `source` says.

    One that counts once is `spent` when an invoice is drafted with it.
    """

    id: str
    coupon: str
    customer: str
    source: DiscountSource
    holder: str
    start: int
    end: int | None
    spent: bool = False


COUPONS = Table(
    "coupons",
    CouponRow,
    columns={"sequence": "bigint", "created": "bigint", "deleted": "boolean"},
    indexes=(("sequence",),),
)

DISCOUNTS = Table("discounts", DiscountRow)
