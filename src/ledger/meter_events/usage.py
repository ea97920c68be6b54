"""Readers of usage: what a customer used of a meter, as the log stood at a position."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self

import msgspec

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import (
    MeterDefinition,
    MeteredEvent,
    Tally,
    Usage,
)
from ledger.meter_events.events import MeterEventCancelled, UsageRecorded
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


class LogUsageReader:
    """Reads the log and nothing else: slow, and the measure of every faster reader.

    Holds one page of the log at a time.
    """

    def __init__(self, recorder: LedgerRecorder, mapper: LedgerMapper) -> None:
        self._recorder = recorder
        self._mapper = mapper

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
        meters = {one.meter.id: one.meter for one in asked}
        cancelled = self._cancelled(set(meters), customer, through_position)
        countings = [_Counting.of(one) for one in asked]
        for meter_id, event in self._events(meters, customer, through_position):
            if event[:2] in cancelled:
                continue
            for counting in countings:
                counting.take(meter_id, event)
        usages = [counting.tally.result() for counting in countings]
        return UsageAsOf(through_position, usages)

    def _cancelled(self, meters: set[str], customer: str, through: int) -> set[tuple[int, int]]:
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

    def _events(
        self, meters: Mapping[str, MeterDefinition], customer: str, through: int
    ) -> Iterator[tuple[str, MeteredEvent]]:
        # An event that does not name the customer anywhere need not be decoded.
        named = msgspec.json.encode(customer)
        position = 0
        while meters and (
            page := self._recorder.select_notifications(
                position, _USAGE_PAGE, through, [UsageRecorded.TOPIC], inclusive_of_start=False
            )
        ):
            position = page[-1].id
            for stored in page:
                event = self._mapper.to_domain_event(stored).event
                if not isinstance(event, UsageRecorded) or named not in event.records_json:
                    continue
                for ordinal, record in enumerate(event.records()):
                    meter = meters.get(record.meter)
                    if meter is not None and record.customer == customer:
                        value = meter.value_of(record)
                        yield meter.id, MeteredEvent(stored.id, ordinal, record.timestamp, value)


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
