"""Usage through the bulk door and the stream, beside a raw COPY of the same records.

Client, server, projector and PostgreSQL share the machine. Every identifier is a random UUID, fsync
and synchronous_commit are on. Bodies are made before the clock starts. The limit is COPY into a
table with a unique key, with a commit for each body as the bulk door has.
"""

import argparse
import json
import time
from typing import Any

import psycopg

from benchmarks.installation import Installation, installed
from benchmarks.lag import lag_watched
from benchmarks.processor import processor_seconds, spent
from benchmarks.report import Report, at_least, at_most
from benchmarks.usage import Record, bulk_posts, records, send, shop, stream_posts

SMALL = ["--records", "20000", "--warm-up", "5000"]
_STREAMED = 100
_WARM_UP = 250_000
"""So that the usage of each customer is rolled up as finely as it will be in the long run."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--warm-up", type=int, default=_WARM_UP)
    parser.add_argument("--body", type=int, default=1_000, help="records of a body")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Both doors, and COPY."""
    with installed(report, workers=options.workers) as installation:
        customers = shop(installation.served)
        warm_up = bulk_posts(
            records(options.warm_up, customers), installation.served.api_key, options.body
        )
        send(installation.served, warm_up, options.clients)
        installation.wait_for_projector()
        _bulk(installation, customers, options, report)
        _stream(installation, customers, options, report)


def _bulk(
    installation: Installation, customers: list[str], options: argparse.Namespace, report: Report
) -> None:
    served, sent = installation.served, records(options.records, customers)
    with psycopg.connect(installation.owner_url, autocommit=True) as owner:
        in_bodies = _copied(owner, sent, options.body)
        at_once = _copied(owner, sent, len(sent))
    posts = bulk_posts(sent, served.api_key, options.body)
    before = processor_seconds(served)
    with lag_watched(installation.app_url) as lag:
        rate = len(sent) / send(served, posts, options.clients)
    behind = installation.wait_for_projector()
    report.add("COPY, a commit for each body", in_bodies, "records/s")
    report.add("COPY, one commit", at_once, "records/s")
    report.add("bulk door", rate, "records/s", at_least(50_000))
    report.add("bulk door, of COPY with the same commits", rate / in_bodies, "", at_least(0.35))
    report.add("bulk door, of one COPY", rate / at_once)
    report.add("projector lag meanwhile, most", max(lag.readings, default=0.0), "s", at_most(1))
    report.add("projector after the last answer", behind, "s", at_most(1))
    for role, seconds in spent(before, processor_seconds(served)).items():
        report.add(f"processor of {role}", seconds / len(sent) * 1_000_000, "µs a record")


def _stream(
    installation: Installation, customers: list[str], options: argparse.Namespace, report: Report
) -> None:
    served, sent = installation.served, records(options.records // 2, customers)
    session = served.client().v2.billing.meter_event_session.create()
    posts = stream_posts(sent, session.authentication_token, _STREAMED)
    rate = len(sent) / send(served, posts, options.clients)
    report.add("stream, 100 a request", rate, "events/s", at_least(25_000))


def _copied(owner: psycopg.Connection[Any], sent: list[Record], commit: int) -> float:
    """Records a second of COPY into a table with the same unique key, so many a transaction."""
    owner.execute("DROP TABLE IF EXISTS copied_records")
    owner.execute(
        "CREATE TABLE copied_records (ledger_id integer, identifier uuid, event_name text, "
        "customer text, timestamp bigint, value numeric, payload jsonb, "
        "PRIMARY KEY (ledger_id, identifier))"
    )
    lines = [_line(record) for record in sent]
    bodies = ["".join(lines[n : n + commit]).encode() for n in range(0, len(lines), commit)]
    begun = time.perf_counter()
    for body in bodies:
        with owner.transaction(), owner.cursor().copy("COPY copied_records FROM STDIN") as copy:
            copy.write(body)
    seconds = time.perf_counter() - begun
    owner.execute("DROP TABLE copied_records")
    return len(sent) / seconds


def _line(record: Record) -> str:
    payload = record["payload"]
    fields = (
        "1",
        record["identifier"],
        record["event_name"],
        payload["stripe_customer_id"],
        str(record["timestamp"]),
        payload["value"],
        json.dumps({"model": payload["model"]}),
    )
    return "\t".join(fields) + "\n"
