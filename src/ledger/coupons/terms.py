"""What a coupon takes off, and from what. None of it changes, but further currencies may come."""

from decimal import Decimal
from fractions import Fraction
from typing import Literal

from pydantic import AwareDatetime, Field

from ledger.kernel.events import Fact

Duration = Literal["once", "repeating", "forever"]


class CouponTerms(Fact):
    """Either `percent_off`, decimal text above 0 and up to 100, or `amount_off` in `currency`.

    `currency_options` are amounts off in further currencies, in minor units of each. `products`
    None means all of them. `duration_in_months` goes with `repeating` alone.
    """

    percent_off: str | None = None
    amount_off: int | None = None
    currency: str | None = None
    currency_options: dict[str, int] = Field(default_factory=dict[str, int])
    duration: Duration = "once"
    duration_in_months: int | None = None
    products: tuple[str, ...] | None = None
    max_redemptions: int | None = None
    redeem_by: AwareDatetime | None = None

    @property
    def fraction_off(self) -> Fraction | None:
        """The exact share that a percentage takes off, None for an amount off."""
        return None if self.percent_off is None else Fraction(Decimal(self.percent_off)) / 100

    def amount_off_in(self, currency: str) -> int | None:
        """Minor units of this currency that are taken off, None if the coupon has no such amount
        or is a percentage."""
        if currency == self.currency:
            return self.amount_off
        return self.currency_options.get(currency)

    def is_worth_something_in(self, currency: str) -> bool:
        """Whether the coupon can take anything off an invoice in this currency."""
        return self.percent_off is not None or self.amount_off_in(currency) is not None

    def applies_to(self, product: str | None) -> bool:
        """Whether the coupon takes something off lines of this product; None is no product's."""
        return self.products is None or product in self.products
