"""One `Application.save` of the event sourcing library for each usage event, beside our doors.

The library's own application, recorder and tables stand in a schema of their own on the same
PostgreSQL; each usage event is an aggregate's first event, saved by the best of several numbers of
threads. That rate is the limit; ours are the bulk door over HTTP and the ingestion below it.
"""

import argparse
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from psycopg.conninfo import conninfo_to_dict

from api.services import Services
from benchmarks.installation import Installation, installed
from benchmarks.report import Report, at_least
from benchmarks.usage import Record, bulk_posts, records, send, shop
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances
from ledger.meter_events.validation import UsageReport
from tests.support.served import TEST_LEDGER

SMALL = ["--saves", "300", "--records", "20000", "--threads", "1,4"]
_SCHEMA = "library_usage"
_BATCH = 1_000


class UsageEvent(Aggregate):
    """A usage event as the library's users would write it."""

    @event("Recorded")
    def __init__(self, event_name: str, timestamp: int, payload: dict[str, str]) -> None:
        self.event_name = event_name
        self.timestamp = timestamp
        self.payload = payload


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--saves", type=int, default=3_000, help="events for each number of threads"
    )
    parser.add_argument("--records", type=int, default=200_000, help="events through our doors")
    parser.add_argument("--threads", default="1,8", help="of the library, each tried")


def measure(options: argparse.Namespace, report: Report) -> None:
    """The library's best, and ours."""
    with installed(report) as installation:
        customers = shop(installation.served)
        application = _stock_application(installation.owner_url)
        rates = {
            threads: _saved(application, records(options.saves, customers), threads)
            for threads in map(int, options.threads.split(","))
        }
        application.close()
        for threads, rate in rates.items():
            report.add(f"Application.save, {threads} threads", rate, "events/s")
        best = max(rates.values())
        direct = _ingested(installation, records(options.records, customers))
        report.add("UsageIngestion, 1,000 together", direct, "events/s")
        report.add("UsageIngestion, of Application.save", direct / best, "times", at_least(20))
        posts = bulk_posts(records(options.records, customers), installation.served.api_key, _BATCH)
        bulk = options.records / send(installation.served, posts, clients=2)
        report.add("bulk door, 1,000 a body", bulk, "events/s")
        report.add("bulk door, of Application.save", bulk / best, "times", at_least(20))


def _stock_application(owner_url: str) -> Application[uuid.UUID]:
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(f"CREATE SCHEMA {_SCHEMA}")
    where: dict[str, Any] = conninfo_to_dict(owner_url)
    return Application(
        env={
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(where["dbname"]),
            "POSTGRES_HOST": unquote(str(where["host"])),
            "POSTGRES_PORT": str(where.get("port", 5432)),
            "POSTGRES_USER": str(where["user"]),
            "POSTGRES_PASSWORD": str(where.get("password", "")),
            "POSTGRES_SCHEMA": _SCHEMA,
            "POSTGRES_POOL_SIZE": "16",
        }
    )


def _saved(application: Application[uuid.UUID], events: list[Record], threads: int) -> float:
    """Events a second, one `save` each."""

    def save(record: Record) -> None:
        application.save(UsageEvent(record["event_name"], record["timestamp"], record["payload"]))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(save, events[:50]))  # connections, statements
        begun = time.perf_counter()
        list(pool.map(save, events[50:]))
        return len(events[50:]) / (time.perf_counter() - begun)


def _ingested(installation: Installation, events: list[Record]) -> float:
    """Events a second through validation and the log, without HTTP, in this process alone."""
    services = Services(installation.app_url, pool_size=2)
    ingestion = services.usage_ingestion(services.identity(TEST_LEDGER))
    reports = [
        UsageReport(r["event_name"], r["identifier"], r["payload"], r["timestamp"] * 1_000_000)
        for r in events
    ]
    begun = time.perf_counter()
    for first in range(0, len(reports), _BATCH):
        circumstances = Circumstances(system_now(), "system:benchmark", "benchmark")
        verdicts = ingestion.record(reports[first : first + _BATCH], circumstances)
        assert all(verdict.result == "accepted" for verdict in verdicts)
    rate = len(reports) / (time.perf_counter() - begun)
    services.close()
    return rate
