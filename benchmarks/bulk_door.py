"""Usage through the bulk door and the stream, beside a raw COPY of the same records.

    PYTHONPATH=src python -m benchmarks.bulk_door [--records N] [--clients N] [--workers N]

Client, server, projector and PostgreSQL share the machine. Every identifier is a random UUID, fsync
and synchronous_commit are on. Bodies are made before the clock starts.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import platform
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from api.database.connection import databases_of
from api.settings import load_settings
from ledger.kernel.clock import system_now, to_epoch
from tests.support.served import Served, serving

BODY = 1_000
STREAMED = 100
BULK = "/ingest/v1/usage"
STREAM = "/v2/billing/meter_event_stream"
Post = tuple[str, bytes, dict[str, str]]
"""Path, body and headers of one request."""


def main() -> None:
    """Measure, and print."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="tallybook-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user where this one is root
        data_dir = Path(folder) / "data"
        with databases_of(load_settings(data_dir=data_dir)) as databases:
            with psycopg.connect(databases.owner_url, autocommit=True) as owner:
                _print_settings(owner, options)
            with serving(
                Path(folder),
                databases.app_url,
                workers=options.workers,
                DATABASE_URL=databases.app_url,
                TALLYBOOK_OWNER_DATABASE_URL=databases.owner_url,
            ) as served:
                _measure(served, databases.owner_url, options)


def _measure(served: Served, owner_url: str, options: argparse.Namespace) -> None:
    event_name, customers = _shop(served)
    key = served.api_key
    _run(served, _bulk_posts(_records(20_000, event_name, customers), key), options.clients)
    records = _records(options.records, event_name, customers)
    _wait_for_projector(served)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        in_bodies = _copied(owner, records, BODY)
        at_once = _copied(owner, records, len(records))
    before = _processor_seconds(served)
    seconds = _run(served, _bulk_posts(records, key), options.clients)
    lag = _wait_for_projector(served)
    spent = _processor_seconds(served)
    bulk = len(records) / seconds
    streamed = _records(options.records // 2, event_name, customers)
    token = served.client().v2.billing.meter_event_session.create().authentication_token
    seconds = _run(served, _stream_posts(streamed, token), options.clients)
    stream = len(streamed) / seconds
    print(f"COPY, {BODY:,} a commit  {in_bodies:>10,.0f} records/s")
    print(f"COPY, one commit     {at_once:>10,.0f} records/s")
    print(f"bulk door            {bulk:>10,.0f} records/s")
    print(f"  of COPY            {bulk / in_bodies:>10.2f}  (bar 0.35, and 50,000 records/s)")
    print(f"  of one COPY        {bulk / at_once:>10.2f}")
    print(f"  projector after    {lag:>10.2f} s behind the last answer")
    for role, processor in spent.items():
        each = (processor - before[role]) / len(records) * 1_000_000
        print(f"  {role:<19}{each:>10.1f} µs of processor a record")
    print(f"stream               {stream:>10,.0f} events/s  (bar 25,000)")


def _shop(served: Served) -> tuple[str, list[str]]:
    client = served.client()
    client.v1.billing.meters.create(
        {
            "display_name": "Tokens",
            "event_name": "tokens",
            "default_aggregation": {"formula": "sum"},
        }
    )
    return "tokens", [client.v1.customers.create({"name": f"C{n}"}).id for n in range(50)]


def _records(count: int, event_name: str, customers: list[str]) -> list[dict[str, Any]]:
    now = to_epoch(system_now())
    chance = random.Random(7)
    return [
        {
            "event_name": event_name,
            "identifier": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "timestamp": now - chance.randrange(86_400),
            "payload": {
                "stripe_customer_id": chance.choice(customers),
                "value": str(chance.randrange(1, 10_000)),
                "model": "large",
            },
        }
        for _ in range(count)
    ]


def _bulk_posts(records: list[dict[str, Any]], key: str) -> list[Post]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    lines = [json.dumps(record, separators=(",", ":")) for record in records]
    return [
        (BULK, "\n".join(lines[n : n + BODY]).encode(), headers) for n in range(0, len(lines), BODY)
    ]


def _stream_posts(records: list[dict[str, Any]], token: str) -> list[Post]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    events = [
        record
        | {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["timestamp"]))}
        for record in records
    ]
    return [
        (STREAM, json.dumps({"events": events[n : n + STREAMED]}).encode(), headers)
        for n in range(0, len(events), STREAMED)
    ]


