"""Summaries and previews over small and large ledgers: their cost must not grow with history.

Half of all meter events are of one customer, which is the one asked about, the others of a
thousand; all of them lie in one month. The month's summary and the preview of its invoice are asked
for over HTTP, one after the other, in a ledger of each size. The limit is the smallest ledger.
Usage is written in batches of 5,000, each record with its key, and the filled databases are kept in
a cache folder for the next run.
"""

import argparse
from typing import Any

from benchmarks.asking import Asking, Request, p50, p99, timed
from benchmarks.built import Scene, built
from benchmarks.filling import Filling, Shape
from benchmarks.installation import Installation, installed
from benchmarks.report import Report, at_most
from benchmarks.storage_of import storage_of

SMALL = ["--sizes", "10000,50000", "--requests", "200"]

PERIOD_START = 1_767_262_643  # 1 January 2026, 10:17:23: the period begins within a minute
MONTH = 31 * 86_400
_END = PERIOD_START + MONTH - 23  # aligned to a minute, as the start is
_OTHERS = 999


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", default="100000,1000000,10000000", help="events of each ledger")
    parser.add_argument("--requests", type=int, default=1_000)
    parser.add_argument("--build", action="store_true", help="only fill the databases")


def measure(options: argparse.Namespace, report: Report) -> None:
    """Both questions at each size, and the ratio of the largest to the smallest."""
    sizes = sorted(int(size) for size in options.sizes.split(","))
    seen: dict[int, dict[str, list[float]]] = {}
    for events in sizes:
        data_dir, scene = built(report, "reads", events, fill)
        if options.build:
            continue
        with installed(report, workers=1, data_dir=data_dir) as installation:
            asking = Asking(installation.served)
            seen[events] = {
                what: timed(request, options.requests, warm_up=50)
                for what, request in _requests(asking, scene).items()
            }
            point = {
                "events": events,
                "storage": storage_of(installation.app_url),
                "p50_ms": {what: p50(times) for what, times in seen[events].items()},
                "p99_ms": {what: p99(times) for what, times in seen[events].items()},
            }
        report.points.append(point)
        _tell(report, events, point, largest=events == sizes[-1])
    for what, times in seen.get(sizes[-1], {}).items():
        ratio = p99(times) / p99(seen[sizes[0]][what])
        name = f"{what}, p99, {sizes[-1]:,} to {sizes[0]:,} events"
        report.add(name, ratio, "", at_most(1.5))


def _tell(report: Report, events: int, point: dict[str, Any], *, largest: bool) -> None:
    for what in point["p50_ms"]:
        report.add(f"{what}, p50, {events:,} events", point["p50_ms"][what], "ms")
        bar = at_most(15) if largest else None
        report.add(f"{what}, p99, {events:,} events", point["p99_ms"][what], "ms", bar)


def _requests(asking: Asking, scene: Scene) -> dict[str, Request]:
    summaries = f"/v1/billing/meters/{scene['meter']}/event_summaries"
    month = {"customer": scene["customer"], "start_time": PERIOD_START + 37, "end_time": _END}
    return {
        "event_summaries": lambda: asking.get(summaries, **month),
        "create_preview": lambda: asking.post(
            "/v1/invoices/create_preview", subscription=scene["subscription"]
        ),
    }


def fill(installation: Installation, events: int) -> Scene:
    """A meter, a customer and its subscription, which began at PERIOD_START on a test clock."""
    asking = Asking(installation.served)
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
    items = {"items[0][price]": price}
    subscription = asking.post("/v1/subscriptions", customer=customer, **items)["id"]
    shape = Shape([meter], customer, others=_OTHERS, start=PERIOD_START, seconds=MONTH)
    Filling(installation.app_url, shape).fill(events)
    return {"meter": meter, "customer": customer, "subscription": subscription}
