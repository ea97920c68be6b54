"""What is read event by event: unique counts, and keys that the meter does not declare.

One customer has half a million events of a meter that counts distinct values, and as many of one
that sums; a month of each is asked for over HTTP. What rollups do not hold costs the number of
events in the stretch, so the figures are for a million events of it. The limit is one SQL sum over
the rows of the same events.
"""

import argparse
import time
from uuid import UUID

import psycopg

from benchmarks.asking import Asking, Request, p50, timed
from benchmarks.built import Scene, built
from benchmarks.filling import Filling, Shape
from benchmarks.installation import Installation, installed
from benchmarks.report import Report
from projections.meter_events.rows import METER_EVENTS, series_of
from tests.support.served import TEST_LEDGER

SMALL = ["--events", "40000", "--requests", "3"]
_START = 1_767_225_600  # 1 January 2026
_MONTH = 31 * 86_400
_MILLION = 1_000_000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=1_000_000, help="of both meters")
    parser.add_argument("--requests", type=int, default=5)
    parser.add_argument("--build", action="store_true", help="only fill the database")


def measure(options: argparse.Namespace, report: Report) -> None:
    """The median of each question, and of the sum in SQL."""
    data_dir, scene = built(report, "single-reads", options.events, fill)
    if options.build:
        return
    read = options.events // 2
    with installed(report, workers=1, data_dir=data_dir) as installation:
        series = series_of(scene["sum"], scene["customer"])
        limit = _sum_in_sql(installation.app_url, series, options.requests)
        report.add("sum in SQL over the rows", limit * _MILLION / read, "ms a million events")
        asking = Asking(installation.served)
        for what, request in _requests(asking, scene).items():
            taken = p50(timed(request, options.requests, warm_up=1))
            report.add(what, taken * _MILLION / read, "ms a million events")
            report.add(f"{what}, of the sum in SQL", taken / limit, "times")
            report.points.append({"what": what, "events": read, "ms": taken})


def _requests(asking: Asking, scene: Scene) -> dict[str, Request]:
    month = {
        "customer": scene["customer"],
        "start_time": _START,
        "end_time": _START + _MONTH,
    }
    unique, total = (f"/v1/billing/meters/{scene[m]}/event_summaries" for m in ("unique", "sum"))
    large = {"dimension_filters[model]": "large"}
    by_model = {"dimension_group_by_keys[0]": "model"}
    return {
        "unique count": lambda: asking.get(unique, **month),
        "filtered by an undeclared key": lambda: asking.get(total, **month, **large),
        "grouped by an undeclared key": lambda: asking.get(total, **month, **by_model),
    }


def _sum_in_sql(database_url: str, series: UUID, times: int) -> float:
    """Milliseconds."""
    seen: list[float] = []
    with psycopg.connect(database_url) as connection:
        for _ in range(times + 1):
            begun = time.perf_counter()
            connection.execute(
                f"SELECT sum(value), count(*) FROM {METER_EVENTS.relation()} "
                "WHERE ledger_id = %s AND series = %s",
                (TEST_LEDGER, series),
            ).fetchall()
            seen.append((time.perf_counter() - begun) * 1_000)
    return p50(seen[1:])


def fill(installation: Installation, events: int) -> Scene:
    """Two meters of one customer, whose events take turns."""
    asking = Asking(installation.served)
    customer = asking.post("/v1/customers")["id"]
    meters = {
        name: asking.post(
            "/v1/billing/meters",
            **{"display_name": name, "event_name": name, "default_aggregation[formula]": formula},
        )["id"]
        for name, formula in (("unique", "unique_count"), ("sum", "sum"))
    }
    shape = Shape(
        list(meters.values()),
        customer,
        others=0,
        start=_START,
        seconds=_MONTH,
        counted_texts=frozenset({meters["unique"]}),
    )
    Filling(installation.app_url, shape).fill(events)
    return {"customer": customer, **meters}
