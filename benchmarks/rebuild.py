"""All read models built anew beside the live ones, beside reading and decoding the log alone.

The database is that of `reads`: one customer with half of all usage, a thousand more with the
rest, over a month. The limit is one process that reads the log and decodes every record, and does
nothing with them. A rebuild is everything until the new tables are live: filling them with a
process a core and one that reads ahead, comparing every row, switching. In a smaller database of
its own usage is then sent through the bulk door, alone and while rebuilds run at full speed.
Client, server, projector and PostgreSQL share the machine.
"""

import argparse
import os
import resource
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager

from api.services import Services
from benchmarks.built import built
from benchmarks.installation import Installation, installed
from benchmarks.processor import postgres_seconds
from benchmarks.reads import fill
from benchmarks.report import Report, at_least, at_most
from benchmarks.usage import bulk_posts, records, send, shop
from ledger.meter_events.events import UsageRecorded
from projections.registry import PROJECTIONS
from projections.runtime.rebuild.filling import Progress
from projections.runtime.rebuild.rebuilding import Plan, Rebuilt, rebuild
from projections.runtime.rebuild.workers import Crew
from tests.support.served import TEST_LEDGER

SMALL = ["--events", "100000", "--beside", "50000", "--sent", "20000"]
_MIB = 2**20
_PAGE_EVENTS = 2_000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--beside", type=int, default=500_000, help="events to begin with, there")
    parser.add_argument("--sent", type=int, default=300_000, help="through the bulk door, twice")
    parser.add_argument("--body", type=int, default=1_000, help="records of a body")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))


def measure(options: argparse.Namespace, report: Report) -> None:
    """The limit, the rebuild, and the bulk door with and without one."""
    folder, _ = built(report, "reads", options.events, fill)
    with installed(report, data_dir=folder) as installation:
        services = Services(installation.app_url, pool_size=2)
        try:
            installation.wait_for_projector()
            limit = _decoded(services, report)
            _rebuild(installation, services, options, report, limit)
        finally:
            services.close()
    with installed(report) as installation:
        services = Services(installation.app_url, pool_size=2)
        try:
            fill(installation, options.beside)
            _meanwhile(installation, services, options, report)
        finally:
            services.close()


def _decoded(services: Services, report: Report) -> float:
    """Records a second of reading the log and decoding all of it."""
    log, count = services.log(TEST_LEDGER), 0
    begun = time.perf_counter()
    for page in log.batches(0, _PAGE_EVENTS, log.head()):
        for recorded in page:
            if isinstance(recorded.event, UsageRecorded):
                count += len(recorded.event.records())
    rate = count / (time.perf_counter() - begun)
    report.add("log read and decoded, nothing done with it", rate, "records/s")
    return rate


def _rebuild(
    installation: Installation,
    services: Services,
    options: argparse.Namespace,
    report: Report,
    limit: float,
) -> None:
    filled = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal filled
        if done >= total:
            filled = time.perf_counter()

    used = _processor(), postgres_seconds(installation.app_url)
    begun = time.perf_counter()
    results = _built(installation, services, options.processes, progress)
    seconds = time.perf_counter() - begun
    assert all(result.equal for result in results), "a table differs"
    count = max(result.records for result in results)
    report.note(f"{len(results)} read models, {count:,} records in {seconds:.1f} s, all equal")
    report.add("rebuild, tables filled", count / (filled - begun), "records/s")
    rate = count / seconds
    report.add("rebuild, compared and switched", rate, "records/s", at_least(200_000))
    report.add("rebuild, of the log alone", rate / limit, "times", at_least(0.5))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    report.add("most memory of a process of it", peak, "MiB", at_most(512))
    now = _processor(), postgres_seconds(installation.app_url)
    for who, before, after in zip(("the processes", "PostgreSQL"), used, now, strict=True):
        report.add(f"processor of {who}", (after - before) / count * 1e6, "µs a record")


def _meanwhile(
    installation: Installation, services: Services, options: argparse.Namespace, report: Report
) -> None:
    served = installation.served
    customers = shop(served)
    posts = [
        bulk_posts(records(options.sent, customers), served.api_key, options.body) for _ in range(3)
    ]
    send(served, posts.pop(), clients=2)
    alone = options.sent / send(served, posts.pop(), clients=2)
    installation.wait_for_projector()
    with _rebuilding(installation, services, options.processes):
        beside = options.sent / send(served, posts.pop(), clients=2)
    report.add("bulk door, alone", alone, "records/s")
    report.add("bulk door, while all is rebuilt", beside, "records/s")
    report.add("bulk door, of alone", beside / alone, "times", at_least(0.5))


@contextmanager
def _rebuilding(installation: Installation, services: Services, processes: int) -> Generator[None]:
    """Rebuilds one after the other, as long as the block runs."""
    stopping = threading.Event()

    def work() -> None:
        while not stopping.is_set():
            _built(installation, services, processes, lambda *_: None)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(2)  # its processes have started
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def _built(
    installation: Installation, services: Services, processes: int, progress: Progress
) -> list[Rebuilt]:
    crew = Crew(processes, installation.app_url, installation.owner_url)
    plan = Plan(crew=crew if processes > 1 else None, anew=True, drops=True)
    return rebuild(installation.owner_url, PROJECTIONS, services.log, progress, plan)


def _processor() -> float:
    """Processor time of this process and of those that it has ended, in seconds."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
