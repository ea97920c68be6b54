"""Readers of usage: what a customer used of a meter, as the log stood at a position."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

import msgspec

from ledger.meter_events.aggregation import (
    MeterDefinition,
    MeteredEvent,
    Tally,
    Usage,
    microseconds,
)
from ledger.meter_events.events import MeterEventCancelled, UsageRecorded
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

_USAGE_PAGE = 32
_CATALOG_PAGE = 1_000


class UsageReader(Protocol):
    """Answers what was used; every implementation gives the same answers."""

    def usage(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        through_position: int,
    ) -> Usage:
        """Usage with timestamps from `start` up to, not including, `end`, of events recorded, and
        of cancellations made, at positions up to `through_position`."""
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
        """See `UsageReader`. Raises UnknownTopic for an event that this release does not know."""
        first, last = microseconds(start), microseconds(end)
        from_time, to_time = meter.reach(first, last)
        cancelled = self._cancelled(meter.id, customer, through_position)
        counting = Tally(meter, first, last)
        for event in self._events(meter.id, customer, through_position):
            if from_time <= event.timestamp < to_time and event[:2] not in cancelled:
                counting.add(event)
        return counting.result()

    def _cancelled(self, meter_id: str, customer: str, through: int) -> set[tuple[int, int]]:
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
                    and event.meter == meter_id
                    and event.customer == customer
                ):
                    places.add((event.position, event.ordinal))
        return places

    def _events(self, meter_id: str, customer: str, through: int) -> Iterator[MeteredEvent]:
        # An event that does not name the customer anywhere need not be decoded.
        named = msgspec.json.encode(customer)
        position = 0
        while page := self._recorder.select_notifications(
            position, _USAGE_PAGE, through, [UsageRecorded.TOPIC], inclusive_of_start=False
        ):
            position = page[-1].id
            for stored in page:
                event = self._mapper.to_domain_event(stored).event
                if not isinstance(event, UsageRecorded) or named not in event.records_json:
                    continue
                for ordinal, record in enumerate(event.records()):
                    if record.customer == customer and record.meter == meter_id:
                        yield MeteredEvent(stored.id, ordinal, record.timestamp, record.value)
