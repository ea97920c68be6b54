"""Bodies of the bulk door that are damaged, cut off, oversized or in the wrong language.

Each is sent over a socket to a served ledger. Whatever it is: the error names what is wrong and
where, what was accepted is said, memory stays bounded, and sending again is safe.
"""

import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.meter_events.usage_shop import UsageShop, counts, csv_body, ndjson
from tests.support.packing import PACKERS, zstd_packed
from tests.support.raw_http import raw_client
from tests.support.served import Served

PATH = "/ingest/v1/usage"
NDJSON = "application/x-ndjson"
MEBIBYTE = 1024 * 1024
BLANK_LINES = (b" " * 1023 + b"\n") * 1024
MOST_MEMORY = 300
"""MiB that a worker may hold, whatever it is sent."""


@pytest.fixture
def shop(served: Served) -> UsageShop:
    return UsageShop.on(served)


@pytest.fixture(autouse=True)
def memory_stays_bounded(served: Served) -> Iterator[None]:
    yield
    for process in served.process_ids("api"):
        status = (Path("/proc") / str(process) / "status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found is not None
        assert int(found[1]) // 1024 <= MOST_MEMORY


def is_safe_to_send(shop: UsageShop, body: bytes, kind: str, records: int) -> None:
    """The whole body, sent as it should be, leaves each record counted once."""
    answered = shop.send(body, kind)
    accepted, duplicates, conflicts, rejected = counts(answered)
    assert (accepted + duplicates, conflicts, rejected) == (records, 0, 0)
    assert shop.total() == records


@pytest.mark.parametrize("encoding", PACKERS)
@pytest.mark.parametrize("kind", [NDJSON, "application/json", "text/csv"])
def test_a_packed_body_that_is_cut_off_says_how_far_it_was_taken(
    shop: UsageShop, encoding: str, kind: str
) -> None:
    make: dict[str, Callable[[], bytes]] = {
        NDJSON: lambda: ndjson(shop.records(3_000)),
        "application/json": lambda: json.dumps(shop.records(3_000)).encode(),
        "text/csv": lambda: csv_body(shop, 3_000),
    }
    body = make[kind]()
    packed = PACKERS[encoding](body)
    answered = shop.send(packed[: len(packed) * 3 // 4], kind, Content_Encoding=encoding)
    assert answered.status_code == 400
    found = answered.json()
    assert "The compressed body is cut off." in found["error"]["message"]
    assert re.search(r"taken through line \d+; what is counted", found["error"]["message"])
    assert 1_000 < found["accepted"] < 3_000
    assert shop.total() == found["accepted"]
    is_safe_to_send(shop, body, kind, 3_000)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_packed_body_that_is_damaged_is_told(shop: UsageShop, encoding: str) -> None:
    body = ndjson(shop.records(3_000))
    packed = bytearray(PACKERS[encoding](body))
    packed[len(packed) // 2 : len(packed) // 2 + 50] = bytes(50)
    answered = shop.send(bytes(packed), Content_Encoding=encoding)
    assert answered.status_code == 400
    assert "The compressed body" in answered.json()["error"]["message"]
    assert shop.total() in {None, answered.json()["accepted"]}


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_bomb_stops_where_it_grows_too_far(shop: UsageShop, encoding: str) -> None:
    good = ndjson(shop.records(3))
    bomb = gzip_bomb() if encoding == "gzip" else zstd_packed(BLANK_LINES * 300)
    assert len(bomb) < MEBIBYTE
    answered = shop.send(PACKERS[encoding](good) + bomb, Content_Encoding=encoding)
    assert answered.status_code == 400
    message = answered.json()["error"]["message"]
    assert re.search(r"unpacks to more than \d+ bytes\. Send it in parts\.", message)
    assert counts(answered) == (3, 0, 0, 0)


def gzip_bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(BLANK_LINES) for _ in range(300)) + packer.flush()


def test_a_bomb_of_one_long_line_is_no_other(shop: UsageShop) -> None:
    bomb = zstd_packed(b"9" * 300 * MEBIBYTE)
    for kind in (NDJSON, "application/json", "text/csv", "application/cloudevents+json"):
        answered = shop.send(bomb, kind)
        assert answered.status_code == 400


def test_a_zstd_frame_that_asks_for_much_memory_is_refused(shop: UsageShop) -> None:
    packed = zstd_packed(ndjson(shop.records(2)) + b"\n" * 40 * MEBIBYTE, window=27)
    answered = shop.send(packed, Content_Encoding="zstd")
    assert answered.status_code == 400
    assert "too much memory" in answered.json()["error"]["message"]
    assert shop.total() is None


@pytest.mark.parametrize("framed", ["length", "chunks"])
def test_a_client_that_goes_away_leaves_what_was_recorded(shop: UsageShop, framed: str) -> None:
    body = ndjson(shop.records(6_000))
    with raw_client(shop.served.base_url) as client:
        if framed == "length":
            client.head(
                PATH, shop.served.api_key, Content_Type=NDJSON, Content_Length=str(len(body))
            )
            client.send(body[: len(body) // 2])
        else:
            client.head(PATH, shop.served.api_key, Content_Type=NDJSON, Transfer_Encoding="chunked")
            client.chunk(body[: len(body) // 2])
    is_safe_to_send(shop, body, NDJSON, 6_000)


def test_a_body_shorter_than_it_says_is_waited_for_not_believed(shop: UsageShop) -> None:
    records = shop.records(10)
    with raw_client(shop.served.base_url) as client:
        client.head(PATH, shop.served.api_key, Content_Type=NDJSON, Content_Length="1000000")
        client.send(ndjson(records))
        assert shop.total() is None
    is_safe_to_send(shop, ndjson(records), NDJSON, 10)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("kind", [NDJSON, "application/json", "text/csv"])
def test_another_encoding_is_told(shop: UsageShop, encoding: str, kind: str) -> None:
    body = csv_body(shop, 2) if kind == "text/csv" else json.dumps(shop.records(2)).encode()
    answered = shop.send(body.decode().encode(encoding), kind)
    assert answered.status_code == 400
    assert "not UTF-8" in answered.json()["error"]["message"]
    assert counts(answered) == (0, 0, 0, 0)


@pytest.mark.parametrize("kind", [NDJSON, "application/json", "text/csv"])
def test_the_mark_of_utf_8_is_no_fault(shop: UsageShop, kind: str) -> None:
    bodies: dict[str, bytes] = {
        NDJSON: ndjson(shop.records(2)),
        "application/json": json.dumps(shop.records(2)).encode(),
        "text/csv": csv_body(shop, 2),
    }
    assert counts(shop.send(b"\xef\xbb\xbf" + bodies[kind], kind)) == (2, 0, 0, 0)


@pytest.mark.parametrize("kind", [NDJSON, "application/json", "text/csv"])
def test_text_that_is_not_utf_8_is_refused_alone(shop: UsageShop, kind: str) -> None:
    bodies: dict[str, bytes] = {
        NDJSON: ndjson([shop.record(identifier=f"{shop.meter}-{n}é") for n in range(3)]),
        "application/json": json.dumps(
            [shop.record(identifier=f"{shop.meter}-{n}é") for n in range(3)], ensure_ascii=False
        ).encode(),
        "text/csv": b"event_name,identifier,timestamp,stripe_customer_id,value\n"
        + "".join(
            f"{shop.event_name},{shop.meter}-{n}é,{shop.now},{shop.customer},1\n" for n in range(3)
        ).encode(),
    }
    body = bodies[kind]
    if kind == NDJSON:
        body = body.replace(b"\\u00e9", "é".encode())
    latin = body.replace("-1é".encode(), "-1é".encode("latin-1"))
    answered = shop.send(latin, kind)
    assert (answered.status_code, counts(answered)) == (200, (2, 0, 0, 1))
    [error] = answered.json()["errors"]
    assert error["line"] == (3 if kind == "text/csv" else 2)
    assert re.search("UTF-8|utf-8", error["reason"])


@pytest.mark.parametrize("kind", [NDJSON, "application/json", "text/csv"])
@pytest.mark.parametrize("digits", [5_000, 10_000_000])
def test_a_number_of_many_digits_is_refused_alone(shop: UsageShop, kind: str, digits: int) -> None:
    number = b"9" * digits
    if kind == "text/csv":
        row = f"{shop.event_name},{shop.meter}-%d,{shop.now},{shop.customer},%b\n".encode()
        body = b"event_name,identifier,timestamp,stripe_customer_id,value\n"
        body += b"".join(row % (n, number if n == 1 else b"1") for n in range(3))
    else:
        records = [json.dumps(shop.record("1")).encode() for _ in range(3)]
        records[1] = records[1].replace(b'"value": "1"', b'"value": ' + number)
        body = b"\n".join(records) if kind == NDJSON else b"[" + b",".join(records) + b"]"
    answered = shop.send(body, kind)
    assert (answered.status_code, counts(answered)) == (200, (2, 0, 0, 1))
    [error] = answered.json()["errors"]
    assert error["line"] == (3 if kind == "text/csv" else 2)
    assert re.search("at most|out of range|digits", error["reason"])


@pytest.mark.parametrize("kind", [NDJSON, "application/json"])
@pytest.mark.parametrize("depth", [2_000, 100_000, 400_000])
def test_a_record_that_is_nested_deep_is_refused_alone(
    shop: UsageShop, kind: str, depth: int
) -> None:
    deep = b'{"payload":' + b"[" * depth + b"]" * depth + b"}"
    deep = deep.replace(b"{", b'{"identifier":"deep",', 1)
    first, last = (json.dumps(shop.record()).encode() for _ in range(2))
    parts = [first, deep, last]
    body = b"\n".join(parts) if kind == NDJSON else b"[" + b",".join(parts) + b"]"
    answered = shop.send(body, kind)
    assert (answered.status_code, counts(answered)) == (200, (2, 0, 0, 1))
    assert [error["line"] for error in answered.json()["errors"]] == [2]


@pytest.mark.parametrize(
    ("kind", "status", "rejected"),
    [
        (NDJSON, 200, 1),
        ("application/json", 400, 0),
        ("text/csv", 400, 0),
        ("application/cloudevents+json", 400, 0),
        ("application/cloudevents-batch+json", 400, 0),
    ],
)
def test_a_body_of_one_line_is_not_held(
    shop: UsageShop, kind: str, status: int, rejected: int
) -> None:
    body = b'[{"event_name":"' + b"x" * (64 * MEBIBYTE - 16)
    answered = shop.send(body, kind)
    assert (answered.status_code, counts(answered)[3]) == (status, rejected)
    if status == 400:
        assert re.search("at most|ends before|header", answered.json()["error"]["message"])


def test_a_body_that_says_it_is_too_large_is_refused_at_once(shop: UsageShop) -> None:
    with raw_client(shop.served.base_url) as client:
        client.head(PATH, shop.served.api_key, Content_Type=NDJSON, Content_Length="67108865")
        answered = client.answer()
    assert answered.status == 413
    assert "at most 67108864 bytes" in answered.message


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "x" * 500])
def test_another_content_type_is_refused_with_those_that_are_taken(
    shop: UsageShop, kind: str
) -> None:
    answered = shop.send(b"{}", kind)
    assert answered.status_code == 415
    message = answered.json()["error"]["message"]
    assert message.startswith("Invalid content type: ")
    assert "application/x-ndjson" in message
    assert len(message) < 400


@pytest.mark.parametrize("kind", [NDJSON, "application/json"])
def test_another_packing_than_was_said_is_told(shop: UsageShop, kind: str) -> None:
    for encoding in PACKERS:
        answered = shop.send(b"[{}]", kind, Content_Encoding=encoding)
        assert answered.status_code == 400
        assert "The compressed body" in answered.json()["error"]["message"]
