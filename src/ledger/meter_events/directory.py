"""What meter events are validated against: meters by event name, customers, test clocks."""

import threading
from datetime import datetime
from typing import Any, Final, NamedTuple

from ledger.customers.events import CustomerCreated, CustomerDeleted
from ledger.kernel.events import RecordedEvent
from ledger.meters import aggregate as meters
from ledger.meters.events import MeterCreated, MeterDeactivated, MeterReactivated
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.sealing import NoKeys
from ledger.test_clocks.events import TestClockAdvanced, TestClockCreated

_PAGE = 1_000
_FOLDED = {
    event.TOPIC
    for event in (
        MeterCreated,
        MeterDeactivated,
        MeterReactivated,
        CustomerCreated,
        CustomerDeleted,
        TestClockCreated,
        TestClockAdvanced,
    )
}
DISTURBING: Final = (MeterDeactivated.TOPIC, CustomerDeleted.TOPIC, TestClockAdvanced.TOPIC)
"""Topics of events that may refuse what would have been accepted before them."""


class NamedMeter(NamedTuple):
    """A meter with its id."""

    id: str
    meter: meters.Meter


class Directory:
    """The catalogue of one ledger in memory, folded from its events other than usage.

    Any thread may read it and bring it up to date. What is read may be newer than `position`
    says, never older.
    """

    def __init__(self, recorder: LedgerRecorder, mapper: LedgerMapper) -> None:
        self._recorder = recorder
        self._mapper = LedgerMapper(mapper.catalogue, NoKeys())
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._meters: dict[str, meters.Meter] = {}
        self._clock_of_customer: dict[str, str | None] = {}
        self._time_of_clock: dict[str, datetime] = {}
        self.position = 0

    def catch_up(self) -> int:
        """Fold what was appended since; the catalogue position reached. One small query when
        nothing was."""
        target = self._recorder.head()[1]
        if target > self.position:
            with self._lock:
                self._fold_through(target)
        return self.position

    def active_meter(self, event_name: str) -> NamedMeter | None:
        """The meter that takes events of this name, None if there is none or it is inactive."""
        meter_id = self._names.get(event_name)
        if meter_id is None:
            return None
        meter = self._meters[meter_id]
        return NamedMeter(meter_id, meter) if meter.status == "active" else None

    def has_meter(self, event_name: str) -> bool:
        """Whether there is a meter of this event name, active or not."""
        return event_name in self._names

    def has_customer(self, customer: str) -> bool:
        """Whether a customer exists and is not deleted."""
        return customer in self._clock_of_customer

    def time_of(self, customer: str) -> datetime | None:
        """The time of the test clock that a customer lives on, None on the system's time."""
        clock = self._clock_of_customer.get(customer)
        return None if clock is None else self._time_of_clock[clock]

    def _fold_through(self, target: int) -> None:
        current_topic = self._mapper.catalogue.upcasters.current_topic
        while self.position < target:
            page = self._recorder.select_catalog(self.position, _PAGE, target)
            for stored in page:
                if current_topic(stored.topic) in _FOLDED:
                    self._apply(self._mapper.to_domain_event(stored))
            self.position = page[-1].id if len(page) == _PAGE else target

    def _apply(self, recorded: RecordedEvent) -> None:
        subject: str = recorded.originator_id
        event: Any = recorded.event
        match event:
            case MeterCreated():
                self._meters[subject] = meters.evolve(None, event)
                self._names[event.event_name] = subject
            case MeterDeactivated() | MeterReactivated():
                self._meters[subject] = meters.evolve(self._meters[subject], event)
            case CustomerCreated():
                self._clock_of_customer[subject] = event.test_clock
            case CustomerDeleted():
                self._clock_of_customer.pop(subject, None)
            case TestClockCreated() | TestClockAdvanced():
                self._time_of_clock[subject] = event.frozen_time
            case _:
                raise TypeError(f"{recorded.event.TOPIC} is not folded here")
