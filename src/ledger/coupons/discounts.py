"""A discount: a coupon where it was applied, and since when."""

from typing import Literal

from pydantic import AwareDatetime

from ledger.kernel.events import Fact

DiscountSource = Literal["customer", "subscription", "subscription_item", "invoice", "invoice_item"]


class Discount(Fact):
    """A coupon applied to something (`di_…`), from `start` up to, not including, `end` if any."""

    id: str
    coupon: str
    source: DiscountSource
    start: AwareDatetime
    end: AwareDatetime | None = None
