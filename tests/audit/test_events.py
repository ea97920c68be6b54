"""The log as it can be read: over HTTP, at the command line, and as a file."""

import json
import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import ROOT, Served

EVENTS = "/audit/v1/events"


def events(shop: HttpShop, **fields: Any) -> list[dict[str, Any]]:
    return shop.get(EVENTS, **fields)["data"]


def test_an_event_tells_who_caused_it_and_for_which_request(shop: HttpShop):
    key = f"key-{shop.event_name}"
    response = shop.http.post(
        f"/v1/customers/{shop.customer}", data={"name": "Bea"}, headers={"Idempotency-Key": key}
    )
    [changed, *_] = events(shop, stream=shop.customer)
    assert changed["type"] == "customer.details_changed.v1"
    assert changed["request_id"] == response.headers["Request-Id"]
    assert changed["idempotency_key"] == key
    assert changed["actor"].startswith("key:")
    assert changed["data"]["personal"]["name"] == "Bea"
    assert shop.get(f"{EVENTS}/{changed['position']}") == changed


def test_personal_fields_stay_sealed_where_that_is_asked_for_and_are_null_once_forgotten(
    shop: HttpShop,
):
    [created] = events(shop, stream=shop.customer, type=["customer.created"])
    one = f"{EVENTS}/{created['position']}"
    assert created["data"]["personal"]["email"] == "ada@example.com"
    sealed = shop.get(one, sealed=True)["data"]["personal"]
    assert list(sealed) == ["sealed"]
    shop.http.post(f"/audit/v1/customers/{shop.customer}/forget", json={"reason": "Request 3"})
    by_type = events(shop, stream=shop.customer, type=["customer.*"])
    assert [one["type"] for one in by_type][:2] == ["customer.forgotten.v1", "customer.deleted.v1"]
    assert shop.get(one, sealed=True)["data"]["personal"] == sealed


def test_pages_follow_each_other_both_ways(shop: HttpShop):
    shop.subscribe(shop.seat, shop.tokens)
    everything = events(shop, limit=40)
    first = shop.get(EVENTS, limit=3)
    assert first["has_more"]
    assert first["data"] == everything[:3]
    second = events(shop, limit=3, starting_after=first["data"][-1]["position"])
    assert second == everything[3:6]
    assert events(shop, limit=3, ending_before=second[0]["position"]) == first["data"]
    edge = everything[2]["position"]
    assert events(shop, limit=40, after=edge) == everything[:2]
    assert events(shop, limit=2, through=edge) == everything[2:4]


def test_types_actors_and_times_narrow_the_list(shop: HttpShop):
    shop.subscribe(shop.seat)
    shop.advance(FEBRUARY + 2 * HOUR)
    [finalized, *_] = events(shop, type=["invoice.finalized"], actor="system:scheduler")
    assert finalized["type"] == "invoice.finalized.v2"
    assert finalized["actor"] == "system:scheduler"
    at = finalized["recorded_at"]
    assert finalized in events(shop, type=["invoice.*"], since=at, limit=100)
    assert finalized not in events(shop, type=["invoice.*"], until=at, limit=100)
    kinds = {one["type"].partition(".")[0] for one in events(shop, type=["sub*", "in*"], limit=50)}
    assert {"invoice", "subscription"} <= kinds
    assert all(kind.startswith(("sub", "in")) for kind in kinds)


def test_a_batch_of_usage_says_how_many_and_shows_them_by_itself(shop: HttpShop):
    shop.use(7, identifier=f"one-{shop.event_name}")
    [usage, *_] = events(shop, type=["usage.recorded"])
    assert usage["data"] == {"meter_events": 1}
    [record] = shop.get(f"{EVENTS}/{usage['position']}")["data"]["records"]
    assert (record["identifier"], record["value"]) == (f"one-{shop.event_name}", "7")
    assert record["customer"] == shop.customer


@pytest.mark.parametrize("position", ["0", "999999999", "-1", "x", "1" * 30])
def test_there_is_nothing_at_a_position_that_is_none(shop: HttpShop, position: str):
    assert shop.refused("GET", f"{EVENTS}/{position}").status == 404


