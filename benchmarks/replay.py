"""Replaying finalized invoices from the log alone, beside a plain SQL sum over the same usage.

Two filled databases, kept in a cache folder: one customer with an invoice over all usage, and many
customers with a small invoice each. The one invoice is recomputed in this process; its limit is
`SELECT sum(value)` over the rows of the same meter events in the read model of single events, same
customer, meter and month, once by one process, as the replay is, and once as PostgreSQL plans it,
with parallel workers; others like it went before, so that all find their pages in memory. The many
are replayed by `tallybook invoice replay --all` in worker processes, and their rate is invoices a
second from the command's start to its end, starting the interpreter not counted.
"""

import argparse
import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import islice

import psycopg

from api.database.connection import Databases, databases_of
from api.services import Services
from api.settings import load_settings
from benchmarks import billed_shop
from benchmarks.built import Fill, Scene, built
from benchmarks.installation import Installation
from benchmarks.machine import lines, machine_of
from benchmarks.processor import postgres_seconds
from benchmarks.report import Report, at_least, at_most
from ledger.audit.recompute import recompute
from ledger.invoices.commands import ClosePeriod, FinalizeInvoice
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import SubscriptionStarted
from projections.meter_events.rows import METER_EVENTS, series_of
from tests.support.served import ROOT, TEST_LEDGER, environment_of

SMALL = ["--events", "100000", "--invoices", "500", "--usage", "50000"]

_BATCH = 100
_ROUNDS = 3


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=1_000_000, help="on the one invoice")
    parser.add_argument("--invoices", type=int, default=10_000, help="small ones")
    parser.add_argument("--usage", type=int, default=1_000_000, help="meter events of all those")
    parser.add_argument("--parallel", type=int, default=2, help="processes that replay them")
    parser.add_argument("--build", action="store_true", help="only fill the databases")


def measure(options: argparse.Namespace, report: Report) -> None:
    """One large invoice beside a sum, then many small ones."""
    one, scene = built(report, "replay-one", options.events, fill(1))
    name = f"replay-{options.invoices}"
    many, _ = built(report, name, options.usage, fill(options.invoices))
    if options.build:
        return
    with databases_of(load_settings(data_dir=one)) as databases:
        report.machine = machine_of(databases.app_url)
        for line in lines(report.machine):
            report.note(line)
        _measure_one(report, databases.app_url, scene, options.events)
    with databases_of(load_settings(data_dir=many)) as databases:
        _measure_many(report, databases, options)


def _measure_one(report: Report, app_url: str, scene: Scene, events: int) -> None:
    services = Services(app_url, pool_size=2)
    try:
        ledger = services.application(services.identity(TEST_LEDGER))
        limit = min(_sum_in_sql(app_url, scene, events) for _ in range(_ROUNDS))
        alone = min(_sum_in_sql(app_url, scene, events, workers=0) for _ in range(_ROUNDS))
        taken: list[float] = []
        before, own = postgres_seconds(app_url), time.process_time()
        for _ in range(_ROUNDS):
            begun = time.perf_counter()
            outcome = recompute(ledger, scene["invoice"])
            taken.append(time.perf_counter() - begun)
            assert outcome.equal, outcome.differences
        own, served = time.process_time() - own, postgres_seconds(app_url) - before
    finally:
        services.close()
    report.add(f"SQL sum over {events:,} rows, one process", alone * 1e3, "ms")
    report.add("the same with parallel workers", limit * 1e3, "ms")
    report.add(f"replay over {events:,} meter events", min(taken) * 1e3, "ms")
    report.add("replay, processor, its process", own / _ROUNDS * 1e3, "ms")
    report.add("replay, processor, PostgreSQL", served / _ROUNDS * 1e3, "ms")
    report.add("replay, of the sum in one process", min(taken) / alone, "times", at_most(3))
    report.add("replay, of the sum in parallel", min(taken) / limit, "times")


def _sum_in_sql(app_url: str, scene: Scene, events: int, *, workers: int = 2) -> float:
    """Seconds of the sum, by the customer's and meter's own key of the rows. As PostgreSQL is set
    up, two workers may help with it."""
    start, end = (int(day.timestamp() * 1e6) for day in billed_shop.last_month())
    asked = (TEST_LEDGER, series_of(scene["meter"], scene["customer"]), start, end)
    with psycopg.connect(app_url, autocommit=True) as connection:
        setting = ("max_parallel_workers_per_gather", str(workers))
        connection.execute("SELECT set_config(%s, %s, false)", setting)
        begun = time.perf_counter()
        found = connection.execute(
            f"SELECT count(*), sum(value) FROM {METER_EVENTS.relation()} "
            "WHERE ledger_id = %s AND series = %s AND timestamp >= %s AND timestamp < %s",
            asked,
        ).fetchone()
        taken = time.perf_counter() - begun
    assert found is not None
    assert found[0] == events, found
    return taken


def _measure_many(report: Report, databases: Databases, options: argparse.Namespace) -> None:
    urls = {
        "DATABASE_URL": databases.app_url,
        "TALLYBOOK_OWNER_DATABASE_URL": databases.owner_url,
    }
    words = ["invoice", "replay", "--all", "--parallel", str(options.parallel), "--json"]
    before = postgres_seconds(databases.app_url)
    begun = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "api.main", *words],
        env=environment_of(**urls),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
    )
    whole = time.perf_counter() - begun
    served = postgres_seconds(databases.app_url) - before
    told = json.loads(ended.stdout)
    assert told["invoices"] == told["equal"] == options.invoices, told
    each = told["processor_seconds"] / options.invoices * 1e3
    report.add("replayed", options.invoices, "invoices")
    report.add("in all, with starting", whole, "s")
    report.add(
        "of many small ones", options.invoices / told["seconds"], "invoices/s", at_least(500)
    )
    report.add("its processes", each, "ms of processor each")
    report.add("PostgreSQL", served / options.invoices * 1e3, "ms of processor each")


def fill(invoices: int) -> Fill:
    """Fills an installation with so many customers, and bills each its month on one invoice."""
    return functools.wraps(_fill)(functools.partial(_fill, invoices))


def _fill(invoices: int, installation: Installation, events: int) -> Scene:
    billed_shop.fill(1, invoices)(installation, events)
    installation.wait_for_projector()
    _, end = billed_shop.last_month()
    services = Services(installation.app_url, pool_size=2)
    try:
        ledger = services.application(services.identity(TEST_LEDGER))
        asked = Circumstances(end, "system:benchmark", "benchmark")

        def facts(commands: Iterable[Command]) -> Iterable[RecordedEvent]:
            coming = iter(commands)
            while some := [(command, asked) for command in islice(coming, _BATCH)]:
                for outcome in ledger.execute_together(some):
                    assert not isinstance(outcome, Exception), outcome
                    yield from outcome.events

        recorder = ledger.recorder
        started = recorder.select_notifications(1, invoices, None, [SubscriptionStarted.TOPIC])
        subscriptions = [str(one.originator_id) for one in started]
        closing = (ClosePeriod(subscription=one, period_end=end) for one in subscriptions)
        drafts = [f for f in facts(closing) if isinstance(f.event, InvoiceDrafted)]
        for _ in facts(FinalizeInvoice(invoice=f.originator_id) for f in drafts):
            pass
        [drafted] = [f.event for f in drafts[:1] if isinstance(f.event, InvoiceDrafted)]
    finally:
        services.close()
    line = drafted.lines[0]
    return {
        "invoice": drafts[0].originator_id,
        "customer": drafted.customer,
        "meter": line.meter or "",
    }
