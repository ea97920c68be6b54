"""Closing periods and finalizing their invoices: many subscriptions of one ledger, all due at once.

Each subscription is of a customer of its own, with one or two metered items and, with two, a
licensed one; usage lies evenly over a month that is over. The projector and the scheduler are
started over that database as `tallybook serve` starts them, with no grace period, so that first
every period is closed and then every draft is finalized. Rates are subscriptions a second, from the
first to the last of it. The limit is the recorder alone: the very events that this led to, appended
to another ledger in the same batches, without deciding, reading or projecting anything. The filled
database is kept in a cache folder for the rest of the month.
"""

import argparse
import shutil
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from api.database.connection import databases_of
from api.settings import load_settings
from benchmarks.billed_shop import fill
from benchmarks.built import built
from benchmarks.followers_alone import Follower, follower, seconds_used
from benchmarks.machine import lines, machine_of
from benchmarks.processor import memory, peak_memory, spent
from benchmarks.report import Report, at_least, at_most
from ledger.event_types import EVENT_CATALOGUE
from ledger.invoices.events import InvoiceFinalized
from ledger.kernel.clock import system_now
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.subscriptions.events import PeriodClosed
from projections.due.rows import DUE
from tests.support.served import TEST_LEDGER

SMALL = ["--subscriptions", "1000", "--events", "100000", "--early", "250"]

_MIB = 2**20
_OTHER_LEDGER = 999
_LOOK_SECONDS = 0.25
_LONGEST_SECONDS = 900

_LEFT = f"""
SELECT count(*) FILTER (WHERE kind = 'close_period') AS to_close,
    count(*) FILTER (WHERE kind = 'finalize_invoice') AS to_finalize
FROM {DUE.relation()} WHERE ledger_id = %s AND test_clock = '' AND due_at <= %s
"""
_DONE = """
SELECT count(*) FROM ledger.events
WHERE ledger_id = %s AND position > %s AND topic = ANY(%s)
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000, help="meter events of them all")
    parser.add_argument("--metered", type=int, choices=(1, 2), default=2, help="metered items each")
    parser.add_argument("--early", type=int, default=2_500, help="where memory is read first")
    parser.add_argument("--build", action="store_true", help="only fill the database")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Close and finalize everything once, from a copy of the filled database."""
    month = f"{datetime.now(UTC):%Y-%m}"
    name = f"close-{month}-{options.metered}-{options.subscriptions}"
    data_dir, _ = built(report, name, options.events, fill(options.metered, options.subscriptions))
    if options.build:
        return
    with copied(data_dir) as copy, databases_of(load_settings(data_dir=copy)) as databases:
        report.machine = machine_of(databases.app_url)
        for line in lines(report.machine):
            report.note(line)
        before = _head(databases.app_url)
        seen = _run(databases.app_url, options.subscriptions, options.early)
        _tell(report, seen, options.subscriptions)
        _tell_limit(report, databases.app_url, before, seen, options.subscriptions)


@contextmanager
def copied(data_dir: Path) -> Generator[Path]:
    """A copy that may be changed; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-bench-", dir=data_dir.parent.parent))
    folder.chmod(0o755)  # PostgreSQL runs as another user where this one is root
    try:
        subprocess.run(["cp", "-a", "--reflink=auto", data_dir, folder / "data"], check=True)  # noqa: S607
        yield folder / "data"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(slots=True)
class _Seen:
    """Moments in seconds of one clock, processor time by role, and the scheduler's memory."""

    moments: dict[str, float] = field(default_factory=dict[str, float])
    used: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])
    memory: dict[str, int] = field(default_factory=dict[str, int])

    def seconds(self, since: str, until: str) -> float:
        return self.moments[until] - self.moments[since]


