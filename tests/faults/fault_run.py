"""One fault run: serve, disturb while clients send, let it settle, and check everything."""

import contextlib
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.database.embedded import Embedded
from api.services import Services
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import UsageRecorded
from tests.faults import checks
from tests.faults.billing_month import START, Business, live, set_up
from tests.faults.checks import Logged
from tests.faults.journal import Journal
from tests.faults.nemesis import Kills, Nemesis
from tests.faults.retrying import RetryingClient, Sender
from tests.support.sdk import DAY
from tests.support.served import TEST_LEDGER, Served, serving

CLIENTS = 4
LAG_SECONDS = 10.0


@dataclass
class Report:
    """What a run did and what it found. It counts only with enough requests of unknown outcome."""

    seed: int
    seconds: float
    journal: Journal
    kills: dict[str, int]
    planned: dict[str, int]
    invoices: int
    lag_gone_after: float | None
    problems: list[str]
    needed: int

    @property
    def counts(self) -> bool:
        return self.journal.unknown_outcomes >= self.needed and self.kills == self.planned

    def lines(self) -> Iterator[str]:
        journal = self.journal
        yield f"seed {self.seed}, {self.seconds:.0f} s"
        yield "killed: " + ", ".join(f"{who} {n}" for who, n in sorted(self.kills.items()))
        yield f"meter events sent {len(journal.sent)}, acknowledged {len(journal.acknowledged)}"
        yield f"answers: {dict(journal.answers)}"
        yield f"requests of unknown outcome: {journal.unknown_outcomes} {dict(journal.unknown)}"
        yield f"invoices finalized and replayed: {self.invoices}"
        yield f"lag 0 after {self.lag_gone_after} s"
        yield from self.problems
        if not self.counts:
            yield (
                f"does not count: {self.needed} requests of unknown outcome are needed, and "
                f"these kills: {self.planned}"
            )
        yield "nothing lost, nothing doubled" if not self.problems else "FAILED"


@contextlib.contextmanager
def stage(folder: Path) -> Generator[tuple[Served, Embedded, Path]]:
    """A served ledger over an embedded PostgreSQL of its own, with a folder of crash points."""
    crash_points = folder / "crash-points"
    crash_points.mkdir()
    data = folder / "data"
    embedded = Embedded(data).start()
    try:
        settings = {"TALLYBOOK_CRASH_POINTS": str(crash_points)}
        options = ["--data-dir", str(data)]
        with serving(folder, embedded.app_url, *options, workers=2, **settings) as served:
            yield served, embedded, crash_points
    finally:
        embedded.stop()


