"""How fast a whole ledger is verified: `tallybook audit verify`.

A day of usage is written in batches of 5,000, as the bulk door cuts it, and projected. Then
everything is verified in processes of their own: every event and its leaf, the tree, usage keys,
the row of each meter event and every rollup. Once more after a vacuum, which PostgreSQL does by
itself a little later, and once more without read models. Processor time is of all processes,
PostgreSQL's among them; what it comes to on processors that have nothing else to do is said beside
what the clock said.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg

from api.audit.verifying import verified
from api.database.connection import Databases, databases_of
from api.services import Services
from api.settings import load_settings
from benchmarks.filling import Filling, Shape
from benchmarks.machine import lines, machine_of
from benchmarks.processor import postgres_seconds
from benchmarks.report import Report, at_least
from ledger.kernel.clock import system_now, to_epoch
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.meters.commands import CreateMeter
from projections.audit.verifying.verify import VerifiedLedger
from projections.registry import migrate
from tests.support.served import TEST_LEDGER

SMALL = ["--records", "300000"]

_BAR = 300_000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=int, default=3_000_000, help="of usage")
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=1, help="over which the usage is spread")
    parser.add_argument("--parallel", type=int, default=os.cpu_count() or 1, help="processes")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Records a second, with read models before and after a vacuum, and without."""
    with _database(report) as databases:
        services = Services(databases.app_url, pool_size=4)
        try:
            _fill(services, databases.app_url, options)
            services.projector.catch_up()
            before = "before a vacuum, "
            _verify(services, databases.app_url, options, report, before, read_models=True)
            with psycopg.connect(databases.owner_url, autocommit=True) as connection:
                connection.execute("VACUUM (ANALYZE)")
            _verify(services, databases.app_url, options, report, read_models=True)
            _verify(services, databases.app_url, options, report, read_models=False)
        finally:
            services.close()


@contextmanager
def _database(report: Report) -> Generator[Databases]:
    with tempfile.TemporaryDirectory(prefix="tallybook-bench-") as name:
        Path(name).chmod(0o755)  # PostgreSQL runs as another user where this one is root
        with databases_of(load_settings(data_dir=Path(name) / "data")) as databases:
            migrate(databases.owner_url, databases.app_role)
            report.machine = machine_of(databases.app_url)
            for line in lines(report.machine):
                report.note(line)
            yield databases


def _fill(services: Services, url: str, options: argparse.Namespace) -> None:
    meter = CreateMeter(meter="mtr_1", display_name="M", event_name="m", formula="sum")
    ledger = LedgerIdentity(TEST_LEDGER, "acct_default", livemode=False)
    circumstances = Circumstances(system_now(), "system:benchmark", "benchmark")
    services.application(ledger).execute(meter, circumstances)
    start = to_epoch(system_now() - timedelta(days=options.days))
    others = options.customers - 1
    shape = Shape(["mtr_1"], "cus_1", others=others, start=start, seconds=options.days * 86_000)
    Filling(url, shape).fill(options.records)


def _verify(
    services: Services,
    url: str,
    options: argparse.Namespace,
    report: Report,
    state: str = "",
    *,
    read_models: bool,
) -> None:
    before, begun = _processor(url), time.perf_counter()
    found: Sequence[VerifiedLedger] = [
        *verified(
            services,
            (TEST_LEDGER,),
            lambda _: lambda _done, _total: None,
            processes=options.parallel,
            read_models=read_models,
        )
    ]
    seconds, used = time.perf_counter() - begun, _processor(url) - before
    [ledger] = found
    if not ledger.holds or ledger.meter_events != options.records:
        raise SystemExit(f"verified {ledger.meter_events} records: {ledger.findings[:3]}")
    what = state + (f"with {ledger.rows:,} other rows" if read_models else "without read models")
    report.add(f"{what}: records verified", options.records / seconds, "/s")
    report.add(f"{what}: processor time", used / options.records * 1e6, "µs a record")
    free = options.records / used * options.parallel
    bar = at_least(_BAR) if read_models else None
    report.add(f"{what}: with processors to itself", free, "records/s", bar)


def _processor(url: str) -> float:
    """Processor time used so far by this process, those it started, and PostgreSQL."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime + postgres_seconds(url)
