"""Previews of an invoice with many metered items, over HTTP, one after the other.

One customer subscribes to as many prices, each with a meter of its own, and used all of them over
the running month; half as many events again are of a hundred other customers. The limit is the
same preview of a subscription with a single item. The filled database is kept in a cache folder for
the rest of the month.
"""

import argparse
import functools
import secrets
from datetime import UTC, datetime

from api.services import Services
from benchmarks.asking import Asking, Request, p50, p99, timed
from benchmarks.billed_shop import Selling
from benchmarks.built import Fill, Scene, built
from benchmarks.filling import Filling, Shape
from benchmarks.installation import Installation, installed
from benchmarks.processor import processor_seconds, spent
from benchmarks.report import Report, at_most
from ledger.kernel.clock import to_epoch
from ledger.kernel.ids import new_id

SMALL = ["--events", "20000", "--requests", "100"]

_DAYS = 28


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--build", action="store_true", help="only fill the database")


def measure(options: argparse.Namespace, report: Report) -> None:
    """The preview with all items and the one with a single item, in turns."""
    name = f"preview-{datetime.now(UTC):%Y-%m}-{options.items}"
    data_dir, scene = built(report, name, options.events, fill(options.items))
    if options.build:
        return
    with installed(report, workers=1, data_dir=data_dir) as installation:
        asking = Asking(installation.served)
        for what in ("one item", f"{options.items} items"):
            before = processor_seconds(installation.served)
            times = timed(_preview(asking, scene[what]), options.requests, warm_up=50)
            used = spent(before, processor_seconds(installation.served))
            bar = at_most(30) if what != "one item" else None
            report.add(f"{what}, p50", p50(times), "ms")
            report.add(f"{what}, p99", p99(times), "ms", bar)
            for role in ("api", "postgres"):
                each = used[role] * 1_000 / (options.requests + 50)
                report.add(f"{what}, {role}", each, "ms of processor each")


def _preview(asking: Asking, subscription: str) -> Request:
    return lambda: asking.post("/v1/invoices/create_preview", subscription=subscription)


def fill(items: int) -> Fill:
    """Fills an installation with a customer who subscribes to so many metered prices."""
    return functools.wraps(_fill)(functools.partial(_fill, items))


def _fill(items: int, installation: Installation, events: int) -> Scene:
    start = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    services = Services(installation.app_url, pool_size=2)
    try:
        selling = Selling(services, start)
        meters = [f"mtr_test_{secrets.token_hex(12)}" for _ in range(items)]
        prices = [selling.metered_price(meter) for meter in meters]
        customer = new_id("cus")
        [many] = selling.subscribe([customer], prices)
        [one] = selling.subscribe([new_id("cus")], prices[:1])
    finally:
        services.close()
    shape = Shape(meters, customer, 100, to_epoch(start), _DAYS * 86_400, share=2 / 3)
    Filling(installation.app_url, shape).fill(events)
    return {"one item": one, f"{items} items": many}
