"""Refusals on the wire: status, envelope, headers, and what is never shown."""

from collections.abc import Iterator
from typing import Any

import pytest
from eventsourcing.persistence import OperationalError
from litestar import Litestar, Request, get, post
from litestar.testing import TestClient

from api.http.errors import ApiError, envelope, exception_handlers, from_ledger
from api.http.wire_headers import mount_wire_headers, request_id_of
from ledger.kernel.errors import (
    Conflict,
    IdempotencyMismatch,
    InvalidRequest,
    KeyInUse,
    LedgerError,
    NotFound,
    Unavailable,
)

LEDGER_ERRORS = [
    (
        InvalidRequest("Bad.", param="items[0][price]", code="c"),
        (400, "invalid_request_error", "c", "items[0][price]", {}),
    ),
    (
        NotFound("customer", "cus_x"),
        (404, "invalid_request_error", "resource_missing", None, {}),
    ),
    (
        NotFound("customer", "cus_x", param="customer"),
        (400, "invalid_request_error", "resource_missing", "customer", {}),
    ),
    (
        Conflict("Busy.", code="lock_timeout"),
        (409, "invalid_request_error", "lock_timeout", None, {"Stripe-Should-Retry": "true"}),
    ),
    (KeyInUse(), (409, "idempotency_error", "idempotency_key_in_use", None, {})),
    (IdempotencyMismatch("k"), (400, "idempotency_error", None, None, {})),
    (
        Unavailable("Later.", retry_after=7),
        (503, "api_error", None, None, {"Retry-After": "7"}),
    ),
    (
        InvalidRequest("An event already exists.", code="duplicate_meter_event"),
        (
            400,
            "invalid_request_error",
            "duplicate_meter_event",
            None,
            {"Stripe-Should-Retry": "false"},
        ),
    ),
]


@pytest.mark.parametrize(("error", "expected"), LEDGER_ERRORS)
def test_every_refusal_of_the_ledger_has_its_place(
    error: LedgerError, expected: tuple[Any, ...]
) -> None:
    found = from_ledger(error)
    assert (found.status, found.type, found.code, found.param, dict(found.headers)) == expected
    assert found.message == error.message


def test_the_two_envelopes() -> None:
    error = ApiError("No.", code="parameter_missing", param="name")
    assert envelope(error, v2=False) == {
        "error": {
            "type": "invalid_request_error",
            "code": "parameter_missing",
            "message": "No.",
            "param": "name",
        }
    }
    assert envelope(error, v2=True) == {
        "error": {
            "code": "parameter_missing",
            "message": "No.",
            "type": "invalid_request_error",
        }
    }


def test_only_v2_names_the_code_of_a_repeated_identifier() -> None:
    error = ApiError("An event already exists.", code="duplicate_meter_event")
    assert "code" not in envelope(error, v2=False)["error"]
    assert envelope(error, v2=True)["error"]["code"] == "duplicate_meter_event"


def test_v2_always_has_a_code() -> None:
    assert envelope(ApiError("No."), v2=True)["error"]["code"] == "invalid_parameters"
    failed = ApiError("No.", status=500, type="api_error")
    assert envelope(failed, v2=True)["error"]["code"] == "internal_error"


@get(["/v1/refused", "/v2/refused"], sync_to_thread=False)
def refused_route() -> None:
    raise ApiError("No.", status=429, code="rate_limit", headers={"Retry-After": "3"})


@get("/v1/missing", sync_to_thread=False)
def missing_route() -> None:
    raise NotFound("customer", "cus_x")


@get("/v1/broken", sync_to_thread=False)
def broken_route() -> None:
    raise RuntimeError("the password is swordfish")


@get("/v1/away", sync_to_thread=False)
def away_route() -> None:
    raise OperationalError("could not connect as tallybook_app")


@get("/v1/echo/{name:str}", sync_to_thread=False)
def echo_route(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"name": request.path_params["name"]}


@get("/v1/fine", sync_to_thread=False)
def fine_route(request: Request[Any, Any, Any]) -> dict[str, str]:
    return {"request": request_id_of(request.scope)}