def _run(served: Served, posts: list[Post], clients: int) -> float:
    """Seconds until client processes have sent every request and read every answer."""
    context = multiprocessing.get_context("fork")
    start = context.Barrier(clients + 1)
    processes = [
        context.Process(target=_send, args=(served.base_url, posts[n::clients], start.wait))
        for n in range(clients)
    ]
    for process in processes:
        process.start()
    start.wait()
    begun = time.perf_counter()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise SystemExit("a client failed")
    return time.perf_counter() - begun


def _send(base_url: str, posts: list[Post], ready: Callable[[], object]) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
    connection.connect()
    ready()
    for path, body, headers in posts:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answered = json.loads(response.read())
        assert response.status == 200, answered
        assert path != BULK or answered["accepted"] == body.count(b"\n") + 1, answered


def _copied(owner: psycopg.Connection[Any], records: list[dict[str, Any]], commit: int) -> float:
    """Records a second of COPY into a table with the same unique key, so many a transaction."""
    owner.execute("DROP TABLE IF EXISTS copied_records")
    owner.execute(
        "CREATE TABLE copied_records (ledger_id integer, identifier uuid, event_name text, "
        "customer text, timestamp bigint, value numeric, payload jsonb, "
        "PRIMARY KEY (ledger_id, identifier))"
    )
    lines = [
        "\t".join(
            (
                "1",
                record["identifier"],
                record["event_name"],
                record["payload"]["stripe_customer_id"],
                str(record["timestamp"]),
                record["payload"]["value"],
                json.dumps({"model": record["payload"]["model"]}),
            )
        )
        + "\n"
        for record in records
    ]
    bodies = ["".join(lines[n : n + commit]).encode() for n in range(0, len(lines), commit)]
    begun = time.perf_counter()
    for body in bodies:
        with owner.transaction(), owner.cursor().copy("COPY copied_records FROM STDIN") as copy:
            copy.write(body)
    seconds = time.perf_counter() - begun
    owner.execute("DROP TABLE copied_records")
    return len(records) / seconds


def _processor_seconds(served: Served) -> dict[str, float]:
    """Processor time used so far by the served processes and by their PostgreSQL server."""
    roles = {role: served.process_ids(role) for role in ("api", "projector", "scheduler")}
    with psycopg.connect(served.database_url) as connection:
        postmaster = _parent(connection.info.backend_pid)
    everything = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    roles["postgres"] = [process for process in everything if _parent(process) == postmaster]
    return {role: sum(map(_used, processes)) for role, processes in roles.items()}


def _parent(process: int) -> int:
    try:
        return int(_fields(process)[1])
    except OSError:  # it ended while we looked
        return 0


def _used(process: int) -> float:
    fields = _fields(process)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _fields(process: int) -> list[str]:
    return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()


def _wait_for_projector(served: Served) -> float:
    begun = time.perf_counter()
    with served.http() as client:
        while client.get("/readyz").json()["lag"]:
            time.sleep(0.02)
    return time.perf_counter() - begun


def _print_settings(owner: psycopg.Connection[Any], options: argparse.Namespace) -> None:
    names = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "wal_sync_method")
    shown = {name: owner.execute(f"SHOW {name}").fetchone() for name in names}
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}")
    print(", ".join(f"{name} {row[0]}" for name, row in shown.items() if row))
    print(
        f"{options.records:,} records, {options.clients} clients, {options.workers} workers, "
        f"bodies of {BODY:,} (stream {STREAMED})"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.bulk_door", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
