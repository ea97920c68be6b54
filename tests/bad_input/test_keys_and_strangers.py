"""Who may ask: keys that are missing, wrong, revoked or restricted, and ids of other ledgers."""

import base64
import time

import httpx
import pytest

from tests.bad_input.scene import Refused, Scene

STRANGERS = [
    Refused("GET /v1/billing/meters/$foreign_meter", "", "billing meter"),
    Refused("POST /v1/billing/meters/$foreign_meter", "display_name=a", "billing meter"),
    Refused("POST /v1/billing/meters/$foreign_meter/deactivate", "", "billing meter"),
    Refused(
        "GET /v1/billing/meters/$foreign_meter/event_summaries",
        "customer=$customer&start_time=1704067200&end_time=1706745600",
        "billing meter",
    ),
    Refused("GET /v1/products/$foreign_product", "", "product"),
    Refused("POST /v1/products/$foreign_product", "name=a", "product"),
    Refused("DELETE /v1/products/$foreign_product", "", "product"),
    Refused("GET /v1/prices/$foreign_price", "", "price"),
    Refused("POST /v1/prices/$foreign_price", "nickname=a", "price"),
    Refused("GET /v1/customers/$foreign_customer", "", "customer"),
    Refused("POST /v1/customers/$foreign_customer", "name=a", "customer"),
    Refused("DELETE /v1/customers/$foreign_customer", "", "customer"),
    Refused("GET /v1/test_helpers/test_clocks/$foreign_clock", "", "test clock"),
    Refused(
        "POST /v1/test_helpers/test_clocks/$foreign_clock/advance", "frozen_time=$now", "test clock"
    ),
    Refused("DELETE /v1/test_helpers/test_clocks/$foreign_clock", "", "test clock"),
    Refused("GET /v1/subscriptions/$foreign_subscription", "", "subscription"),
    Refused("POST /v1/subscriptions/$foreign_subscription", "metadata[a]=b", "subscription"),
    Refused("DELETE /v1/subscriptions/$foreign_subscription", "", "subscription"),
    Refused("GET /v1/subscription_items/$foreign_item", "", "subscription item"),
    Refused("POST /v1/subscription_items/$foreign_item", "metadata[a]=b", "subscription item"),
    Refused("GET /v1/invoices/$foreign_invoice", "", "invoice"),
    Refused("GET /v1/invoices/$foreign_invoice/lines", "", "invoice"),
    Refused("POST /v1/invoices/$foreign_invoice/pay", "paid_out_of_band=true", "invoice"),
    Refused("POST /v1/invoices/$foreign_invoice/void", "", "invoice"),
    Refused("GET /audit/v1/invoices/$foreign_invoice/replay", "", "invoice"),
]

STRANGERS_IN_FIELDS = [
    Refused(
        "POST /v1/prices",
        "currency=usd&unit_amount=1&product=$foreign_product",
        "product",
        "product",
    ),
    Refused(
        "POST /v1/prices",
        "currency=usd&unit_amount=1&product=$product&recurring[interval]=month"
        "&recurring[usage_type]=metered&recurring[meter]=$foreign_meter",
        "billing meter",
        "recurring[meter]",
    ),
    Refused("POST /v1/customers", "test_clock=$foreign_clock", "test clock", "test_clock"),
    Refused(
        "POST /v1/subscriptions",
        "customer=$foreign_customer&items[0][price]=$price",
        "customer",
        "customer",
    ),
    Refused(
        "POST /v1/subscriptions",
        "customer=$customer&items[0][price]=$foreign_price",
        "price",
        "items[0][price]",
    ),
    Refused(
        "POST /v1/invoices/create_preview",
        "subscription=$foreign_subscription",
        "subscription",
        "subscription",
    ),
    Refused(
        "POST /v1/billing/meter_events",
        "event_name=$event&payload[stripe_customer_id]=$foreign_customer&payload[value]=1",
        "customer",
        "payload[stripe_customer_id]",
    ),
    Refused("GET /v1/customers", "starting_after=$foreign_customer", "customer", "starting_after"),
]


def ids(table: list[Refused]) -> list[str]:
    return [f"{n}: {refused.request}" for n, refused in enumerate(table)]


@pytest.mark.parametrize("refused", STRANGERS, ids=ids(STRANGERS))
def test_an_id_of_another_ledger_does_not_exist(scene: Scene, refused: Refused) -> None:
    before = scene.head()
    response = scene.send(refused.request, refused.fields)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (404, "resource_missing")
    assert error["message"].startswith(f"No such {refused.message}: '")
    assert scene.head() == before


@pytest.mark.parametrize("refused", STRANGERS_IN_FIELDS, ids=ids(STRANGERS_IN_FIELDS))
def test_nor_does_one_in_a_field(scene: Scene, refused: Refused) -> None:
    before = scene.head()
    response = scene.send(refused.request, refused.fields)
    error = response.json()["error"]
    found = (response.status_code, error.get("code"), error.get("param"))
    assert found == (400, "resource_missing", refused.param)
    assert error["message"].startswith(f"No such {refused.message}: '")
    assert scene.head() == before


