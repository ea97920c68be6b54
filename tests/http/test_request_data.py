"""Where parameters come from, and which content types are taken."""

import pytest

from api.http.errors import ApiError
from api.http.request_data import FORM, JSON, request_data


def test_v1_reads_the_query_and_the_body_alike() -> None:
    assert request_data("/v1/customers", b"limit=3", b"", content_type=None) == {"limit": "3"}
    assert request_data("/v1/customers", b"a=1&b=1", b"b=2", content_type=FORM) == {
        "a": "1",
        "b": "2",
    }


def test_v2_reads_json() -> None:
    assert request_data("/v2/x", b"", b'{"a":"1"}', content_type=JSON) == {"a": "1"}
    assert request_data("/v2/x", b"limit=3", b"", content_type=None) == {"limit": "3"}


@pytest.mark.parametrize("content_type", [JSON, "multipart/form-data; boundary=x", "nonsense"])
def test_the_content_type_is_ignored_without_a_body(content_type: str) -> None:
    assert request_data("/v1/customers/cus_1", b"", b"", content_type=content_type) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        FORM,
        "application/x-www-form-urlencoded; charset=UTF-8",
        "Application/X-WWW-Form-URLencoded",
    ],
)
def test_form_content_types(content_type: str | None) -> None:
    assert request_data("/v1/customers", b"", b"a=1", content_type=content_type) == {"a": "1"}


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/v1/customers", JSON, b'{"a":1}'),
        ("/v1/customers", "multipart/form-data; boundary=x", b"--x--"),
        ("/v1/customers", "text/plain", b"a=1"),
        ("/v1/customers", "", b"a=1"),
        ("/v1/customers", f"{FORM}; charset=utf-16", b"a=1"),
        ("/v2/billing/meter_events", FORM, b"a=1"),
        ("/v2/billing/meter_events", "application/json; charset=latin-1", b"{}"),
    ],
)
def test_refuses_other_content_types(path: str, content_type: str, body: bytes) -> None:
    with pytest.raises(ApiError, match="Invalid content type") as refused:
        request_data(path, b"", body, content_type=content_type)
    assert refused.value.status == 400


def test_refuses_compressed_bodies() -> None:
    with pytest.raises(ApiError, match="Compressed"):
        request_data("/v1/x", b"", b"\x1f\x8b", content_type=FORM, content_encoding="gzip")