def _run(app_url: str, subscriptions: int, early: int) -> _Seen:
    """Start the projector, then the scheduler, and watch until nothing is left to do."""
    seen = _Seen()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tallybook-bench-"))
        bells = Path(folder)
        projector = stack.enter_context(follower("projector", app_url, bells))
        database = stack.enter_context(psycopg.connect(app_url, autocommit=True))
        before = _head(app_url)
        scheduler = stack.enter_context(follower("scheduler", app_url, bells, "--grace", "0"))

        def note(moment: str) -> None:
            seen.moments[moment] = time.perf_counter()
            seen.used[moment] = seconds_used(app_url, scheduler=scheduler, projector=projector)
            seen.memory[moment] = peak_memory(scheduler.id)

        _wait(database, before, PeriodClosed.TOPIC, 1)
        note("begun")
        _wait(database, before, PeriodClosed.TOPIC, early)
        note("early")
        _wait(database, before, PeriodClosed.TOPIC, subscriptions)
        note("closed")
        _wait(database, before, InvoiceFinalized.TOPIC, subscriptions)
        note("finalized")
        while any(database.execute(_LEFT, (TEST_LEDGER, _now())).fetchone() or ()):
            time.sleep(_LOOK_SECONDS)
        note("projected")
        seen.memory["projector"] = peak_memory(projector.id)
        _check_alive(scheduler, projector)
    return seen


def _wait(database: "psycopg.Connection", before: int, topic: str, count: int) -> None:  # type: ignore[type-arg]
    deadline = time.perf_counter() + _LONGEST_SECONDS
    while time.perf_counter() < deadline:
        row = database.execute(_DONE, (TEST_LEDGER, before, [topic])).fetchone()
        if row is not None and row[0] >= count:
            return
        time.sleep(_LOOK_SECONDS)
    raise SystemExit(f"fewer than {count} of {topic} after {_LONGEST_SECONDS} s")


def _check_alive(*followers: Follower) -> None:
    for one in followers:
        assert memory(one.id), "a process ended early"


def _tell(report: Report, seen: _Seen, subscriptions: int) -> None:
    stretches = {
        "closing": ("begun", "closed"),
        "finalizing": ("closed", "finalized"),
        "both": ("begun", "finalized"),
    }
    for what, (since, until) in stretches.items():
        bar = at_least(500) if what == "both" else None
        rate = subscriptions / seen.seconds(since, until)
        report.add(f"{what}", rate, "subscriptions/s", bar)
        for role, seconds in spent(seen.used[since], seen.used[until]).items():
            report.add(f"{what}, {role}", seconds / subscriptions * 1e3, "ms of processor each")
    report.add("read models there after that", seen.seconds("finalized", "projected"), "s")
    early, late = seen.memory["early"], seen.memory["projected"]
    report.add("scheduler, peak, a quarter closed", early / _MIB, "MiB")
    report.add("scheduler, peak, all finalized", late / _MIB, "MiB")
    report.add("all finalized, of a quarter closed", late / early, "times", at_most(1.25))
    report.add("projector, peak", seen.memory["projector"] / _MIB, "MiB")


def _tell_limit(report: Report, app_url: str, before: int, seen: _Seen, subscriptions: int) -> None:
    datastore = Datastore(app_url, pool_size=2)
    try:
        written = EventSourcedLedger(datastore, TEST_LEDGER, EVENT_CATALOGUE).recorder
        other = EventSourcedLedger(datastore, _OTHER_LEDGER, EVENT_CATALOGUE).recorder
        events, taken, position = 0, 0.0, before
        while page := written.select_notifications(position, 400, inclusive_of_start=False):
            position, events = page[-1].id, events + len(page)
            begun = time.perf_counter()
            other.append(page)
            taken += time.perf_counter() - begun
    finally:
        datastore.close()
    report.add("events appended", events, "")
    report.add("the recorder alone", subscriptions / taken, "subscriptions/s")
    reached = seen.seconds("begun", "finalized")
    report.add("both, of the recorder alone", taken / reached, "times")


def _head(app_url: str) -> int:
    with psycopg.connect(app_url) as database:
        row = database.execute(
            "SELECT position FROM ledger.heads WHERE ledger_id = %s", (TEST_LEDGER,)
        ).fetchone()
    return row[0] if row else 0


def _now() -> int:
    return int(system_now().timestamp())
