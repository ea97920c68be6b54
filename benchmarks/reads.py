"""Summaries and previews over a small and a large ledger: their cost must not grow with history.

Run with `PYTHONPATH=src python -m benchmarks.reads`. It starts `tallybook serve` with an embedded
PostgreSQL of its own. Half of all meter events are of one customer, which is the one asked about,
the others of many; all of them lie in one month. The month's summary and the preview of its
invoice are asked for over HTTP, one after the other: with `--few` events in the ledger, and again
with `--many`. Usage is written into the log in batches of 5,000, each record with its key.
"""

import argparse
import http.client
import json
import os
import platform
import random
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg

from api.database.embedded import Embedded
from benchmarks.announcement import announced
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.clock import system_now
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.usage import STREAM, UsageLog
from ledger.store.usage_batch import UsageBatch

LEDGER = 1
"""The test ledger of a fresh installation's account."""

PERIOD_START = 1_767_262_643  # 1 January 2026, 10:17:23: the period begins within a minute
MONTH = 31 * 86_400
_BATCH = 5_000


def main() -> None:
    """Fill, measure, fill, measure, and print both with their ratios."""
    options = _options()
    with _served() as (url, key, database):
        asking = Asking(url, key)
        print(_machine(database))
        meter, customer, subscription = _scene(asking)
        filling = Filling(database, meter, customer, options.customers)
        few = _measured(options, filling, asking, options.few, (meter, customer, subscription))
        many = _measured(options, filling, asking, options.many, (meter, customer, subscription))
        for what, seen in many.items():
            ratio = _p99(seen) / _p99(few[what])
            print(f"{what}: p99 ratio {ratio:.2f} ({options.many:,} to {options.few:,} events)")
        _show_storage(database, filling.written)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reads")
    parser.add_argument("--few", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=10_000_000)
    parser.add_argument("--customers", type=int, default=1_000)
    parser.add_argument("--requests", type=int, default=1_000)
    return parser.parse_args()


