"""A ledger with meters, customers and clocks, to report usage to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from ledger.application import LedgerApplication, Outcome
from ledger.customers.commands import CreateCustomer, DeleteCustomer
from ledger.customers.handlers import handlers as customer_handlers
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import Circumstances, Command, IdempotencyClaim, LedgerIdentity
from ledger.meter_events.aggregation import MICROSECONDS, MeterDefinition
from ledger.meter_events.directory import Directory
from ledger.meter_events.handlers import HANDLERS as USAGE
from ledger.meter_events.ingestion import UsageIngestion, Verdict
from ledger.meter_events.usage import LogUsageReader
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import CreateMeter
from ledger.meters.events import Formula, TimeWindow
from ledger.meters.handlers import HANDLERS as METERS
from ledger.store.datastore import Datastore
from ledger.test_clocks.commands import CreateTestClock
from ledger.test_clocks.handlers import handlers as clock_handlers

NOW = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)
NOW_MICROSECONDS = to_microseconds(NOW)


class NoSubscriptions:
    """The customers here have none."""

    def cycles_of(self, work: object, clock: object) -> Iterable[tuple[str, int]]:
        return ()

    def cancel_all(self, work: object, customer: object) -> None:
        pass


def at(now: datetime, claim: IdempotencyClaim | None = None) -> Circumstances:
    return Circumstances(now, "system:test", "correlation", idempotency=claim)


def report(
    event_name: str = "tokens",
    identifier: str = "e-1",
    *,
    customer: str = "cus_a",
    value: str | None = "1",
    seconds_ago: float | None = 0,
    claim: IdempotencyClaim | None = None,
    **dimensions: str,
) -> UsageReport:
    """A meter event of some seconds ago; None for one without a timestamp."""
    payload = {"stripe_customer_id": customer, **dimensions}
    if value is not None:
        payload["value"] = value
    timestamp = None
    if seconds_ago is not None:
        timestamp = NOW_MICROSECONDS - int(seconds_ago * MICROSECONDS)
    return UsageReport(event_name, identifier, payload, timestamp, claim)


@dataclass
class MeteredLedger:
    """The write side of one ledger of usage, at a time that stands still."""

    datastore: Datastore
    ledger_id: int
    now: datetime = NOW

    def __post_init__(self) -> None:
        none = NoSubscriptions()
        self.application = LedgerApplication(
            self.datastore,
            LedgerIdentity(self.ledger_id, "acct_1", False),
            EVENT_CATALOGUE,
            {
                **METERS,
                **USAGE,
                **customer_handlers(none),
                **clock_handlers(none),  # type: ignore[arg-type]
            },
        )
        self.recorder, self.mapper = self.application.recorder, self.application.mapper
        self.directory = Directory(self.recorder, self.mapper)
        self.ingestion = UsageIngestion(self.recorder, self.mapper, self.directory)
        self.log_usage = LogUsageReader(self.recorder, self.mapper)

    def execute(self, command: Command) -> Outcome:
        return self.application.execute(command, at(self.now))

    def meter(
        self,
        event_name: str = "tokens",
        formula: Formula = "sum",
        window: TimeWindow | None = None,
        dimensions: tuple[str, ...] = (),
    ) -> MeterDefinition:
        """Create a meter whose id is made from its event name."""
        self.execute(
            CreateMeter(
                meter=f"mtr_test_{event_name}",
                display_name=event_name,
                event_name=event_name,
                formula=formula,
                event_time_window=window,
                dimension_payload_keys=dimensions,
            )
        )
        return self.definition(event_name)

    def definition(self, event_name: str) -> MeterDefinition:
        """How an active meter aggregates."""
        self.directory.catch_up()
        named = self.directory.active_meter(event_name)
        assert named is not None
        return MeterDefinition.of(named.id, named.meter)

    def customer(self, customer: str = "cus_a", clock: str | None = None) -> str:
        self.execute(CreateCustomer(customer=customer, test_clock=clock))
        return customer

    def delete_customer(self, customer: str) -> None:
        self.execute(DeleteCustomer(customer=customer))

    def clock(self, frozen_time: datetime, clock: str = "clock_1") -> str:
        self.execute(CreateTestClock(test_clock=clock, frozen_time=frozen_time))
        return clock

    def record(self, *reports: UsageReport, backfill: str | None = None) -> list[Verdict]:
        return self.ingestion.record(reports, at(self.now), backfill=backfill)

    def results(self, *reports: UsageReport, backfill: str | None = None) -> list[str]:
        """What became of each, in a word."""
        return [verdict.result for verdict in self.record(*reports, backfill=backfill)]

    def head(self) -> int:
        return self.recorder.head()[0]
