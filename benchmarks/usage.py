"""Meter events to send, the requests that carry them, and processes that send those."""

import http.client
import json
import multiprocessing
import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from ledger.kernel.clock import system_now, to_epoch
from tests.support.served import Served

BULK = "/ingest/v1/usage"
STREAM = "/v2/billing/meter_event_stream"
EVENT_NAME = "tokens"
CUSTOMERS = 1_000
Record = dict[str, Any]
Post = tuple[str, bytes, dict[str, str]]
"""Path, body and headers of one request."""


def shop(served: Served, customers: int = CUSTOMERS, dimensions: Sequence[str] = ()) -> list[str]:
    """A meter of EVENT_NAME that sums, and customers; their ids. `dimensions` are payload keys that
    the meter declares."""
    client = served.client()
    meter: Any = {
        "display_name": "Tokens",
        "event_name": EVENT_NAME,
        "default_aggregation": {"formula": "sum"},
    }
    declared = {"dimension_payload_keys": list(dimensions)} if dimensions else {}
    client.v1.billing.meters.create(meter | declared)
    return [client.v1.customers.create({"name": f"C{n}"}).id for n in range(customers)]


def records(count: int, customers: list[str], within_seconds: int = 60) -> list[Record]:
    """Meter events as they happen, each with a random UUID for its identifier."""
    now = to_epoch(system_now())
    chance = random.Random(7)
    return [
        {
            "event_name": EVENT_NAME,
            "identifier": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "timestamp": now - chance.randrange(within_seconds),
            "payload": {
                "stripe_customer_id": chance.choice(customers),
                "value": str(chance.randrange(1, 10_000)),
                "model": "large",
            },
        }
        for _ in range(count)
    ]


def bulk_posts(events: list[Record], key: str, size: int) -> list[Post]:
    """Requests to the bulk door with so many lines each."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    lines = [json.dumps(record, separators=(",", ":")) for record in events]
    return [
        (BULK, "\n".join(lines[n : n + size]).encode(), headers) for n in range(0, len(lines), size)
    ]


def stream_posts(events: list[Record], token: str, size: int) -> list[Post]:
    """Requests to the meter event stream with so many events each."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    dated = [event | {"timestamp": _rfc3339(event["timestamp"])} for event in events]
    return [
        (STREAM, json.dumps({"events": dated[n : n + size]}).encode(), headers)
        for n in range(0, len(dated), size)
    ]


def send(served: Served, posts: list[Post], clients: int) -> float:
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


def _rfc3339(epoch: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def _send(base_url: str, posts: list[Post], ready: Callable[[], object]) -> None:
    connection = http.client.HTTPConnection(urlsplit(base_url).netloc, timeout=60)
    connection.connect()
    ready()
    for path, body, headers in posts:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answered = json.loads(response.read())
        assert response.status == 200, answered
        if path == BULK and "Content-Encoding" not in headers:
            assert answered["accepted"] == body.count(b"\n") + 1, answered