class Asking:
    """A client with one connection that is kept."""

    def __init__(self, url: str, key: str) -> None:
        self._connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    def ask(self, method: str, path: str, fields: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer."""
        query = urlencode(fields)
        target, body = (f"{path}?{query}", None) if method == "GET" else (path, query)
        self._connection.request(method, target, body, self._headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def reconnect(self) -> None:
        """Begin a new connection: the server closes one that was idle for long."""
        self._connection.close()

    def post(self, path: str, **fields: Any) -> Any:
        """The answer to a request that must succeed."""
        status, answer = self.ask("POST", path, fields)
        assert status == 200, answer
        return answer


class Filling:
    """Writes usage of one month into the log, in the order of time, each time from its start."""

    def __init__(self, database: str, meter: str, customer: str, customers: int) -> None:
        self._datastore = Datastore(database, pool_size=2)
        ledger = EventSourcedLedger(self._datastore, LEDGER, EVENT_CATALOGUE)
        self._recorder, self._mapper = ledger.recorder, ledger.mapper
        self._log = UsageLog(self._recorder, UsageRecorded.TOPIC)
        self._meter, self._customer = meter, customer
        self._others = [f"cus_test_{secrets.token_hex(12)}" for _ in range(customers - 1)]
        self._chance = random.Random(1)
        self.written = 0

    def fill(self, total: int) -> None:
        """Write events until there are so many."""
        missing = total - self.written
        for first in range(0, missing, _BATCH):
            batch = UsageBatch()
            for number in range(first, min(first + _BATCH, missing)):
                identifier = str(uuid.UUID(int=(self.written + number) << 80 | 7 << 76 | 2 << 62))
                record = self._record(identifier, number * MONTH * 1_000_000 // missing)
                batch.add(identifier, record_bytes(record))
            self._append(batch)
        self.written = total

    def _record(self, identifier: str, microseconds: int) -> UsageRecord:
        heavy = self._chance.random() < 0.5
        return UsageRecord(
            identifier,
            self._meter,
            self._customer if heavy else self._chance.choice(self._others),
            PERIOD_START * 1_000_000 + microseconds,
            str(self._chance.randrange(1, 1_000)),
            {"model": self._chance.choice(("small", "large"))},
        )

    def _append(self, batch: UsageBatch) -> None:
        metadata = Metadata(
            recorded_at=system_now(), actor="system:benchmark", correlation_id="benchmark"
        )

        def encode(records: Sequence[bytes]) -> bytes:
            event = RecordedEvent(STREAM, 0, UsageRecorded.of(records), metadata)
            return self._mapper.to_stored_event(event).state

        self._log.append(
            batch, encode, validated_at=self._recorder.head()[1], disturbed_by=lambda _: False
        )


def _scene(asking: Asking) -> tuple[str, str, str]:
    """A meter, a customer, and its subscription that began at PERIOD_START on a test clock."""
    meter = asking.post(
        "/v1/billing/meters",
        **{"display_name": "Tokens", "event_name": "t", "default_aggregation[formula]": "sum"},
    )["id"]
    price = asking.post(
        "/v1/prices",
        **{
            "currency": "usd",
            "unit_amount_decimal": "0.01",
            "product_data[name]": "Tokens",
            "recurring[interval]": "month",
            "recurring[usage_type]": "metered",
            "recurring[meter]": meter,
        },
    )["id"]
    clock = asking.post("/v1/test_helpers/test_clocks", frozen_time=PERIOD_START)["id"]
    customer = asking.post("/v1/customers", test_clock=clock)["id"]
    subscription = asking.post(
        "/v1/subscriptions", **{"customer": customer, "items[0][price]": price}
    )["id"]
    return meter, customer, subscription


def _measured(
    options: argparse.Namespace,
    filling: Filling,
    asking: Asking,
    events: int,
    scene: tuple[str, str, str],
) -> dict[str, list[float]]:
    """Milliseconds of each request, with so many events in the ledger."""
    meter, customer, subscription = scene
    begun = time.perf_counter()
    filling.fill(events)
    written = time.perf_counter() - begun
    asking.reconnect()
    month = {"customer": customer, "start_time": PERIOD_START + 37, "end_time": _END}
    requests: dict[str, Callable[[], tuple[int, Any]]] = {
        "event_summaries": lambda: asking.ask(
            "GET", f"/v1/billing/meters/{meter}/event_summaries", month
        ),
        "create_preview": lambda: asking.ask(
            "POST", "/v1/invoices/create_preview", {"subscription": subscription}
        ),
    }
    while requests["event_summaries"]()[0] == 503:
        time.sleep(0.5)
    projected = time.perf_counter() - begun
    print(f"{events:,} events; written in {written:.0f} s, read models there in {projected:.0f} s")
    return {what: _timed(what, request, options.requests) for what, request in requests.items()}


_END = PERIOD_START + MONTH - 23  # aligned to a minute, as the start is


def _timed(what: str, request: Callable[[], tuple[int, Any]], times: int) -> list[float]:
    seen: list[float] = []
    answer: Any = None
    for number in range(times + 50):
        begun = time.perf_counter()
        status, answer = request()
        taken = (time.perf_counter() - begun) * 1_000
        assert status == 200, answer
        if number >= 50:
            seen.append(taken)
    said = answer.get("total", None) if "total" in answer else answer["data"][0]["aggregated_value"]
    print(
        f"  {what:16} p50 {statistics.median(seen):6.2f} ms  p99 {_p99(seen):6.2f} ms  ({said:,})"
    )
    return seen


def _p99(seen: list[float]) -> float:
    return statistics.quantiles(seen, n=100)[98]


def _machine(database: str) -> str:
    with psycopg.connect(database) as conn:
        settings = [
            conn.execute(f"SHOW {name}").fetchall()[0][0]
            for name in ("server_version", "shared_buffers", "fsync", "synchronous_commit")
        ]
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}; PostgreSQL {settings[0]}, shared_buffers "
        f"{settings[1]}, fsync {settings[2]}, synchronous_commit {settings[3]}"
    )


def _show_storage(database: str, events: int) -> None:
    """Bytes of each large table for each event, indexes and all."""
    with psycopg.connect(database) as conn:
        sizes = conn.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' "
            "AND relnamespace IN ('ledger'::regnamespace, 'projections'::regnamespace) "
            "ORDER BY 2 DESC LIMIT 4"
        ).fetchall()
    print("bytes an event: " + ", ".join(f"{name} {size / events:.0f}" for name, size in sizes))


@contextmanager
def _served() -> Iterator[tuple[str, str, str]]:
    """Address, test key and database of a `tallybook serve` with an embedded PostgreSQL."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-benchmark-"))
    folder.chmod(0o755)  # as root, PostgreSQL is run by another user
    key = f"sk_test_{secrets.token_hex(16)}"
    words = ["serve", "--port", "0", "--workers", "1", "--data-dir", str(folder / "data")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.main", *words],
            env={**os.environ, "TALLYBOOK_API_KEY": key},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        embedded: Embedded | None = None
        try:
            url = announced(process, folder / "log")
            embedded = Embedded(folder / "data").start()
            yield url, key, embedded.app_url
        finally:
            process.terminate()
            process.wait()
            if embedded is not None:
                embedded.stop()
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
