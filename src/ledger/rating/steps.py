"""The steps of a rating as they are stored with a line, decimals as canonical text."""

from typing import Literal

from ledger.kernel.events import Fact

StepModel = Literal[
    "included",
    "per_unit",
    "package",
    "graduated",
    "volume",
    "percentage",
    "minimum",
    "maximum",
    "proration",
    "rounding",
]


class RatedStep(Fact):
    """One step from a quantity to an amount; the steps' amounts add up to the line's amount.

    `quantity` counts units, or packages where the model is `package`; a tier holds quantities in
    (`above`, `up_to`]. Amounts are minor units, exact, not rounded.
    """

    model: StepModel
    quantity: str = "0"
    unit_amount: str = "0"
    flat_amount: str = "0"
    amount: str
    above: str | None = None
    up_to: str | None = None
