"""JSON bodies: exact numbers, and refusals instead of failures."""

from decimal import Decimal

import pytest

from api.http.errors import ApiError
from api.http.json_body import decode_json


def test_reads_what_the_sdks_send_to_v2() -> None:
    body = (
        b'{"event_name": "tok", "payload": {"stripe_customer_id": "cus_1", "value": "25"}, '
        b'"identifier": "a", "timestamp": "2026-11-01T00:00:00Z"}'
    )
    assert decode_json(body) == {
        "event_name": "tok",
        "payload": {"stripe_customer_id": "cus_1", "value": "25"},
        "identifier": "a",
        "timestamp": "2026-11-01T00:00:00Z",
    }
    assert decode_json(b"{}") == {}


def test_numbers_stay_exact() -> None:
    decoded = decode_json(b'{"a":99999999999.123456789012,"b":12345678901234567890123,"c":1e2}')
    assert decoded == {
        "a": Decimal("99999999999.123456789012"),
        "b": 12345678901234567890123,
        "c": Decimal("1E+2"),
    }


def test_the_last_of_two_equal_keys_counts() -> None:
    assert decode_json(b'{"a":1,"a":2}') == {"a": 2}


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"", "Invalid JSON"),
        (b"{", "Invalid JSON"),
        (b"[]", "must be an object"),
        (b"1", "must be an object"),
        (b"null", "must be an object"),
        (b"{} {}", "trailing"),
        (b'{"a":NaN}', "Invalid JSON"),
        (b'{"a":Infinity}', "Invalid JSON"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"\xff":1}', "UTF-8"),
        (b'{"a":"\\ud800"}', "Invalid JSON"),
        (b'{"a":{"b":"x\\u0000"}}', r"a\[b\] contains a NUL"),
        (b'{"a\\u0000":1}', "NUL"),
        (b'{"a":1e1000000}', "too many digits"),
        (b'{"a":1e99999999999999999999999}', "too many digits"),
        (b'{"a":' + b"9" * 41 + b"}", "too many digits"),
        (b'{"a":' + b"9" * 5_000 + b"}", "Invalid JSON"),
        (b'{"a":0.' + b"1" * 5_000 + b"}", "too many digits"),
        (b"[" * 100_000, "levels deep"),
        (b'{"a":' * 100_000, "Invalid JSON|too large"),
        (b'{"a":' * 8 + b"{}" + b"}" * 8, "levels deep"),
        (b"\xef\xbb\xbf{}", "Invalid JSON"),
        (b'{"a":"\x00"}', "Invalid JSON"),
    ],
)
def test_refuses_what_is_no_plain_object(body: bytes, fault: str) -> None:
    with pytest.raises(ApiError, match=fault) as refused:
        decode_json(body)
    assert refused.value.status in {400, 413}


def test_eight_levels_are_allowed() -> None:
    assert decode_json(b'{"a":' * 7 + b"{}" + b"}" * 7)


def test_the_limit_on_bytes_can_be_set() -> None:
    assert decode_json(b'{"a":1}', limit=7)
    with pytest.raises(ApiError) as refused:
        decode_json(b'{"a":1}', limit=6)
    assert refused.value.status == 413
