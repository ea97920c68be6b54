"""A whole ledger in one process: commands, usage, due work and read models, without HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import settings

from api.accounts.first_start import ensure_default_account
from api.scheduler import Scheduler
from api.services import Services
from ledger.customers.commands import CreateCustomer
from ledger.invoices.bill import Bill
from ledger.invoices.preview import Previewing
from ledger.kernel.clock import from_epoch, system_now
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import LedgerError
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import new_id
from ledger.meter_events.aggregation import MICROSECONDS, MeterDefinition
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import CreateMeter
from ledger.meters.events import Formula, TimeWindow
from ledger.store.work import Work
from ledger.test_clocks.commands import AdvanceTestClock, CreateTestClock
from projections.meter_events.summaries import Grouping, SummaryQuery, summaries
from tests.support.served import TEST_LEDGER

BESIDE_A_POOL = pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module inside strategies"
)
"""The threads of a connection pool draw random numbers, also while a strategy makes an example."""


def fewer_examples(divisor: int) -> settings:
    """A share of the examples of the profile in force, for laws that need a database."""
    return settings(max_examples=max(1, settings().max_examples // divisor))


@dataclass
class LedgerInProcess:
    """The test ledger of a fresh installation. Ids and event names are the caller's to choose."""

    services: Services
    identity: LedgerIdentity = field(init=False)
    refused: LedgerError | None = None

    def __post_init__(self) -> None:
        ensure_default_account(self.services)
        self.identity = self.services.identity(TEST_LEDGER)
        self._scheduler = Scheduler(self.services)

    def circumstances(self) -> Circumstances:
        return Circumstances(system_now(), "system:test", new_id("run"))

    def execute(self, command: Command) -> tuple[RecordedEvent, ...]:
        """The events of a command, in the read models as well. Raises LedgerError."""
        outcome = self.services.application(self.identity).execute(command, self.circumstances())
        self.services.wake(self.identity.ledger_id)
        return outcome.events

    def accepts(self, command: Command) -> bool:
        """Execute a command that may be refused; whether it was not."""
        try:
            self.execute(command)
        except LedgerError as refusal:
            self.refused = refusal
            return False
        return True

    def create_meter(
        self, name: str, formula: Formula, window: TimeWindow | None = None
    ) -> MeterDefinition:
        """A meter whose event name is the given one."""
        command = CreateMeter(
            meter=f"mtr_test_{name}",
            display_name=name,
            event_name=name,
            formula=formula,
            event_time_window=window,
        )
        self.execute(command)
        return MeterDefinition(command.meter, formula, window)

    def create_customer(self, clock: str) -> str:
        command = CreateCustomer(customer=new_id("cus"), test_clock=clock)
        self.execute(command)
        return command.customer

    def create_clock(self, time: int) -> str:
        command = CreateTestClock(test_clock=new_id("clock"), frozen_time=from_epoch(time))
        self.execute(command)
        return command.test_clock

    def advance(self, clock: str, time: int) -> bool:
        """Advance a clock and do what is due by then; False where that is refused."""
        if not self.accepts(AdvanceTestClock(test_clock=clock, frozen_time=from_epoch(time))):
            return False
        self._scheduler.step()
        return True

    def record(self, reports: list[UsageReport]) -> list[str]:
        """Report usage as one batch; what became of each meter event."""
        ingestion = self.services.usage_ingestion(self.identity)
        verdicts = ingestion.record(reports, self.circumstances())
        self.services.wake(self.identity.ledger_id)
        return [verdict.result for verdict in verdicts]

    def summaries(
        self,
        meter: MeterDefinition,
        customer: str,
        start: datetime,
        end: datetime,
        grouping: Grouping | None = None,
    ) -> list[tuple[int, int, Decimal]]:
        """(start, end, value) of each summary, oldest first."""
        reader = self.services.reader(TEST_LEDGER)
        found = summaries(reader, SummaryQuery(meter, customer, start, end, grouping))
        return [(s.start_time, s.end_time, s.aggregated_value) for s in reversed(found)]

    def preview(self, subscription: str) -> Bill | None:
        """The upcoming invoice of a subscription, None where there is none to come."""
        application = self.services.application(self.identity)
        work = Work(self.identity, self.circumstances(), application.recorder, application.mapper)
        try:
            return Previewing(work, self.services.live_usage_reader).upcoming(subscription)
        except LedgerError as refusal:
            self.refused = refusal
            return None

    def events_since(self, position: int) -> Iterator[RecordedEvent]:
        """Everything recorded after a position, in the order of the log."""
        log = self.services.log(TEST_LEDGER)
        while page := log.page(position, 500):
            yield from page
            position = page[-1].position


def usage(
    event_name: str, identifier: str, customer: str, time: int, value: str | None
) -> UsageReport:
    """A meter event at a time in epoch seconds."""
    payload = {"stripe_customer_id": customer} | ({} if value is None else {"value": value})
    return UsageReport(event_name, identifier, payload, time * MICROSECONDS)
