"""Bytes of storage for each usage event: log, keys and rollups, and what has an expiry apart.

Dense usage comes live from a thousand customers within a minute, sparse usage from so many
customers over a month that nearly each event has a minute of its own; the dimension that one meter
declares has two values. Identifiers are random UUIDs, a batch has 1,000 records, and tables stand
as the writes left them, indexes and all. Idempotency rows are those of single events, as the SDK
sends them. The limit is 24 bytes: a UUID and a value.
"""

import argparse
import secrets
import time

from benchmarks.asking import Asking
from benchmarks.filling import Filling, Shape
from benchmarks.installation import Installation, installed
from benchmarks.report import Report, at_most
from benchmarks.storage_of import KEPT, storage_of
from benchmarks.usage import EVENT_NAME, shop

SMALL = ["--events", "20000", "--single", "200"]
_MONTH = 31 * 86_400
_BARE = 24


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--single", type=int, default=2_000, help="single events over HTTP")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Each kind of usage in a database of its own."""
    begins = int(time.time()) // 86_400 * 86_400 - _MONTH
    for name, others, seconds, dimensions in (
        ("dense", 999, 60, ()),
        ("dense, a dimension declared", 999, 60, ("model",)),
        ("sparse", options.events // 50, _MONTH, ()),
    ):
        with installed(report, workers=1) as installation:
            [customer] = shop(installation.served, customers=1, dimensions=dimensions)
            meter = Asking(installation.served).get("/v1/billing/meters")["data"][0]["id"]
            shape = Shape(
                [meter],
                customer,
                others,
                begins,
                seconds,
                share=1 / (others + 1),
                batch=1_000,
                time_ordered=False,
            )
            _measure_usage(installation, shape, name, options.events, report)
            if name == "dense":
                _measure_single(installation, customer, options.single, report)


def _measure_usage(
    installation: Installation, shape: Shape, name: str, events: int, report: Report
) -> None:
    before = storage_of(installation.app_url)
    Filling(installation.app_url, shape).fill(events)
    installation.wait_for_projector()
    after = storage_of(installation.app_url)
    each = {part: (after[part] - before[part]) / events for part in after}
    kept = sum(each[part] for part in KEPT)
    for part in KEPT:
        report.add(f"{name}, {part}", each[part], "bytes an event")
    report.add(f"{name}, all that is kept", kept, "bytes an event", at_most(200))
    report.add(f"{name}, of 24 bare bytes", kept / _BARE, "times")
    report.add(f"{name}, single events, apart", each["single events"], "bytes an event")


def _measure_single(installation: Installation, customer: str, events: int, report: Report) -> None:
    before = storage_of(installation.app_url)
    client = installation.served.client()
    payload = {"stripe_customer_id": customer, "value": "25", "model": "large"}
    for _ in range(events):
        client.v1.billing.meter_events.create(
            {"event_name": EVENT_NAME, "payload": payload},
            {"idempotency_key": secrets.token_hex(16)},
        )
    after = storage_of(installation.app_url)
    for part in ("log", "idempotency rows"):
        each = (after[part] - before[part]) / events
        report.add(f"single POST, {part}", each, "bytes an event")
