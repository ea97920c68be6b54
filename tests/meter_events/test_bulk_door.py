"""The bulk door: every format, every kind of bad input, and how much memory it takes."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.meter_events.usage_shop import UsageShop, counts, csv_body, ndjson
from tests.support.packing import PACKERS
from tests.support.served import Served


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


def test_lines_are_recorded_once_however_often_they_are_sent(shop: UsageShop) -> None:
    body = ndjson(shop.records(2_500))
    first, again = shop.send(body), shop.send(body)
    assert (first.status_code, counts(first)) == (200, (2_500, 0, 0, 0))
    assert first.json()["errors"] == []
    assert counts(again) == (0, 2_500, 0, 0)
    assert shop.total() == 2_500


@pytest.mark.parametrize("kind", ["application/json", "text/csv", "application/cloudevents"])
def test_every_format_is_recorded(shop: UsageShop, kind: str) -> None:
    body: bytes
    match kind:
        case "application/json":
            body = json.dumps(shop.records(30), indent=1).encode()
        case "text/csv":
            body = csv_body(shop, 30)
        case _:
            events = [shop.cloud_event() for _ in range(30)]
            kind, body = f"{kind}-batch+json", json.dumps(events).encode()
    assert counts(shop.send(body, kind)) == (30, 0, 0, 0)
    for encoding, pack in PACKERS.items():
        sent = shop.send(pack(body), kind, Content_Encoding=encoding)
        assert counts(sent) == (0, 30, 0, 0)
    assert shop.total() == 30


def test_one_cloud_event_is_a_body_too(shop: UsageShop) -> None:
    event = shop.cloud_event()
    sent = shop.send(json.dumps(event).encode(), "application/cloudevents+json")
    assert counts(sent) == (1, 0, 0, 0)
    wrong = shop.send(
        json.dumps(event | {"specversion": "0.3"}).encode(), "application/cloudevents+json"
    )
    assert counts(wrong) == (0, 0, 0, 1)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_packed_file_is_told_by_its_first_bytes(shop: UsageShop, encoding: str) -> None:
    parts = [PACKERS[encoding](ndjson(shop.records(5))) for _ in range(2)]
    assert counts(shop.send(b"".join(parts))) == (10, 0, 0, 0)


def test_numbers_are_exact(shop: UsageShop) -> None:
    line = json.dumps(shop.record("VALUE")).replace('"VALUE"', "%s")
    values = ["0.1", "12345678.1234567", "2e-3", "7", "-1.50"]
    lines = [json.dumps(shop.record("V")).replace('"V"', value) for value in values]
    assert counts(shop.send("\n".join(lines))) == (5, 0, 0, 0)
    assert Decimal(str(shop.total())) == sum(map(Decimal, values))
    refused = shop.send(line % ("9" * 100_000) + "\n" + line % "1e400")
    assert counts(refused) == (0, 0, 0, 2)


def test_a_bad_record_is_refused_alone_with_its_line_and_reason(shop: UsageShop) -> None:
    past = shop.record(timestamp=shop.now - 40 * 86_400)
    taken = shop.record()
    lines = [
        json.dumps(shop.record()),
        "{not json",
        json.dumps(shop.record(event_name="nothing")),
        json.dumps(shop.record(payload={"value": "1"})),
        json.dumps(shop.record(payload={"stripe_customer_id": "cus_nobody", "value": "1"})),
        json.dumps(shop.record("one")),
        json.dumps(shop.record("1234567890123456")),
        json.dumps(past),
        json.dumps(shop.record(timestamp="2200-01-01T00:00:00Z")),
        json.dumps(shop.record(identifer="misspelt")),
        json.dumps(taken),
        json.dumps(taken | {"timestamp": shop.now - 61}),
        json.dumps({k: v for k, v in shop.record().items() if k != "identifier"}),
        json.dumps(shop.record(payload={"stripe_customer_id": shop.customer, "value": [1]})),
        json.dumps(shop.record(identifier="nul\0")),
        '{"identifier":"' + "x" * 300_000 + '"}',
        "",
        json.dumps(shop.record()),
    ]
    body = "\n".join(lines).encode().replace(b"misspelt", b"missp\xfflt")
    answered = shop.send(body)
    assert (answered.status_code, counts(answered)) == (200, (3, 0, 1, 13))
    assert [(e["line"], e["code"]) for e in answered.json()["errors"]] == [
        (2, "invalid_record"),
        (10, "invalid_record"),
        (13, "invalid_record"),
        (14, "invalid_record"),
        (16, "invalid_record"),
        (3, "no_meter"),
        (4, "meter_event_no_customer_defined"),
        (5, "meter_event_customer_not_found"),
        (6, "meter_event_invalid_value"),
        (7, "meter_event_value_too_many_digits"),
        (8, "timestamp_too_far_in_past"),
        (9, "timestamp_in_future"),
        (12, "identifier_conflict"),
        (15, "invalid_record"),
    ]
    errors = {error["line"]: error for error in answered.json()["errors"]}
    assert errors[8]["identifier"] == past["identifier"]
    assert "content differs" in errors[12]["reason"]
    assert shop.total() == 3


@pytest.mark.parametrize(
    ("kind", "body", "sentence"),
    [
        ("application/json", b'{"a": 1}', "must be one JSON array"),
        ("application/json", b"[]]", "follows after"),
        ("application/json", b'[{"a": "', "ends before its JSON array"),
        ("text/csv", b"a,b\n1,2\n", "lacks the columns"),
        ("text/csv", b"", "no header row"),
        ("application/cloudevents+json", b"x" * 300_000, "at most 262144 bytes"),
        ("application/x-ndjson", b"\x1f\x8b123456789012345", "damaged"),
    ],
)
def test_broken_framing_is_told(shop: UsageShop, kind: str, body: bytes, sentence: str) -> None:
    answered = shop.send(body, kind)
    assert answered.status_code == 400
    assert sentence in answered.json()["error"]["message"]


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_what_stands_before_the_break_is_said_and_stays(
    shop: UsageShop, encoding: str | None
) -> None:
    body = json.dumps(shop.records(40)).encode()
    cut = body[:-300] if encoding is None else PACKERS[encoding](body)[:-20]
    answered = shop.send(cut, "application/json")
    assert answered.status_code == 400
    accepted = answered.json()["accepted"]
    assert 0 < accepted < 40
    assert f"taken through line {accepted};" in answered.json()["error"]["message"]
    assert shop.total() == accepted
    assert counts(shop.send(body, "application/json")) == (40 - accepted, accepted, 0, 0)


def test_other_kinds_of_body_are_refused(shop: UsageShop) -> None:
    assert shop.send(b"x", "application/x-www-form-urlencoded").status_code == 415
    packed = shop.send(b"x", Content_Encoding="br")
    assert (packed.status_code, packed.headers["accept-encoding"]) == (415, "gzip, zstd, identity")


def test_a_key_is_needed(shop: UsageShop) -> None:
    body = ndjson(shop.records(1))
    assert shop.send(body, Authorization="Bearer sk_test_wrong").status_code == 401
    assert shop.total() is None


def test_a_body_may_have_64_mebibytes_and_no_more(shop: UsageShop) -> None:
    def endless() -> Iterator[bytes]:
        yield ndjson(shop.records(3))
        for _ in range(65):
            yield b"\n" * 1024 * 1024

    answered = shop.send(endless())
    assert answered.status_code == 413
    assert "at most 67108864 bytes" in answered.json()["error"]["message"]
    assert counts(answered) == (3, 0, 0, 0)
    assert shop.total() == 3


def peak_memory(process: int) -> int:
    """The most memory that a process has held, in MiB."""
    status = (Path("/proc") / str(process) / "status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


def test_a_large_body_takes_little_memory(shop: UsageShop) -> None:
    """64 MiB in few records, long ones, so that the test is quick."""
    payload = {"stripe_customer_id": shop.customer, "value": "1"}
    payload |= {f"dimension_{n}": "x" * 480 for n in range(45)}
    records = [shop.record(payload=payload) for _ in range(64 * 1024 * 1024 // 23_000)]
    body = ndjson(records)
    assert 60 < len(body) / 1024 / 1024 <= 64
    with httpx.Client(timeout=120) as http:
        answered = http.post(
            f"{shop.served.base_url}/ingest/v1/usage",
            content=body,
            headers={
                "Authorization": f"Bearer {shop.served.api_key}",
                "Content-Type": "application/x-ndjson",
            },
        )
    assert counts(answered) == (len(records), 0, 0, 0)
    peaks = [peak_memory(process) for process in shop.served.process_ids("api")]
    assert max(peaks) <= 300, peaks