def test_lists_show_nothing_of_another_ledger(scene: Scene) -> None:
    for path in ("billing/meters", "products", "prices", "customers", "subscriptions", "invoices"):
        text = scene.send(f"GET /v1/{path}", "limit=100").text
        assert not [
            v for name, v in scene.names.items() if name.startswith("foreign") and v in text
        ]


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer sk_test_wrong"},
        {"Authorization": "Bearer sk_live_wrong"},
        {"Authorization": "Basic not-base64!"},
        {"Authorization": "Basic " + base64.b64encode(b"sk_test_wrong:").decode()},
        {"Authorization": "Digest sk_test_wrong"},
    ],
    ids=str,
)
@pytest.mark.parametrize("request_line", ["POST /v1/customers", "GET /v1/invoices"])
def test_without_a_key_nothing_is_answered(
    scene: Scene, sent: dict[str, str], request_line: str
) -> None:
    before = scene.head()
    method, path = request_line.split()
    response = httpx.request(method, scene.served.base_url + path, headers=sent)
    assert response.status_code == 401
    error = response.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert "API" in error["message"] or "base64" in error["message"]
    assert "sk_test_wrong" not in error["message"]
    assert scene.head() == before


def test_the_second_version_says_so_in_its_own_envelope(scene: Scene) -> None:
    response = httpx.post(f"{scene.served.base_url}/v2/billing/meter_events", json={})
    assert response.status_code == 401
    assert response.json()["error"].keys() == {"code", "message", "type"}


def test_a_restricted_key_only_reads(scene: Scene) -> None:
    restricted = scene.served.new_key("acct_default", kind="restricted").key
    assert restricted.startswith("rk_test_")
    with scene.served.http(restricted) as http:
        assert http.get("/v1/customers").status_code == 200
        for method, path in (
            ("POST", "/v1/customers"),
            ("POST", "/v2/billing/meter_events"),
            ("DELETE", "/v1/customers/cus_none"),
        ):
            before = scene.served.head()
            response = http.request(method, path)
            assert response.status_code == 403
            assert "may only read" in response.json()["error"]["message"]
            assert scene.served.head() == before


def test_a_revoked_key_opens_nothing(scene: Scene) -> None:
    issued = scene.served.new_key()
    with scene.served.http(issued.key) as http:
        assert http.get("/v1/customers").status_code == 200
        assert scene.served.command("keys", "revoke", issued.id).returncode == 0
        time.sleep(1)  # a revocation is in force within a second
        response = http.get("/v1/customers")
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "api_key_expired"


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        ("/v1/customers", "application/json", b'{"name": "Ann"}'),
        ("/v1/customers", "multipart/form-data; boundary=x", b"--x--"),
        ("/v1/customers", "text/plain", b"name=Ann"),
        ("/v1/customers", "application/x-www-form-urlencoded; charset=latin-1", b"name=Ann"),
        ("/v2/billing/meter_events", "application/x-www-form-urlencoded", b"event_name=a"),
    ],
)
def test_a_body_of_another_kind_is_refused(scene: Scene, path: str, kind: str, body: bytes) -> None:
    before = scene.head()
    response = scene.http.post(path, content=body, headers={"Content-Type": kind})
    assert response.status_code == 400
    assert "content type" in response.json()["error"]["message"]
    assert scene.head() == before


def test_compressed_bodies_are_refused(scene: Scene) -> None:
    response = scene.send("POST /v1/customers", b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    assert response.status_code == 400
    assert "encoding" in response.json()["error"]["message"]


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
def test_an_idempotency_key_that_cannot_be_one(scene: Scene, key: str) -> None:
    before = scene.head()
    response = scene.send("POST /v1/customers", "name=Ann", **{"Idempotency-Key": key})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "Idempotency-Key"
    assert scene.head() == before


def test_a_key_can_be_used_again_after_a_refusal_but_not_for_something_else(scene: Scene) -> None:
    headers = {"Idempotency-Key": "after a refusal"}
    assert scene.send("POST /v1/customers", "balance=x", **headers).status_code == 400
    made = scene.send("POST /v1/customers", "name=Ann", **headers)
    assert made.status_code == 200
    before = scene.head()
    for request, fields in (
        ("POST /v1/customers", "name=Bo"),
        ("POST /v1/products", "name=Ann"),
    ):
        other = scene.send(request, fields, **headers)
        error = other.json()["error"]
        assert (other.status_code, error["type"]) == (400, "idempotency_error")
        assert "same parameters they were first used with" in error["message"]
    again = scene.send("POST /v1/customers", "name=Ann", **headers)
    assert again.content == made.content
    assert again.headers["idempotent-replayed"] == "true"
    assert scene.head() == before
