"""Keys as clients meet them: every route guarded, one ledger hidden from another."""

import json
import re
import time
import uuid
from dataclasses import dataclass

import httpx
import pytest
import stripe

from api.app import ROUTES
from tests.support.served import Served


@dataclass(frozen=True)
class Issued:
    id: str
    key: str


def issue(served: Served, *options: str) -> Issued:
    done = served.command("keys", "create", "--json", *options)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    return Issued(made["id"], made["key"])


@pytest.fixture(scope="module")
def reading(served: Served) -> Issued:
    return issue(served, "--restricted")


@pytest.fixture(scope="module")
def live(served: Served) -> Issued:
    return issue(served, "--live")


def requests() -> list[tuple[str, str]]:
    """Method and path of every route, with ids filled in."""
    return [(r.endpoint.method, re.sub(r"\{[^}]*\}", "id_1", r.endpoint.path)) for r in ROUTES]


def ask(served: Served, method: str, path: str, key: str | None) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.request(method, served.base_url + path, headers=headers, timeout=30)


def test_no_route_answers_without_a_key(served: Served) -> None:
    asked = requests()
    assert ("POST", "/v1/billing/meters") in asked
    assert any(path.startswith("/v2/") for _, path in asked)
    for method, path in asked:
        for key, told in (
            (None, "You did not provide an API key."),
            ("sk_test_never_given_out_1234", "Invalid API Key provided: sk_test_****1234"),
        ):
            answer = ask(served, method, path, key)
            assert answer.status_code == 401, (method, path)
            assert answer.json()["error"]["message"].startswith(told)
            assert answer.headers["request-id"].startswith("req_")


def test_a_restricted_key_writes_on_no_route_and_reads(served: Served, reading: Issued) -> None:
    before = served.head()
    for method, path in requests():
        answer = ask(served, method, path, reading.key)
        if method == "GET":
            assert answer.status_code not in {401, 403}, (method, path)
        else:
            assert answer.status_code == 403, (method, path)
            assert reading.key not in answer.text
    assert served.head() == before


def test_the_official_client_raises_what_it_should(served: Served, reading: Issued) -> None:
    with pytest.raises(stripe.AuthenticationError, match="Invalid API Key provided"):
        served.client("sk_test_wrong_key_0000").v1.customers.list()
    with pytest.raises(stripe.PermissionError, match="may only read"):
        served.client(reading.key).v1.customers.create({"name": "Ada"})
    assert served.client(reading.key).v1.customers.list().url == "/v1/customers"


def test_curl_sends_the_key_as_user_name(served: Served) -> None:
    url = f"{served.base_url}/v1/customers"
    assert httpx.get(url, auth=(served.api_key, "")).status_code == 200
    assert httpx.get(url, auth=("", served.api_key)).status_code == 401


def test_what_is_in_one_ledger_does_not_exist_in_the_other(served: Served, live: Issued) -> None:
    test_client, live_client = served.client(), served.client(live.key)
    name = f"tokens_{uuid.uuid4().hex}"
    customer = test_client.v1.customers.create({"name": "Ada"})
    meter = test_client.v1.billing.meters.create(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    unknown = {"cus": "cus_doesnotexist", "mtr": "mtr_test_doesnotexist"}
    for ask_for, existing, missing in (
        (live_client.v1.customers.retrieve, customer.id, unknown["cus"]),
        (live_client.v1.billing.meters.retrieve, meter.id, unknown["mtr"]),
        (live_client.v1.customers.delete, customer.id, unknown["cus"]),
        (live_client.v1.billing.meters.deactivate, meter.id, unknown["mtr"]),
    ):
        refusals: list[str] = []
        for object_id in (existing, missing):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                ask_for(object_id)
            assert refused.value.http_status == 404
            assert refused.value.code == "resource_missing"
            refusals.append(str(refused.value.user_message).replace(object_id, "X"))
        assert refusals[0] == refusals[1]
    assert customer.id not in [found.id for found in live_client.v1.customers.list().data]
    assert live_client.v1.customers.create({"name": "Bo"}).livemode is True
    assert test_client.v1.customers.retrieve(customer.id).livemode is False


def test_a_revoked_key_is_refused_by_every_worker_within_a_second(served: Served) -> None:
    issued = issue(served)
    url = "/v1/customers"
    for _ in range(8):
        assert ask(served, "GET", url, issued.key).status_code == 200
    assert served.command("keys", "revoke", issued.id).returncode == 0
    time.sleep(1)
    for _ in range(8):
        answer = ask(served, "GET", url, issued.key)
        assert answer.status_code == 401
        assert answer.json()["error"]["message"].startswith(
            "Expired API Key provided: sk_test_****"
        )


def test_neither_the_servers_log_nor_the_list_of_keys_shows_a_key(
    served: Served, reading: Issued, live: Issued
) -> None:
    logged = served.log.read_text()
    listed = served.command("keys", "list", "--json").stdout
    for key in (served.api_key, reading.key, live.key):
        assert key not in logged
        assert key not in listed
    assert {reading.id, live.id} <= {row["id"] for row in json.loads(listed)}
