"""A discount: a coupon where it was applied, and since when."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

from dateutil.relativedelta import relativedelta
from pydantic import AwareDatetime

from ledger.coupons.terms import CouponTerms, Duration
from ledger.kernel.events import Fact

DiscountSource = Literal["customer", "subscription", "subscription_item", "invoice", "invoice_item"]


class Discount(Fact):
    """A coupon applied to something (`di_…`), from `start` up to, not including, `end` if any.

    `holder` is the id of what it was applied to. Only a `repeating` one has an end.
    """

    id: str
    coupon: str
    source: DiscountSource
    holder: str
    duration: Duration
    start: AwareDatetime
    end: AwareDatetime | None = None


def end_of(terms: CouponTerms, start: datetime) -> datetime | None:
    """When a discount that starts now is over; months are counted as billing periods are."""
    if terms.duration != "repeating" or terms.duration_in_months is None:
        return None
    return start + relativedelta(months=terms.duration_in_months)


def discounts_in_force(
    discounts: Iterable[Discount], at: datetime, spent: Collection[str] = ()
) -> tuple[Discount, ...]:
    """Those that an invoice drafted at this time takes.

    A repeating one has until its end. One that counts once is over as soon as an invoice was
    drafted with it: `spent` are the ids of those.
    """
    return tuple(
        discount
        for discount in discounts
        if (discount.end is None or at < discount.end)
        and not (discount.duration == "once" and discount.id in spent)
    )


def spent_by(discounts: Iterable[Discount]) -> tuple[str, ...]:
    """Ids of those that count once and are spent when an invoice is drafted with them."""
    return tuple(discount.id for discount in discounts if discount.duration == "once")
