"""The result of rating: a line, and the steps that add up to it."""

from decimal import Decimal
from typing import Literal

import msgspec

Model = Literal["per_unit", "package", "graduated", "volume"]


class RatingStep(msgspec.Struct, frozen=True):
    """One product of a rating: `amount = quantity * unit_amount + flat_amount`, exactly.

    `quantity` counts units, or packages where the model is `package`. A tier also says where it
    lies: quantities in (`above`, `up_to`], without end where `up_to` is None. Amounts are minor
    units, not rounded.
    """

    model: Model
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    flat_amount: Decimal = Decimal(0)
    above: Decimal | None = None
    up_to: Decimal | None = None


class RatedLine(msgspec.Struct, frozen=True):
    """What a quantity costs: `amount` in whole minor units, `exact` before the one rounding.

    The steps' amounts add up to `exact`. `quantity` is what is billed: the raw usage, or 0 where
    corrections made it negative. `unit_amount_decimal` is None where tiers set the price.
    """

    amount: int
    quantity: Decimal
    exact: Decimal
    unit_amount_decimal: str | None
    steps: tuple[RatingStep, ...]

    @property
    def rounding(self) -> Decimal:
        """What the rounding added (or took away, if negative), at most half a minor unit."""
        return self.amount - self.exact
