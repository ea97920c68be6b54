"""Facts about coupons, in the stream `coupon_:<id>`; how often they are redeemed, in
`redemptions:<id>`, whose versions are the count.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from ledger.coupons.discounts import Discount
from ledger.coupons.terms import CouponTerms
from ledger.kernel.events import DomainEvent


class CouponCreated(DomainEvent):
    """The id may be the caller's own."""

    TOPIC: ClassVar[str] = "coupon.created.v1"

    coupon: str
    terms: CouponTerms
    name: str | None
    metadata: dict[str, str]
    created: AwareDatetime
    livemode: bool


class CouponChanged(DomainEvent):
    """Each field holds the whole new value."""

    TOPIC: ClassVar[str] = "coupon.changed.v1"

    coupon: str
    name: str | None
    metadata: dict[str, str]
    currency_options: dict[str, int]
    changed_at: AwareDatetime


class CouponDeleted(DomainEvent):
    """The coupon is not redeemed any more. Discounts that it gave go on."""

    TOPIC: ClassVar[str] = "coupon.deleted.v1"

    coupon: str
    deleted_at: AwareDatetime


class CouponRedeemed(DomainEvent):
    """A customer was given a discount."""

    TOPIC: ClassVar[str] = "coupon.redeemed.v1"

    discount: Discount
    customer: str


EVENTS: tuple[type[DomainEvent], ...] = (
    CouponCreated,
    CouponChanged,
    CouponDeleted,
    CouponRedeemed,
)
