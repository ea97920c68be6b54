"""What is asked of coupons."""

from pydantic import Field

from ledger.coupons.terms import CouponTerms
from ledger.kernel.commands import Command


class CreateCoupon(Command):
    """The id may be the caller's own."""

    coupon: str
    terms: CouponTerms
    name: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class UpdateCoupon(Command):
    """`name` changes where it was set. `currency_options` come to those that there are.

    `metadata` is merged: None clears all, an empty value removes its key, `{}` changes nothing.
    """

    coupon: str
    name: str | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    currency_options: dict[str, int] = Field(default_factory=dict[str, int])


class DeleteCoupon(Command):
    coupon: str


class DiscountRequest(Command):
    """A discount that something is to have: a coupon, or a discount that it has already.

    `id` is the new discount's own where a coupon is named.
    """

    id: str
    coupon: str | None = None
    discount: str | None = None
