"""The result of rating: a line, and the steps that add up to it."""

from decimal import Decimal
from typing import Literal

import msgspec

Model = Literal["per_unit", "package", "graduated", "volume"]
StepModel = Literal[Model, "included", "percentage", "minimum", "maximum", "proration", "rounding"]


class RatingStep(msgspec.Struct, frozen=True):
    """One step of a rating: `amount = quantity * unit_amount + flat_amount`, exactly.

    Amounts are minor units, not rounded. What the rest says depends on the model:

    - `per_unit`, `package`: units or packages at their price.
    - `graduated`, `volume`: a tier, for quantities in (`above`, `up_to`], without end where `up_to`
      is None.
    - `included`: the `quantity` of units that cost nothing.
    - `percentage`: `unit_amount` is the share (0.029 for 2.9 %) of `quantity` minor units.
    - `minimum`, `maximum`, `proration`, `rounding`: `amount` leads from `above`, what the steps
      before it came to, to `up_to`. A share by the second is stated to 12 decimals there; the
      rounding is of the share itself and takes what is left.
    """

    model: StepModel
    quantity: Decimal
    unit_amount: Decimal
    amount: Decimal
    flat_amount: Decimal = Decimal(0)
    above: Decimal | None = None
    up_to: Decimal | None = None


class RatedLine(msgspec.Struct, frozen=True):
    """What a quantity costs: `amount` in whole minor units, `exact` before the one rounding.

    All steps' amounts add up to `amount`; without the `rounding` step, to `exact`. `quantity` is
    what is billed: the raw usage, or 0 where corrections made it negative. `unit_amount_decimal` is
    None where tiers set the price.
    """

    amount: int
    quantity: Decimal
    exact: Decimal
    unit_amount_decimal: str | None
    steps: tuple[RatingStep, ...]

    @property
    def rounding(self) -> Decimal:
        """What the rounding added (or took away, if negative): at most half a minor unit."""
        return self.amount - self.exact
