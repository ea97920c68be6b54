"""The steps of a rated line as an event keeps them, decimals as canonical text."""

from decimal import Decimal

from ledger.kernel.events import Fact
from ledger.kernel.quantities import decimal_text
from ledger.rating.lines import RatedLine, StepModel


class RatedStep(Fact):
    """A `RatingStep` with its decimals as text; the fields mean the same.

    The amounts of a line's steps add up to the line's amount.
    """

    model: StepModel
    quantity: str = "0"
    unit_amount: str = "0"
    flat_amount: str = "0"
    amount: str
    above: str | None = None
    up_to: str | None = None


def stored_steps(line: RatedLine) -> tuple[RatedStep, ...]:
    """The steps of a line, in the order in which they were taken."""
    return tuple(
        RatedStep(
            model=step.model,
            quantity=decimal_text(step.quantity),
            unit_amount=decimal_text(step.unit_amount),
            flat_amount=decimal_text(step.flat_amount),
            amount=decimal_text(step.amount),
            above=_text(step.above),
            up_to=_text(step.up_to),
        )
        for step in line.steps
    )


def _text(bound: Decimal | None) -> str | None:
    return None if bound is None else decimal_text(bound)
