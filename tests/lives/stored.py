"""Lives on PostgreSQL, after each of which the ledger must hold what it says of itself."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from api.audit.ledger_check import checked
from api.services import Services
from ledger.audit.ledger_check.identities import LedgerCheck
from ledger.audit.recompute import Recomputation, recompute
from ledger.kernel.clock import from_epoch, to_microseconds
from ledger.kernel.commands import Circumstances, Command, LedgerIdentity
from ledger.meter_events.validation import UsageReport
from ledger.store.work import Work
from tests.lives.played import Played, prove
from tests.lives.stories import Life
from tests.support.billing_ledger import Fact, at
from tests.support.evidence import packed, verdict
from tests.support.late_ledger import broken
from tests.support.postgres import Database


class LedgerOnPostgresql:
    """One ledger of a database, with read models that follow it."""

    def __init__(self, services: Services, ledger_id: int, now: datetime) -> None:
        self.now = now
        self._services = services
        self._identity = LedgerIdentity(ledger_id, "acct_1", False)
        self._application = services.application(self._identity)
        self._recorded = 0

    def _circumstances(self) -> Circumstances:
        return Circumstances(self.now, "system:test", "correlation")

    def do(self, command: Command) -> list[Fact]:
        """As every ledger of a life."""
        outcome = self._application.execute(command, self._circumstances())
        return [(recorded.originator_id, recorded.event) for recorded in outcome.events]

    def use(self, day: str, value: str, *, meter: str, who: str) -> None:
        """As every ledger of a life."""
        self._recorded += 1
        payload = {"stripe_customer_id": who, "value": value}
        report = UsageReport(meter, f"e-{self._recorded}", payload, to_microseconds(at(day)), None)
        ingestion = self._services.usage_ingestion(self._identity)
        [verdict] = ingestion.record([report], self._circumstances())
        assert verdict.result == "accepted", verdict

    def work(self) -> Work:
        """As every ledger of a life."""
        return self._application.work(self._circumstances())

    def head(self) -> tuple[int, int]:
        """As every ledger of a life."""
        return self._application.recorder.head()

    def replay(self, invoice: str) -> Recomputation:
        """An invoice reckoned again from the log alone."""
        return recompute(self._application, invoice)

    def evidence(self, invoice: str) -> list[str]:
        """What the verifier of an evidence pack says against an invoice."""
        return verdict(packed(self._application, invoice))

    def check(self) -> LedgerCheck:
        """Every identity of `tallybook ledger check`, the read models among them."""
        return checked(self._services, self._identity)


@dataclass
class LedgersOnPostgresql:
    """A ledger for each life."""

    services: Services
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def play(self, life: Life) -> Played:
        """A life in which every invoice is that of the biller, replays equal and can be proved,
        and after which every identity of the ledger reads 0."""
        ledger = LedgerOnPostgresql(self.services, next(self._ids), from_epoch(life.start))
        played = Played(life, ledger)
        played.play()
        prove(played)
        for invoice in played.journal.issued:
            assert ledger.replay(invoice).differences == ()
            assert ledger.evidence(invoice) == []
        found = ledger.check()
        assert broken(found) == []
        assert not any(sum(map(abs, one.differences.values())) for one in found.identities)
        return played


@contextmanager
def ledgers_on_postgresql(database: Database) -> Iterator[LedgersOnPostgresql]:
    """Ledgers in a database, whose read models are brought up to date by who reads them."""
    services = Services(database.app_url, pool_size=4, follow_inline=True)
    try:
        yield LedgersOnPostgresql(services)
    finally:
        services.close()
