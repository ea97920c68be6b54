"""Readers of usage: what a customer used of a meter, as the log stood at a position."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self, runtime_checkable

import msgspec
from eventsourcing.persistence import Notification

from ledger.kernel.clock import monotonic, to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.aggregation import (
    MeterDefinition,
    MeteredEvent,
    Tally,
    Usage,
)
from ledger.meter_events.events import MeterEventCancelled, UsageRecord, UsageRecorded
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

_USAGE_PAGE = 32
_CATALOG_PAGE = 1_000


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


class LogUsageReader:
    """Reads the log and nothing else: slow, and the measure of every faster reader.

    Holds one page of the log at a time.
    """

    def __init__(
        self, recorder: LedgerRecorder, mapper: LedgerMapper, within_seconds: int | None = None
    ) -> None:
        """A reader that may take no longer than `within_seconds` raises InvalidRequest then, for
        whoever waits has given up and the same question would take as long again."""
        self._recorder = recorder
        self._mapper = mapper
        self._within_seconds = within_seconds

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """The same as `usages` for one meter and stretch of time."""
        return self.usages(customer, [Asked(meter, start, end)], through_position).usages[0]

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `UsageReader`. One pass over the log.

        Raises UnknownTopic for an event that this release does not know."""
        whole = Positions(1, through_position)
        return self.usages_within(customer, asked, through_position, whole)

    def usages_within(
        self, customer: str, asked: Sequence[Asked], through_position: int, within: Positions
    ) -> UsageAsOf:
        """The same for who knows that all of the usage was recorded within some positions."""
        meters = {one.meter.id: one.meter for one in asked}
        countings = [_Counting.of(one) for one in asked]
        placed = self.uncancelled(customer, meters, through_position, within)
        for position, ordinal, record in placed:
            value = meters[record.meter].value_of(record)
            event = MeteredEvent(position, ordinal, record.timestamp, value)
            for counting in countings:
                counting.take(record.meter, event)
        usages = [counting.tally.result() for counting in countings]
        return UsageAsOf(through_position, usages)

    def uncancelled(
        self, customer: str, meters: Collection[str], through_position: int, within: Positions
    ) -> Iterator[PlacedRecord]:
        """What was recorded, but for the meter events that are cancelled as of a position."""
        cancelled = self._cancelled(meters, customer, through_position)
        for placed in self.recorded(customer, meters, within.through(through_position)):
            if placed[:2] not in cancelled:
                yield placed

    def recorded(
        self, customer: str, meters: Collection[str], within: Positions
    ) -> Iterator[PlacedRecord]:
        """A customer's meter events of some meters in the order of the log."""
        # An event that does not name the customer anywhere need not be decoded.
        named = msgspec.json.encode(customer)
        position, begun = within.first - 1, monotonic()
        while meters and (page := self._page(position, within.last)):
            position = page[-1].id
            for stored in page:
                event = self._mapper.to_domain_event(stored).event
                if not isinstance(event, UsageRecorded) or named not in event.records_json:
                    continue
                for ordinal, record in enumerate(event.records()):
                    if record.customer == customer and record.meter in meters:
                        yield PlacedRecord(stored.id, ordinal, record)
            if self._within_seconds is not None and monotonic() - begun > self._within_seconds:
                raise _takes_too_long(self._within_seconds)

    def _page(self, after: int, last: int) -> Sequence[Notification]:
        return self._recorder.select_notifications(
            after, _USAGE_PAGE, last, [UsageRecorded.TOPIC], inclusive_of_start=False
        )

    def _cancelled(
        self, meters: Collection[str], customer: str, through: int
    ) -> set[tuple[int, int]]:
        places: set[tuple[int, int]] = set()
        position = 0
        while page := self._recorder.select_catalog(position, _CATALOG_PAGE, through):
            position = page[-1].id
            for stored in page:
                if stored.topic != MeterEventCancelled.TOPIC:
                    continue
                event = self._mapper.to_domain_event(stored).event
                if (
                    isinstance(event, MeterEventCancelled)
                    and event.meter in meters
                    and event.customer == customer
                ):
                    places.add((event.position, event.ordinal))
        return places


def _takes_too_long(seconds: int) -> InvalidRequest:
    return InvalidRequest(
        "This needs single meter events that are kept in the log alone, and reading them took more "
        f"than {seconds} seconds. Ask for less time, or for whole days in UTC of a meter without "
        "unique_count, divided by nothing but its own dimensions: those are answered at once."
    )


@dataclass(slots=True)
class _Counting:
    """A tally on its way, of the events of one meter within its reach."""

    meter: str
    from_time: int
    to_time: int
    tally: Tally

    @classmethod
    def of(cls, asked: Asked) -> Self:
        first, last = to_microseconds(asked.start), to_microseconds(asked.end)
        return cls(asked.meter.id, *asked.meter.reach(first, last), Tally(asked.meter, first, last))

    def take(self, meter: str, event: MeteredEvent) -> None:
        if meter == self.meter and self.from_time <= event.timestamp < self.to_time:
            self.tally.add(event)
