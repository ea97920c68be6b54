"""What is asked of usage, what is answered, and who answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from ledger.meter_events.aggregation import MeterDefinition, Usage
from ledger.meter_events.events import UsageRecord


class Asked(NamedTuple):
    """Usage that is asked for: of a meter, from `start` up to, not including, `end`."""

    meter: MeterDefinition
    start: datetime
    end: datetime


class UsageAsOf(NamedTuple):
    """The usage that was asked for, in the same order, as the log stood at a position."""

    through_position: int
    usages: list[Usage]


class UsageReader(Protocol):
    """Answers what was used; every implementation gives the same answers."""

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """Usage of events recorded, and of cancellations made, at positions up to
        `through_position`, or a later one if the reader answers as of now."""
        ...


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    """What a command asks of a reader. Those as of one position are answered together."""

    customer: str
    asked: tuple[Asked, ...]
    through_position: int

    @property
    def kind(self) -> tuple[str, int]:
        return ("usage", self.through_position)


@runtime_checkable
class ReaderOfMany(Protocol):
    """A reader that answers many questions in a few statements."""

    def usages_of_all(
        self, questions: Sequence[UsageQuestion], through_position: int
    ) -> list[UsageAsOf]:
        """See `UsageReader.usages`, for questions as of one position."""
        ...


def answers_of(reader: UsageReader) -> Callable[[Sequence[UsageQuestion]], list[UsageAsOf]]:
    """How a reader answers questions as of one position, together if it can."""

    def answer_all(questions: Sequence[UsageQuestion]) -> list[UsageAsOf]:
        if isinstance(reader, ReaderOfMany) and questions:
            return reader.usages_of_all(questions, questions[0].through_position)
        return [reader.usages(one.customer, one.asked, one.through_position) for one in questions]

    return answer_all


class Positions(NamedTuple):
    """A stretch of the log, from `first` through `last`."""

    first: int
    last: int

    def through(self, position: int) -> "Positions":
        """The part of it up to and with a position."""
        return Positions(self.first, min(self.last, position))


class PlacedRecord(NamedTuple):
    """A meter event at its place in the log."""

    position: int
    ordinal: int
    record: UsageRecord