def fault_run(
    seed: int,
    kills: Kills,
    *,
    days: int,
    needed: int,
    tell: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run once. `needed` requests of unknown outcome make it count."""
    started = time.monotonic()
    # Not below a folder that is closed to the user who runs PostgreSQL for root.
    folder = Path(tempfile.mkdtemp(prefix="tallybook-faults-"))
    folder.chmod(0o755)
    try:
        with stage(folder) as (served, embedded, crash_points):
            run = _Run(served, embedded, seed)
            nemesis = Nemesis(
                served,
                embedded.layout.data / "postmaster.pid",
                crash_points,
                kills,
                random.Random(seed),
            )
            business = run.disturbed(nemesis, days, tell)
            tell("everything was killed that was to be killed; checking")
            lag = run.wait_for_no_lag()
            problems, invoices = run.check(business)
            if lag is None:
                problems.append(f"read models lag behind after {LAG_SECONDS} s")
            return Report(
                seed,
                time.monotonic() - started,
                run.journal,
                dict(nemesis.done),
                kills.counted(),
                invoices,
                lag,
                problems,
                needed,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    def __init__(self, served: Served, embedded: Embedded, seed: int) -> None:
        self.served, self.embedded, self.seed = served, embedded, seed
        self.journal = Journal()
        self._clients: list[RetryingClient] = []

    def client(self, journal: Journal, number: int) -> RetryingClient:
        chance = random.Random(f"{self.seed}-{number}")
        return RetryingClient(self.served.base_url, self.served.api_key, journal, chance)

    def disturbed(self, nemesis: Nemesis, days: int, tell: Callable[[str], None]) -> Business:
        """Send usage and let days go by, for as long as the nemesis works."""
        driver = self.client(self.journal, 0)
        business = set_up(driver, CLIENTS)
        clients = [self.client(self.journal, n) for n in range(1, CLIENTS + 1)]
        senders = [
            Sender(client, business.event_name, customer)
            for client, customer in zip(clients, business.customers, strict=True)
        ]
        killing = threading.Thread(target=nemesis.run, daemon=True)
        for thread in (*senders, killing):
            thread.start()
        try:
            day = 0
            while day < days or (killing.is_alive() and not nemesis.finished.is_set()):
                day += 1
                nemesis.allow(days)
                live(driver, business, day)
                tell(f"day {day}: {len(self.journal.acknowledged)} events, {dict(nemesis.done)}")
        finally:
            nemesis.stopping.set()
            for sender in senders:
                sender.stopping.set()
            for thread in (*senders, killing):
                thread.join(120)
            for client in (driver, *clients):
                client.close()
        self.journal.wrong += [f"{s.name} hangs" for s in senders if s.is_alive()]
        if not nemesis.finished.is_set():
            self.journal.wrong.append("not everything was killed that was to be")
        self.days = day
        return business

    def wait_for_no_lag(self) -> float | None:
        """Seconds until every read model has applied the whole log; None if it takes too long."""
        begun = time.monotonic()
        with self.served.http() as http:
            while time.monotonic() < begun + LAG_SECONDS:
                with contextlib.suppress(Exception):
                    if http.get("/readyz").json().get("lag") == 0:
                        return round(time.monotonic() - begun, 1)
                time.sleep(0.05)
        return None

    def check(self, business: Business) -> tuple[list[str], int]:
        """All that does not hold, and how many invoices were looked at."""
        problems = [f"wrong answer: {what}" for what in self.journal.wrong]
        log = self._logged()
        problems += checks.exactly_once(self.journal, log)
        client = self.client(Journal(), 99)
        try:
            problems += checks.summaries_equal(log, self._summaries(client, business), DAY)
            invoices: list[dict[str, Any]] = []
            for customer in business.customers:
                theirs = list(_pages(client, "/v1/invoices", customer=customer))
                problems += checks.numbers_without_gap(theirs)
                invoices += theirs
            for subscription in business.subscriptions:
                problems += checks.one_invoice_a_period(invoices, subscription)
            problems += self._not_replayed(client, invoices)
        finally:
            client.close()
        if len(invoices) < self.days * len(business.customers):
            problems.append(f"{len(invoices)} invoices in {self.days} days")
        return problems, len(invoices)

    def _logged(self) -> list[Logged]:
        services = Services(self.embedded.app_url, pool_size=2)
        try:
            log, position, found = services.log(TEST_LEDGER), 0, list[Logged]()
            while page := log.page(position, 1_000):
                position = page[-1].position
                for recorded in page:
                    if isinstance(recorded.event, UsageRecorded):
                        found += [
                            Logged(
                                r.identifier, r.customer, r.value or "", r.timestamp // MICROSECONDS
                            )
                            for r in recorded.event.records()
                        ]
            return found
        finally:
            services.close()

    def _summaries(self, client: RetryingClient, business: Business) -> dict[str, dict[int, int]]:
        window = {"start_time": START, "end_time": START + (self.days + 1) * DAY}
        path = f"/v1/billing/meters/{business.meter}/event_summaries"
        return {
            customer: {
                summary["start_time"]: summary["aggregated_value"]
                for summary in _pages(
                    client, path, customer=customer, value_grouping_window="day", **window
                )
            }
            for customer in business.customers
        }

    def _not_replayed(self, client: RetryingClient, invoices: list[dict[str, Any]]) -> list[str]:
        problems: list[str] = []
        for invoice in invoices:
            found = client.json("GET", f"/audit/v1/invoices/{invoice['id']}/replay")
            if not found["equal"]:
                problems.append(f"{invoice['id']} does not replay: {found['differences']}")
        return problems


def _pages(client: RetryingClient, path: str, **query: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, Any] = {}
    while True:
        page = client.json("GET", path, limit=100, **query, **cursor)
        yield from page["data"]
        if not page["has_more"]:
            return
        cursor = {"starting_after": page["data"][-1]["id"]}