def test_bad_filters_are_named(shop: HttpShop):
    assert shop.refused("GET", EVENTS, type=["invoices.*"]).param == "type"
    assert shop.refused("GET", EVENTS, starting_after="in_1").param == "starting_after"
    assert shop.refused("GET", EVENTS, since="yesterday").param == "since"
    assert shop.refused("GET", EVENTS, after=-1).param == "after"


def test_the_command_line_lists_shows_and_exports(shop: HttpShop, served: Served, tmp_path: Path):
    listed = served.command("events", "list", "--stream", shop.customer, "--json")
    [created] = [json.loads(line) for line in listed.stdout.splitlines()]
    assert created == events(shop, stream=shop.customer)[0]
    shown = served.command("events", "show", str(created["position"]))
    assert "customer.created.v1" in shown.stdout
    assert "ada@example.com" in shown.stdout
    missing = served.command("events", "show", "999999999")
    assert (missing.returncode, missing.stderr) == (4, "No such ledger event: '999999999'\n")
    unknown = served.command("events", "list", "--type", "invoices.*")
    assert (unknown.returncode, "invoices.*" in unknown.stderr) == (6, True)
    file = tmp_path / "events.jsonl"
    done = served.command("events", "export", "-o", str(file), "--stream", shop.customer)
    assert done.returncode == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == [created]
    assert done.stderr.splitlines()[-1].startswith("1 events, through position ")


def test_a_log_goes_into_a_parquet_file(shop: HttpShop, served: Served, tmp_path: Path):
    parquet: Any = import_module("pyarrow.parquet")
    file = tmp_path / "events.parquet"
    done = served.command("events", "export", "-o", str(file), "--stream", shop.customer)
    assert done.returncode == 0, done.stderr
    [row] = parquet.read_table(file).to_pylist()
    assert row["type"] == "customer.created.v1"
    assert json.loads(row["data"])["personal"]["email"] == "ada@example.com"
    assert row["recorded_at"].tzinfo is not None


def test_without_its_extra_parquet_is_refused_and_leaves_no_file(served: Served, tmp_path: Path):
    hidden = tmp_path / "pyarrow.py"
    hidden.write_text("raise ImportError\n")
    environment = dict(served.environment)
    environment["PYTHONPATH"] = f"{tmp_path}:{environment['PYTHONPATH']}"
    file = tmp_path / "out.parquet"
    done = subprocess.run(
        [sys.executable, "-m", "api.main", "events", "export", "-o", str(file)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 6
    assert "tallybook[parquet]" in done.stderr
    assert not [one for one in tmp_path.iterdir() if "out" in one.name]


def test_what_nobody_reads_any_more_ends_quietly(shop: HttpShop, served: Served):
    for n in range(8):
        long = {f"key{k}": f"{n}" * 500 for k in range(50)}
        shop.post(f"/v1/customers/{shop.customer}", metadata=long)
    words = f"{sys.executable} -m api.main events export | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", words],
        env=dict(served.environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert json.loads(done.stdout)["position"] == 1
    assert (done.returncode, done.stderr) == (0, "")


def test_new_events_are_followed_until_an_interruption(shop: HttpShop, served: Served):
    words = ["events", "tail", "-f", "-n", "0", "--json", "--type", "customer.*"]
    # What is started while it is ignored ignores it too, as the tests may do.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        following = subprocess.Popen(
            [sys.executable, "-m", "api.main", *words],
            env=dict(served.environment),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert following.stdout is not None
    seen: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    try:
        shop.post(f"/v1/customers/{shop.customer}", name="first")
        while not seen and time.monotonic() < deadline:
            shop.post(f"/v1/customers/{shop.customer}", name=f"n{time.monotonic()}")
            seen += [json.loads(line) for line in _ready(following)]
    finally:
        following.send_signal(signal.SIGINT)
        rest, errors = following.communicate(timeout=30)
    assert seen or rest
    assert all(one["type"] == "customer.details_changed.v1" for one in seen)
    assert following.returncode == 130, errors


def _ready(process: "subprocess.Popen[str]") -> list[str]:
    """What a process has printed by now, waiting for it a little."""
    import select

    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], 0.5)
    return [process.stdout.readline()] if readable else []
