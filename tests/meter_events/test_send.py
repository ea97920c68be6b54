"""`tallybook usage send`: a file to the bulk door, once, whatever is interrupted."""

import gzip
import json
from pathlib import Path

import pytest

from api.meter_events.bulk_framing import BrokenBody
from api.meter_events.sending import SendingFailed, UsageSending, parts_of
from api.meter_events.usage_files import format_of_file
from tests.meter_events.usage_shop import UsageShop, ndjson
from tests.support.packing import PACKERS
from tests.support.served import Served


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def send(shop: UsageShop, file: Path, *words: str) -> tuple[int, str, str]:
    """Exit code and what was said."""
    asked = ("usage", "send", str(file), "--url", shop.served.base_url, *words)
    ended = shop.served.command(*asked, "--key", shop.served.api_key)
    return ended.returncode, ended.stdout, ended.stderr


def test_a_file_is_sent_once_however_often(shop: UsageShop, tmp_path: Path) -> None:
    file = tmp_path / "usage.ndjson.gz"
    file.write_bytes(gzip.compress(ndjson(shop.records(12_000))))
    code, told, _ = send(shop, file)
    assert (code, told.splitlines()[0]) == (
        0,
        "12000 accepted, 0 recorded before, 0 conflicts, 0 rejected",
    )
    assert send(shop, file)[1].startswith("0 accepted, 12000 recorded before")
    assert shop.total() == 12_000


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_packed_file_is_read_whatever_its_length(tmp_path: Path, ending: str) -> None:
    """A file may grow further than a request may."""
    file = tmp_path / f"usage.ndjson.{ending}"
    file.write_bytes(PACKERS[{"gz": "gzip", "zst": "zstd"}[ending]](b"{}" + b" " * 40_000_000))
    assert format_of_file(file) == "ndjson"
    [part] = parts_of(file, "ndjson")
    assert [cut.fault for cut in part.cuts] == ["A record can have at most 262144 bytes."]


def test_a_json_array_and_csv_are_sent_too(shop: UsageShop, tmp_path: Path) -> None:
    array = tmp_path / "usage.json"
    array.write_text(json.dumps(shop.records(3), indent=2))
    assert send(shop, array)[0] == 0
    table = tmp_path / "usage.csv"
    rows = [
        f'{shop.event_name},{r["identifier"]},{r["timestamp"]},{shop.customer},2,"a\nb"'
        for r in shop.records(2)
    ]
    header = "event_name,identifier,timestamp,stripe_customer_id,value,note"
    table.write_text("\n".join([header, *rows]))
    assert send(shop, table)[0] == 0
    assert shop.total() == 7


@pytest.mark.parametrize("kind", ["cloudevents", "cloudevents-batch"])
def test_cloud_events_are_sent_too(shop: UsageShop, tmp_path: Path, kind: str) -> None:
    events = [shop.cloud_event() for _ in range(3)]
    file = tmp_path / "usage.json.zst"
    document = events[0] if kind == "cloudevents" else events
    file.write_bytes(PACKERS["zstd"](json.dumps(document, indent=1).encode()))
    sent = 1 if kind == "cloudevents" else 3
    code, told, _ = send(shop, file, "--format", kind)
    assert code == 0
    assert told.startswith(f"{sent} accepted, 0 recorded before")
    assert send(shop, file, "--format", kind)[1].startswith(f"0 accepted, {sent} recorded before")


def test_refusals_name_the_lines_of_the_file(shop: UsageShop, tmp_path: Path) -> None:
    file = tmp_path / "usage.jsonl"
    lines = [json.dumps(record) for record in shop.records(3)]
    file.write_text("\n".join([lines[0], "", "{", lines[1], lines[2]]))
    code, told, _ = send(shop, file, "--json")
    found = json.loads(told)
    assert (code, found["accepted"], found["rejected"]) == (6, 3, 1)
    assert [error["line"] for error in found["errors"]] == [3]
    assert found["next_line"] == 6
    assert send(shop, file, "--from-line", "4")[1].startswith("0 accepted, 2 recorded before")


def test_a_server_that_is_away_is_tried_again_and_told(tmp_path: Path) -> None:
    file = tmp_path / "usage.ndjson"
    file.write_text("{}\n")
    pauses: list[float] = []
    sending = UsageSending("http://127.0.0.1:1", "sk_test_x", pause=pauses.append)
    with pytest.raises(SendingFailed, match="cannot be reached"):
        sending.run(parts_of(file, "ndjson"), lambda _: None)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert sending.summary.next_line == 1


def test_a_wrong_key_is_not_tried_again(shop: UsageShop, tmp_path: Path) -> None:
    file = tmp_path / "usage.ndjson"
    file.write_bytes(ndjson(shop.records(1)))
    pauses: list[float] = []
    sending = UsageSending(shop.served.base_url, "sk_test_wrong", pause=pauses.append)
    with pytest.raises(SendingFailed, match="Invalid API Key"):
        sending.run(parts_of(file, "ndjson"), lambda _: None)
    assert pauses == []


def test_a_file_that_breaks_off_is_sent_as_far_as_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "usage.json"
    file.write_text("[" + "{},\n" * 6_000)
    parts = parts_of(file, "json")
    assert [len(next(parts).cuts) for _ in range(2)] == [5_000, 1_000]
    with pytest.raises(BrokenBody, match="ends before"):
        next(parts)
