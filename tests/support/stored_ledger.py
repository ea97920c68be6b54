"""A whole ledger on PostgreSQL, told what time it is: every command, and usage."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ledger.application import LedgerApplication
from ledger.audit.recompute import Recomputation, recompute
from ledger.command_handlers import command_handlers
from ledger.customers.commands import CreateCustomer
from ledger.event_types import EVENT_CATALOGUE
from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.directory import Directory
from ledger.meter_events.ingestion import UsageIngestion
from ledger.meter_events.usage import LogUsageReader
from ledger.meter_events.validation import UsageReport
from ledger.meters.commands import CreateMeter
from ledger.prices.commands import CreatePrice
from ledger.prices.terms import PriceTerms, Recurring
from ledger.products.commands import CreateProduct
from ledger.products.events import ProductDetails
from ledger.store.datastore import Datastore
from ledger.store.work import Work
from tests.support.billing_ledger import at, subscription_request

GRACE = timedelta(hours=1)


def log_reader(work: Work) -> LogUsageReader:
    """Reads usage from the log alone."""
    return LogUsageReader(work.recorder, work.mapper)


@dataclass
class StoredLedger:
    """The write side of one ledger. `now` is the system's time; positions are real."""

    datastore: Datastore
    ledger_id: int
    now: datetime = field(default_factory=lambda: at("2026-01-01"))

    def __post_init__(self) -> None:
        self.application = LedgerApplication(
            self.datastore,
            LedgerIdentity(self.ledger_id, "acct_1", False),
            EVENT_CATALOGUE,
            command_handlers(log_reader, GRACE),
        )
        recorder, mapper = self.application.recorder, self.application.mapper
        self._directory = Directory(recorder, mapper)
        self._ingestion = UsageIngestion(recorder, mapper, self._directory)

    def circumstances(self) -> Circumstances:
        return Circumstances(self.now, "system:test", "correlation")

    def do(self, command: Command) -> list[RecordedEvent]:
        """Execute a command; its facts."""
        return list(self.application.execute(command, self.circumstances()).events)

    def sell(self) -> None:
        """Customer `cus_a`, tokens at 4 cents a hundred begun, seats at US$31 a month."""
        self.do(CreateCustomer(customer="cus_a"))
        self.do(
            CreateMeter(
                meter="mtr_test_a", display_name="Tokens", event_name="tokens", formula="sum"
            )
        )
        self.do(CreateProduct(product="prod_a", details=ProductDetails(name="Hypernian")))
        self.price(
            "price_tokens",
            unit_amount_decimal="4",
            transform_quantity={"divide_by": 100, "round": "up"},
            recurring=Recurring(interval="month", usage_type="metered", meter="mtr_test_a"),
        )
        self.price(
            "price_seat",
            unit_amount=3100,
            unit_amount_decimal="3100",
            recurring=Recurring(interval="month"),
        )

    def price(self, price: str, **terms: Any) -> None:
        self.do(
            CreatePrice(price=price, product="prod_a", terms=PriceTerms(currency="usd", **terms))
        )

    def use(self, identifier: str, day: str, value: str) -> None:
        """Usage at a time of day, reported now."""
        payload = {"stripe_customer_id": "cus_a", "value": value}
        report = UsageReport("tokens", identifier, payload, to_microseconds(at(day)), None)
        self.record(report)

    def record(self, *reports: UsageReport) -> None:
        """Usage that is reported together."""
        for verdict in self._ingestion.record(reports, self.circumstances()):
            assert verdict.result == "accepted", verdict

    def subscribe(self, *prices: str, **fields: Any) -> list[RecordedEvent]:
        return self.do(subscription_request(*prices, **fields))

    def close(self, period_end: str) -> str:
        """Close `sub_a`'s period when it ends; the id of its draft."""
        self.now = at(period_end)
        events = self.do(ClosePeriod(subscription="sub_a", period_end=self.now))
        return drafts(events)[0]

    def finalize(self, invoice: str, now: str) -> None:
        self.now = at(now)
        self.do(FinalizeDueInvoice(invoice=invoice))

    def recompute(self, invoice: str) -> Recomputation:
        return recompute(self.application, invoice)


def drafts(events: list[RecordedEvent]) -> list[str]:
    """The ids of invoices that were drafted."""
    return [e.originator_id for e in events if isinstance(e.event, InvoiceDrafted)]
