"""Single meter events over HTTP, each durable when answered, against the route alone.

Run with `PYTHONPATH=src python -m benchmarks.single_events`. It starts `tallybook serve` with an
embedded PostgreSQL of its own, and a client process with 64 connections that sends the requests
of the official SDK, each with an idempotency key. The limit, measured in the same run, is the same
parsed route without a database (`parsed_route.py`) with as many workers.
"""

import argparse
import json
import os
import platform
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stripe import StripeClient

from api.serve.supervisor import listen
from benchmarks.announcement import announced


def main() -> None:
    """Measure both, in turns, and print the best of each with their ratio."""
    options = _options()
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; ", end="")
    print(f"Python {platform.python_version()}; workers {options.workers}, ", end="")
    print(f"connections {options.connections}, events {options.events}")
    ours: list[dict[str, Any]] = []
    limits: list[dict[str, Any]] = []
    with _served(options.workers) as (url, key):
        name, customer = _metered(url, key)
        target = {"api_key": key, "event_name": name, "customer": customer}
        for _ in range(options.rounds):
            ours.append(_sent(options, {"port": int(url.rpartition(":")[2]), **target}))
            _show("tallybook", ours[-1])
            with _parsed_route(options.workers) as port:
                limits.append(_sent(options, {"port": port, **target}))
            _show("route alone", limits[-1])
    best, limit = (max(runs, key=lambda r: r["per_second"]) for runs in (ours, limits))
    ratio = best["per_second"] / limit["per_second"]
    print(
        f"single events: {best['per_second']:,.0f}/s, p50 {best['p50_ms']:.1f} ms, "
        f"p99 {best['p99_ms']:.1f} ms; route alone {limit['per_second']:,.0f}/s; ratio {ratio:.2f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.single_events")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--warm-up", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _sent(options: argparse.Namespace, target: dict[str, Any]) -> dict[str, Any]:
    counts = {name: getattr(options, name) for name in ("connections", "warm_up", "events")}
    client = subprocess.run(
        [sys.executable, "-m", "benchmarks.form_client"],
        input=json.dumps({**target, **counts}).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(client.stdout)


def _show(what: str, seen: dict[str, Any]) -> None:
    print(
        f"  {what:12} {seen['per_second']:8,.0f}/s  p50 {seen['p50_ms']:6.1f} ms  "
        f"p99 {seen['p99_ms']:6.1f} ms  max {seen['max_ms']:6.1f} ms  {seen['statuses']}"
    )


@contextmanager
def _served(workers: int) -> Iterator[tuple[str, str]]:
    """The address and a test key of a `tallybook serve` with a database of its own."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-benchmark-"))
    folder.chmod(0o755)  # as root, PostgreSQL is run by another user
    key = f"sk_test_{secrets.token_hex(16)}"
    words = ["serve", "--port", "0", "--workers", str(workers), "--data-dir", str(folder / "data")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.main", *words],
            env={**os.environ, "TALLYBOOK_API_KEY": key},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield announced(process, folder / "log"), key
        finally:
            process.terminate()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _parsed_route(workers: int) -> Iterator[int]:
    """The port on which the route alone is served."""
    with listen("127.0.0.1", 0) as listener:
        words = [sys.executable, "-m", "benchmarks.parsed_route", str(listener.fileno())]
        processes = [subprocess.Popen(words, pass_fds=(listener.fileno(),)) for _ in range(workers)]
        time.sleep(2)
        try:
            yield listener.getsockname()[1]
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()


def _metered(url: str, key: str) -> tuple[str, str]:
    """The event name of a new meter, and a new customer."""
    addresses: Any = {"api": url, "meter_events": url}
    client = StripeClient(key, base_addresses=addresses, max_network_retries=5)
    name = f"tokens_{uuid.uuid4().hex}"
    client.v1.billing.meters.create(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    return name, client.v1.customers.create().id


if __name__ == "__main__":
    main()
