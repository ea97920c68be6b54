"""Coupons over HTTP, through the official client."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.support.sdk import DAY, at
from tests.support.served import Served
from tests.support.stripe_shape import deletion_problems, problems

SHOWN_WHEN_EXPANDED = {"applies_to", "currency_options"}


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


def own_id() -> str:
    return f"SUMMER-{uuid.uuid4().hex}"


def test_every_parameter_is_kept_and_shown(client: StripeClient, http: httpx.Client):
    product = client.v1.products.create({"name": "API"}).id
    everything: dict[str, Any] = {
        "amount_off": 500,
        "applies_to": {"products": [product]},
        "currency": "usd",
        "currency_options": {"jpy": {"amount_off": 700}},
        "duration": "repeating",
        "duration_in_months": 3,
        "id": own_id(),
        "max_redemptions": 10,
        "metadata": {"a": "1"},
        "name": "Summer",
        "redeem_by": at("2029-01-01"),
    }
    created = client.v1.coupons.create(everything)  # type: ignore[arg-type]
    plain = http.get(f"/v1/coupons/{created.id}").json()
    assert problems(plain, "Coupon") == []
    assert SHOWN_WHEN_EXPANDED.isdisjoint(plain)
    expand = {"expand[0]": "applies_to", "expand[1]": "currency_options"}
    answer = http.get(f"/v1/coupons/{created.id}", params=expand).json()
    assert problems(answer, "Coupon") == []
    options = {"usd": {"amount_off": 500}, "jpy": {"amount_off": 700}}
    expected = everything | {"currency_options": options}
    assert {name: answer[name] for name in everything} == expected
    assert (answer["percent_off"], answer["times_redeemed"], answer["valid"]) == (None, 0, True)


def test_a_percentage_is_a_number(client: StripeClient, http: httpx.Client):
    created = client.v1.coupons.create({"percent_off": 25.5})
    answer = http.get(f"/v1/coupons/{created.id}").json()
    assert problems(answer, "Coupon") == []
    assert answer["percent_off"] == 25.5
    assert (answer["duration"], len(answer["id"])) == ("once", 8)


def test_an_update_changes_its_name_and_adds_currencies(client: StripeClient, http: httpx.Client):
    created = client.v1.coupons.create({"amount_off": 5, "currency": "usd", "name": "Five"})
    form = {"name": "", "metadata[a]": "1", "currency_options[eur][amount_off]": "4"}
    one = f"/v1/coupons/{created.id}"
    answer = http.post(one, data={**form, "expand[]": "currency_options"}).json()
    assert (answer["name"], answer["metadata"]) == (None, {"a": "1"})
    assert sorted(answer["currency_options"]) == ["eur", "usd"]
    refused = http.post(one, data={"percent_off": "5"})
    assert refused.json()["error"]["code"] == "parameter_unknown"


def test_a_deleted_coupon_is_gone(client: StripeClient, http: httpx.Client):
    coupon = client.v1.coupons.create({"percent_off": 5}).id
    assert deletion_problems(http.delete(f"/v1/coupons/{coupon}").json(), "coupon") == []
    assert http.get(f"/v1/coupons/{coupon}").status_code == 404
    assert http.delete(f"/v1/coupons/{coupon}").status_code == 404
    assert coupon not in [one.id for one in client.v1.coupons.list({"limit": 100}).data]


def test_lists_are_of_the_newest_first(client: StripeClient, http: httpx.Client):
    first, second = (client.v1.coupons.create({"percent_off": n}).id for n in (1, 2))
    page = http.get("/v1/coupons", params={"limit": 2}).json()
    assert [coupon["id"] for coupon in page["data"]] == [second, first]
    assert problems(page, "list:Coupon") == []


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({}, "percent_off", "parameter_missing"),
        ({"percent_off": "0"}, "percent_off", None),
        ({"percent_off": "100.01"}, "percent_off", None),
        ({"percent_off": "-1"}, "percent_off", None),
        ({"percent_off": "half"}, "percent_off", None),
        ({"amount_off": "0", "currency": "usd"}, "amount_off", "parameter_invalid_integer"),
        ({"amount_off": "1.5", "currency": "usd"}, "amount_off", "parameter_invalid_integer"),
        ({"amount_off": "5"}, "currency", "parameter_missing"),
        ({"amount_off": "5", "currency": "xyz"}, "currency", None),
        (
            {"amount_off": "5", "currency": "usd", "percent_off": "5"},
            "amount_off",
            "parameters_exclusive",
        ),
        ({"percent_off": "5", "duration": "weekly"}, "duration", None),
        ({"percent_off": "5", "duration": "repeating"}, "duration_in_months", "parameter_missing"),
        ({"percent_off": "5", "max_redemptions": "0"}, "max_redemptions", None),
        ({"percent_off": "5", "redeem_by": str(at("2020-01-01"))}, "redeem_by", None),
        ({"percent_off": "5", "redeem_by": str(at("2199-01-01") + DAY)}, "redeem_by", None),
        ({"percent_off": "5", "id": "a b"}, "id", None),
        ({"percent_off": "5", "name": "x" * 41}, "name", None),
        (
            {"percent_off": "5", "applies_to[products][0]": "prod_none"},
            "applies_to[products][0]",
            "resource_missing",
        ),
        (
            {"amount_off": "5", "currency": "usd", "currency_options[eur][amount_off]": "x"},
            "currency_options[eur][amount_off]",
            "parameter_invalid_integer",
        ),
    ],
)
def test_bad_input_names_the_field(
    http: httpx.Client, form: dict[str, str], param: str, code: str | None
):
    response = http.post("/v1/coupons", data=form)
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == param
    assert code is None or error["code"] == code


def test_an_id_is_given_once(client: StripeClient, http: httpx.Client):
    coupon = own_id()
    client.v1.coupons.create({"id": coupon, "percent_off": 5})
    response = http.post("/v1/coupons", data={"id": coupon, "percent_off": "5"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "resource_already_exists"