@post("/v1/sized")
async def sized_route(request: Request[Any, Any, Any]) -> dict[str, int]:
    return {"size": len(await request.body())}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [
            refused_route,
            missing_route,
            broken_route,
            away_route,
            fine_route,
            sized_route,
            echo_route,
        ],
        exception_handlers=exception_handlers,
        request_max_body_size=1_000,
        openapi_config=None,
        logging_config=None,
    )
    mount_wire_headers(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_a_refusal_in_a_route(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/refused")
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["error"]["code"] == "rate_limit"
    assert set(client.get("/v2/refused").json()["error"]) == {"code", "message", "type"}
    assert client.get("/v1/missing").json() == {
        "error": {
            "type": "invalid_request_error",
            "code": "resource_missing",
            "message": "No such customer: 'cus_x'",
        }
    }


def test_a_url_that_nothing_serves(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/x?a=1")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["message"].startswith("Unrecognized request URL (GET: /v1/x). ")
    assert client.get("/v2/x").json()["error"]["code"] == "not_found"


def test_an_id_in_the_path_never_holds_a_nul(client: TestClient[Litestar]) -> None:
    assert client.get("/v1/echo/cus_%E2%98%83").json() == {"name": "cus_\u2603"}
    answer = client.get("/v1/echo/cus_%00")
    assert answer.status_code == 404
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.headers["request-id"].startswith("req_")


def test_a_method_that_a_url_does_not_have(client: TestClient[Litestar]) -> None:
    answer = client.delete("/v1/fine")
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.json()["error"]["message"] == "Method DELETE is not allowed for /v1/fine."


def test_a_body_that_is_too_large(client: TestClient[Litestar]) -> None:
    assert client.post("/v1/sized", content=b"x" * 1_000).json() == {"size": 1_000}
    chunks = (b"x" * 100 for _ in range(20))
    for answer in (
        client.post("/v1/sized", content=b"x" * 1_001),
        client.post("/v1/sized", content=chunks),
    ):
        assert answer.status_code == 413
        assert answer.json()["error"]["message"] == "The request body is too large."


def test_a_failure_shows_nothing_of_the_inside(
    client: TestClient[Litestar], capsys: pytest.CaptureFixture[str]
) -> None:
    answer = client.get("/v1/broken")
    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "api_error")
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    logged = capsys.readouterr().out
    assert "swordfish" in logged
    assert answer.headers["request-id"] in logged


def test_a_database_that_is_away_is_worth_another_try(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/away")
    assert (answer.status_code, answer.json()["error"]["type"]) == (503, "api_error")
    assert answer.headers["retry-after"] == "1"
    assert "tallybook_app" not in answer.text


PATHS = ["/v1/fine", "/v1/refused", "/v1/broken", "/v1/nowhere"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_wire_headers(client: TestClient[Litestar], path: str) -> None:
    answer = client.get(
        path, headers={"Stripe-Version": "2025-05-28.basil", "Idempotency-Key": "key-1"}
    )
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == "2025-05-28.basil"
    assert answer.headers["idempotency-key"] == "key-1"


def test_the_request_id_is_known_inside_and_new_each_time(client: TestClient[Litestar]) -> None:
    first, second = client.get("/v1/fine"), client.get("/v1/fine")
    assert first.json()["request"] == first.headers["request-id"]
    assert first.headers["request-id"] != second.headers["request-id"]


@pytest.mark.parametrize("version", ["nonsense", "2026-99-99", ""])
def test_a_wrong_version_is_not_said_back(client: TestClient[Litestar], version: str) -> None:
    answer = client.get("/v1/fine", headers={"Stripe-Version": version})
    assert answer.headers["stripe-version"] == "2026-10-28.endive"


def test_a_key_that_is_too_long_is_not_said_back(client: TestClient[Litestar]) -> None:
    answer = client.get("/v1/fine", headers={"Idempotency-Key": "k" * 256})
    assert "idempotency-key" not in answer.headers


def test_headers_about_the_client_are_ignored(client: TestClient[Litestar]) -> None:
    headers = {
        "X-Stripe-Client-Telemetry": '{"last_request_metrics":{}}',
        "X-Stripe-Client-User-Agent": "{",
        "Stripe-Account": "acct_1",
        "Stripe-Context": "acct_1",
    }
    assert client.get("/v1/fine", headers=headers).status_code == 200
