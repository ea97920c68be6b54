"""`tallybook usage import` as a person runs it."""

import json
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.meter_events.bulk_formats import FORMATS, FormatName
from ledger.kernel.clock import system_now, to_epoch
from tests.meter_events.usage_shop import UsageShop, counts, csv_body, ndjson
from tests.support.packing import PACKERS
from tests.support.served import ROOT, Served

EVENTS = 30_000


BODIES: dict[str, Callable[[UsageShop], bytes]] = {
    "ndjson": lambda shop: ndjson(shop.records(3)),
    "json": lambda shop: json.dumps(shop.records(3), indent=1).encode(),
    "csv": lambda shop: csv_body(shop, 3),
    "cloudevents": lambda shop: json.dumps(shop.cloud_event()).encode(),
    "cloudevents-batch": lambda shop: json.dumps([shop.cloud_event() for _ in range(3)]).encode(),
}


class Target:
    """A meter and a customer on the served ledger, with a file of usage for them."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self.client = served.client()
        name = f"tokens_{uuid.uuid4().hex}"
        self.meter = self.client.v1.billing.meters.create(
            {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
        )
        self.customer = self.client.v1.customers.create().id
        self.file = folder / f"{name}.csv"

    def write(self, events: int, seconds_ago: int = 60) -> None:
        timestamp = to_epoch(system_now()) - seconds_ago
        rows = (f"{timestamp},1\n" for _ in range(events))
        self.file.write_text("timestamp,value\n" + "".join(rows))

    def words(self, *options: str) -> list[str]:
        return [
            *("usage", "import", str(self.file), "--event-name", self.meter.event_name),
            *("--customer", self.customer, *options),
        ]

    def run(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return self.served.command(*self.words(*options))

    def start(self) -> "subprocess.Popen[bytes]":
        """Where the tests run in the background, a shell has them ignore an interrupt; the import
        is not to inherit that."""
        before = signal.signal(signal.SIGINT, signal.SIG_DFL)
        try:
            return subprocess.Popen(
                [sys.executable, "-m", "api.main", *self.words()],
                env=dict(self.served.environment),
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        finally:
            signal.signal(signal.SIGINT, before)

    def total(self) -> Any:
        now = to_epoch(system_now()) // 60 * 60
        found = self.client.v1.billing.meters.event_summaries.list(
            self.meter.id,
            {"customer": self.customer, "start_time": now - 3_600, "end_time": now + 60},
        )
        return found.data[0].aggregated_value if found.data else 0


@pytest.fixture
def target(served: Served, tmp_path: Path) -> Target:
    return Target(served, tmp_path)


def test_an_import_says_what_became_of_each_event(target: Target) -> None:
    target.write(3)
    done = target.run("--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "source": target.file.name,
        "lines": 4,
        "accepted": 3,
        "duplicate": 0,
        "conflict": 0,
        "rejected": 0,
        "refusals": [],
        "stopped": None,
    }
    assert target.total() == 3
    again = target.run()
    assert again.returncode == 0
    assert "0 events accepted, 3 recorded before" in again.stdout


@pytest.mark.parametrize(
    ("kind", "encoding"),
    [
        ("ndjson", None),
        ("json", "gzip"),
        ("csv", "zstd"),
        ("cloudevents", "zstd"),
        ("cloudevents-batch", None),
    ],
)
def test_a_file_in_the_formats_of_the_bulk_door_is_imported_too(
    target: Target, tmp_path: Path, kind: FormatName, encoding: str | None
) -> None:
    shop = UsageShop(
        target.served,
        target.meter.id,
        target.meter.event_name,
        target.customer,
        to_epoch(system_now()),
    )
    body = BODIES[kind](shop)
    file = tmp_path / "usage"
    file.write_bytes(body if encoding is None else PACKERS[encoding](body))
    events = 1 if kind == "cloudevents" else 3
    words = ("usage", "import", str(file), "--format", kind, "--json")
    first, again = (json.loads(target.served.command(*words).stdout) for _ in range(2))
    assert (first["accepted"], first["rejected"]) == (events, 0)
    assert (again["accepted"], again["duplicate"]) == (0, events)
    assert counts(shop.send(body, FORMATS[kind].content_type)) == (0, events, 0, 0)


def test_what_an_import_refuses_can_be_asked_about(target: Target) -> None:
    target.write(1)
    with target.file.open("a") as file:
        file.write(f"{to_epoch(system_now())},much\n")
    refused = target.run("--json")
    assert refused.returncode == 6
    [refusal] = json.loads(refused.stdout)["refusals"]
    assert (refusal["line"], refusal["code"]) == (3, "meter_event_invalid_value")
    with target.served.http() as http:
        found = http.get(f"/audit/v1/usage/{refusal['identifier']}").json()
    assert [(one["door"], one["line"]) for one in found["rejections"]] == [("import", 3)]


def test_usage_outside_the_window_is_refused_without_a_reason(target: Target) -> None:
    target.write(2, seconds_ago=40 * 86_400)
    refused = target.run()
    assert refused.returncode == 6
    assert "2 rejected" in refused.stdout
    assert "line 2: Invalid timestamp" in refused.stdout
    assert target.run("--backfill", "moved from the old biller").returncode == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--customer-column", "who"], "either --customer or --customer-column"),
        (["--delimiter", "ab"], "The delimiter is one ASCII character"),
        (["--format", "cloudevents"], "leave out --event-name"),
        (["--backfill", " "], "1 to 500 characters"),
    ],
)
def test_wrong_words_are_explained(target: Target, options: list[str], said: str) -> None:
    target.write(1)
    done = target.run(*options)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_unknown_event_name_is_refused_before_anything_is_read(target: Target) -> None:
    target.write(1)
    words = target.words()
    words[words.index("--event-name") + 1] = "nothing"
    done = target.served.command(*words)
    assert done.returncode == 6
    assert "No active meter found with this event name" in done.stderr


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_import_that_is_ended_goes_on_where_it_was(target: Target, end: signal.Signals) -> None:
    target.write(EVENTS)
    head = target.served.head()
    process = target.start()
    while target.served.head() < head + 3 and process.poll() is None:
        time.sleep(0.005)
    process.send_signal(end)
    assert process.wait(30) == (-signal.SIGKILL if end is signal.SIGKILL else 130)
    assert 0 < target.total() < EVENTS
    done = target.run("--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["accepted"] > 0
    assert found["duplicate"] > 0
    assert found["accepted"] + found["duplicate"] == EVENTS
    assert target.total() == EVENTS
