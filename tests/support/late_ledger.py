"""A stored ledger whose read models follow it, and whose late usage is settled when asked."""

from dataclasses import dataclass, field

from api.services import Services
from ledger.audit.ledger_check.check import check_ledger
from ledger.audit.ledger_check.identities import Identity, LedgerCheck
from ledger.invoices import aggregate as invoices
from ledger.invoices.aggregate import Invoice
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.late_usage.commands import AdjustLateUsage, ChangeLateUsagePolicy
from ledger.late_usage.events import LateUsageAdjusted, Policy
from ledger.meter_events.commands import CancelMeterEvent
from projections.late_usage.queries import LateLine, late_lines
from projections.meter_events.usage import SqlUsageReader
from tests.support.billing_ledger import at
from tests.support.stored_ledger import StoredLedger


@dataclass
class LateLedger:
    """`stored` is the write side; what it did is projected when something is read."""

    services: Services
    ledger_id: int
    stored: StoredLedger = field(init=False)

    def __post_init__(self) -> None:
        self.stored = StoredLedger(self.services.datastore, self.ledger_id)

    def sell(self) -> None:
        self.stored.sell()

    def january(self, *prices: str, **subscription: object) -> str:
        """`sub_a`'s January, in which 250 tokens were used, finalized; the id of its invoice."""
        self.stored.subscribe(*prices or ("price_tokens",), **subscription)
        self.use("e-1", "2026-01-10", "250")
        return self.month("2026-02-01")

    def month(self, end: str) -> str:
        """Close a month and finalize it an hour later; the id of its invoice."""
        invoice = self.stored.close(end)
        self.stored.finalize(invoice, f"{end}T01:00")
        return invoice

    def use(self, identifier: str, day: str, value: str) -> None:
        """Usage of a day, reported then or, if it is over, now."""
        self.stored.now = max(self.stored.now, at(day))
        self.stored.use(identifier, day, value)

    def cancel(self, identifier: str) -> None:
        command = CancelMeterEvent(identifier=identifier, reason="wrong", at_any_time=True)
        self.stored.do(command)

    def policy(self, policy: Policy | None, customer: str | None = None) -> None:
        self.stored.do(ChangeLateUsagePolicy(customer=customer, policy=policy))

    def late(self) -> list[LateLine]:
        """The lines that are found to have late usage."""
        reader = self.services.reader(self.ledger_id)
        return late_lines(reader, to_epoch(self.stored.now), 100)

    def settle(self) -> list[LateUsageAdjusted]:
        """Settle all late usage; the facts of it."""
        facts: list[RecordedEvent] = []
        for line in self.late():
            facts += self.stored.do(
                AdjustLateUsage(invoice=line.invoice, line=line.line, recorded_at=line.recorded_at)
            )
        return [one.event for one in facts if isinstance(one.event, LateUsageAdjusted)]

    def invoice(self, invoice_id: str) -> Invoice:
        """An invoice as it stands."""
        work = self.stored.application.work(self.stored.circumstances())
        return work.require(invoices.evolve, invoice_id, "invoice")

    def check(self) -> LedgerCheck:
        """Every identity, as of now."""
        reader = SqlUsageReader(self.services.reader(self.ledger_id))
        head = self.stored.application.recorder.head()[0]
        return check_ledger(self.stored.application, head, reader)


def broken(check: LedgerCheck) -> list[str]:
    """The names of the identities that do not hold."""
    return [identity.name for identity in check.identities if not identity.holds]


def identity(check: LedgerCheck, name: str) -> Identity:
    """One identity by its name."""
    return next(one for one in check.identities if one.name == name)
