"""A random year of a small business, in a ledger whose first invoices engine 1 has issued.

Two customers live on the system's time and two on a test clock. What is asked may be refused; what
is due is done by the scheduler.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from unittest.mock import patch

from api.accounts.first_start import ensure_default_account
from api.scheduler import Scheduler
from api.services import Services
from ledger.invoices import aggregate as invoices
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.kernel.errors import LedgerError
from ledger.meter_events.validation import UsageReport
from ledger.subscriptions import aggregate as subscriptions
from ledger.subscriptions.state import Subscription
from ledger.test_clocks.commands import AdvanceTestClock
from projections.invoices.rows import INVOICES
from tests.audit.years.asked import Asking
from tests.audit.years.offers import CLOCK, Customer, open_business
from tests.audit.years.old_log import begin
from tests.support.billing_ledger import at
from tests.support.served import TEST_LEDGER

BEGINS: Final = at("2026-02-01T01:00")
ENDS: Final = at("2027-02-02")
_GRACE: Final = timedelta(hours=2)
_STEPS_AT_MOST: Final = 1_000


@dataclass
class Year:
    """`done` counts what was accepted, by the name of the command. `notes` are credit notes, and
    `wrong` the identifiers of meter events that are still to be cancelled."""

    services: Services
    seed: int
    now: datetime = BEGINS
    done: Counter[str] = field(default_factory=Counter[str])
    issued_before: dict[str, str] = field(init=False)
    notes: list[str] = field(default_factory=list[str])
    wrong: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        ensure_default_account(self.services)
        self.identity: LedgerIdentity = self.services.identity(TEST_LEDGER)
        self.chance = random.Random(self.seed)
        self._names = 0

    def live(self) -> None:
        """From the last invoice of engine 1 to a year later, when everything due is done."""
        with patch("api.scheduler.system_now", lambda: self.now):
            self.issued_before = begin(self.services, self.identity)
            customers = open_business(self)
            while self.now < ENDS:
                for _ in range(self.chance.randint(1, 5)):
                    Asking(self, self.chance.choice(customers)).ask()
                self._pass(min(self.now + self._while(), ENDS))
            self._pass(ENDS + _GRACE)

    def do(self, command: Command) -> None:
        """Ask for something that is not refused."""
        outcome = self.services.application(self.identity).execute(command, self.circumstances())
        self.services.wake(self.identity.ledger_id)
        self.done[type(command).__name__] += bool(outcome.events)

    def accepts(self, command: Command) -> bool:
        """Ask for something; whether it was not refused."""
        try:
            self.do(command)
        except LedgerError:
            self.done["refused"] += 1
            return False
        return True

    def report(self, reports: list[UsageReport]) -> None:
        """Report usage as one batch."""
        ingestion = self.services.usage_ingestion(self.identity)
        verdicts = ingestion.record(reports, self.circumstances())
        self.services.wake(self.identity.ledger_id)
        self.done.update(f"meter event {verdict.result}" for verdict in verdicts)

    def circumstances(self) -> Circumstances:
        return Circumstances(self.now, "system:test", f"asked-{self._names}")

    def name(self, prefix: str) -> str:
        """An id that was not given before."""
        self._names += 1
        return f"{prefix}_{self.seed}_{self._names}"

    def subscription(self, customer: Customer) -> Subscription:
        """The customer's subscription as it stands."""
        work = self.services.application(self.identity).work(self.circumstances())
        return work.require(subscriptions.evolve, customer.subscription, "subscription")

    def invoice(self, customer: Customer, *statuses: str) -> tuple[str, invoices.Invoice] | None:
        """Some invoice of a customer in one of these states."""
        reader = self.services.reader(TEST_LEDGER)
        rows = reader.fetch_rows(INVOICES, "ledger_id = %(ledger_id)s ORDER BY sequence", {})
        found = [row.id for row in rows if row.customer == customer.id and row.status in statuses]
        if not found:
            return None
        chosen = self.chance.choice(found)
        work = self.services.application(self.identity).work(self.circumstances())
        return chosen, work.require(invoices.evolve, chosen, "invoice")

    def _while(self) -> timedelta:
        return timedelta(hours=self.chance.choice([1, 7, 26, 51, 24 * 4, 24 * 6, 24 * 9]))

    def _pass(self, to: datetime) -> None:
        """Let time pass, on the test clock as well, and do what is due by then."""
        self.now = to
        self.do(AdvanceTestClock(test_clock=CLOCK, frozen_time=to))
        scheduler = Scheduler(self.services)
        for _ in range(_STEPS_AT_MOST):
            if not scheduler.step() + scheduler.check_thresholds():
                return
        raise AssertionError(f"at {to} there is always something due")
