"""A meter event is reported and the meter's summary read at once: how long, and never stale.

One client after another request: POST /v1/billing/meter_events, then the hour's event_summaries,
whose value must include the event just answered. The limit is what the same two requests take by
themselves: the POST, and a summary asked for once more, when there is nothing to wait for.
"""

import argparse
import time

from benchmarks.asking import Asking, milliseconds, p50, p99
from benchmarks.installation import installed
from benchmarks.report import Report, at_most
from benchmarks.usage import EVENT_NAME, shop

SMALL = ["--times", "100"]
_HOUR = 3_600
_WARM_UP = 50


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=2_000)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Each pair of requests, and the summary once more."""
    with installed(report) as installation:
        [customer] = shop(installation.served, customers=1)
        asking = Asking(installation.served)
        meter = asking.get("/v1/billing/meters")["data"][0]["id"]
        hour = int(time.time()) // _HOUR * _HOUR
        window = {"customer": customer, "start_time": hour - _HOUR, "end_time": hour + 2 * _HOUR}
        event = {"payload[stripe_customer_id]": customer, "payload[value]": "3"}
        written: list[float] = []
        read: list[float] = []
        again: list[float] = []

        def reported() -> None:
            asking.post("/v1/billing/meter_events", event_name=EVENT_NAME, **event)

        def summed() -> None:
            said = asking.get(f"/v1/billing/meters/{meter}/event_summaries", **window)
            assert said["data"][0]["aggregated_value"] == 3 * (len(written)), said

        for _ in range(_WARM_UP + options.times):
            written.append(milliseconds(reported))
            read.append(milliseconds(summed))
            again.append(milliseconds(summed))
        _tell(report, written[_WARM_UP:], read[_WARM_UP:], again[_WARM_UP:])


def _tell(report: Report, written: list[float], read: list[float], again: list[float]) -> None:
    both = [sum(pair) for pair in zip(written, read, strict=True)]
    limit = [sum(pair) for pair in zip(written, again, strict=True)]
    report.add("POST and its summary, p50", p50(both), "ms")
    report.add("POST and its summary, p99", p99(both), "ms", at_most(50))
    report.add("POST alone, p50", p50(written), "ms")
    report.add("summary that waits for nothing, p50", p50(again), "ms")
    report.add("both requests by themselves, p99", p99(limit), "ms")
    report.add("p50, of the two requests by themselves", p50(both) / p50(limit), "times")
    report.add("p99, of the two requests by themselves", p99(both) / p99(limit), "times")
    report.add("stale answers", 0, f"of {len(both):,}")
