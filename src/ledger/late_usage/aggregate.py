"""What is accounted for of a finalized line's usage: billed, adjusted and reported so far."""

from dataclasses import dataclass, replace

from ledger.invoices.events import FinalLine
from ledger.kernel.events import DomainEvent
from ledger.late_usage.events import LateUsageAdjusted, LateUsageChecked


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What was added to a line after it was finalized.

    `amount` is the sum of the adjustments in minor units. The other fields are of the last one,
    None before there is any; `through_position` also of a look that found nothing new.
    """

    count: int = 0
    amount: int = 0
    through_position: int = 0
    quantity: str | None = None
    digest: str | None = None


def evolve(adjusted: Adjusted | None, event: DomainEvent) -> Adjusted:
    """The state of a line's stream after a fact."""
    known = adjusted or Adjusted()
    match event:
        case LateUsageAdjusted():
            return Adjusted(
                count=known.count + 1,
                amount=known.amount + event.amount,
                through_position=event.through_position,
                quantity=event.quantity_after,
                digest=event.evidence.digest,
            )
        case LateUsageChecked():
            return replace(known, through_position=event.through_position)
        case _:
            raise TypeError(f"{event.TOPIC} is no fact of late usage")


@dataclass(frozen=True, slots=True)
class Accounted:
    """A line as it is accounted for: the quantity, the amount in minor units, and the digest of
    the meter events that it rests on, as recorded through a position."""

    quantity: str
    amount: int
    digest: str
    through_position: int
    adjustments: int


def accounted(line: FinalLine, through_position: int, adjusted: Adjusted | None) -> Accounted:
    """A line with its adjustments. Raises ValueError for one that is not metered."""
    if line.evidence is None:
        raise ValueError(f"line {line.id} is not metered")
    known = adjusted or Adjusted()
    return Accounted(
        quantity=known.quantity or line.quantity,
        amount=line.amount + known.amount,
        digest=known.digest or line.evidence.digest,
        through_position=max(through_position, known.through_position),
        adjustments=known.count,
    )
