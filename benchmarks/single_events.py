"""Single meter events over HTTP, each durable when answered, against the route alone.

A client process keeps 64 connections busy with the requests of the official SDK, each with an
idempotency key. The limit is the same parsed route without a database (`parsed_route.py`) with as
many workers; both are measured in turns, and the best of each counts.
"""

import argparse
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from api.serve.supervisor import listen
from benchmarks.installation import installed
from benchmarks.report import Report, at_least, at_most
from benchmarks.usage import EVENT_NAME, shop

SMALL = ["--events", "3000", "--warm-up", "500", "--rounds", "1"]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--warm-up", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)


def measure(options: argparse.Namespace, report: Report) -> None:
    """Both, in turns, and the best of each with their ratio."""
    ours: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    with installed(report, workers=options.workers) as installation:
        served = installation.served
        [customer] = shop(served, customers=1)
        target = {"api_key": served.api_key, "event_name": EVENT_NAME, "customer": customer}
        for _ in range(options.rounds):
            port = int(served.base_url.rpartition(":")[2])
            ours.append(_sent(options, {"port": port, **target}))
            report.note(_line("tallybook", ours[-1]))
            with _parsed_route(options.workers) as port:
                limits.append(_sent(options, {"port": port, **target}))
            report.note(_line("route alone", limits[-1]))
    best, limit = (max(runs, key=lambda run: run["per_second"]) for runs in (ours, limits))
    ratio = best["per_second"] / limit["per_second"]
    report.add("route alone, without a database", limit["per_second"], "events/s")
    report.add("single form POST", best["per_second"], "events/s", at_least(3_000))
    report.add("single form POST, of the route alone", ratio, "", at_least(0.35))
    report.add("single form POST, p50", best["p50_ms"], "ms")
    report.add("single form POST, p99", best["p99_ms"], "ms", at_most(50))


def _sent(options: argparse.Namespace, target: dict[str, Any]) -> dict[str, Any]:
    counts = {name: getattr(options, name) for name in ("connections", "warm_up", "events")}
    client = subprocess.run(
        [sys.executable, "-m", "benchmarks.form_client"],
        input=json.dumps({**target, **counts}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    seen = json.loads(client.stdout)
    assert set(seen["statuses"]) == {"200"}, seen["statuses"]
    return seen


def _line(what: str, seen: dict[str, Any]) -> str:
    return (
        f"{what:12} {seen['per_second']:8,.0f}/s  p50 {seen['p50_ms']:6.1f} ms  "
        f"p99 {seen['p99_ms']:6.1f} ms  most {seen['max_ms']:6.1f} ms"
    )


@contextmanager
def _parsed_route(workers: int) -> Iterator[int]:
    """The port on which the route alone is served."""
    with listen("127.0.0.1", 0) as listener:
        words = [sys.executable, "-m", "benchmarks.parsed_route", str(listener.fileno())]
        processes = [subprocess.Popen(words, pass_fds=(listener.fileno(),)) for _ in range(workers)]
        port = listener.getsockname()[1]
        try:
            _wait_until_answered(f"http://127.0.0.1:{port}/")
            yield port
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def _wait_until_answered(url: str) -> None:
    with suppress(urllib.error.HTTPError):  # any answer will do
        urllib.request.urlopen(url, timeout=30)  # noqa: S310
    time.sleep(1)  # the other workers
