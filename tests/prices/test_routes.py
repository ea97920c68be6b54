"""Prices over HTTP, through the official client."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import problems


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


@pytest.fixture
def product(client: StripeClient) -> str:
    return client.v1.products.create({"name": "Tokens"}).id


def a_meter(client: StripeClient) -> str:
    meter = client.v1.billing.meters.create(
        {
            "display_name": "Tokens",
            "event_name": f"tokens_{uuid.uuid4().hex}",
            "default_aggregation": {"formula": "sum"},
        }
    )
    return meter.id


def metered(meter: str) -> dict[str, Any]:
    return {
        "currency": "usd",
        "unit_amount": 4,
        "billing_scheme": "per_unit",
        "transform_quantity": {"divide_by": 100, "round": "up"},
        "recurring": {"usage_type": "metered", "interval": "month", "meter": meter},
    }


def a_key() -> str:
    return f"key-{uuid.uuid4().hex}"


def test_a_metered_price_with_its_product(client: StripeClient, http: httpx.Client):
    meter = a_meter(client)
    terms: Any = {**metered(meter), "product_data": {"name": "Hypernian tokens"}}
    created = client.v1.prices.create(terms)
    answer = http.get(f"/v1/prices/{created.id}", params={"expand[]": "product"}).json()
    assert problems(answer, "Price") == []
    assert answer["product"]["name"] == "Hypernian tokens"
    assert (answer["unit_amount"], answer["unit_amount_decimal"]) == (4, "4")
    assert answer["transform_quantity"] == {"divide_by": 100, "round": "up"}
    assert answer["recurring"] == {
        "interval": "month",
        "interval_count": 1,
        "meter": meter,
        "trial_period_days": None,
        "usage_type": "metered",
    }
    assert answer["type"] == "recurring"


def test_tiers_appear_only_when_expanded(client: StripeClient, http: httpx.Client, product: str):
    terms: Any = {
        "currency": "usd",
        "product": product,
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers": [
            {"up_to": 100, "unit_amount": 5, "flat_amount": 200},
            {"up_to": "inf", "unit_amount_decimal": Decimal("0.000000000001")},
        ],
        "recurring": {"interval": "month"},
    }
    created = client.v1.prices.create(terms)
    plain = http.get(f"/v1/prices/{created.id}").json()
    assert problems(plain, "Price") == []
    assert "tiers" not in plain
    answer = http.get(f"/v1/prices/{created.id}", params={"expand[]": "tiers"}).json()
    assert problems(answer, "Price") == []
    first, last = answer["tiers"]
    assert first == {
        "flat_amount": 200,
        "flat_amount_decimal": "200",
        "unit_amount": 5,
        "unit_amount_decimal": "5",
        "up_to": 100,
    }
    assert (last["unit_amount_decimal"], last["up_to"]) == ("0.000000000001", None)


def test_details_change_and_terms_never(client: StripeClient, http: httpx.Client, product: str):
    created = client.v1.prices.create({"currency": "usd", "unit_amount": 5, "product": product})
    form = {
        "nickname": "Old",
        "active": "false",
        "metadata[a]": "1",
        "tax_behavior": "exclusive",
        "currency_options[eur][unit_amount]": "4",
        "expand[]": "currency_options",
    }
    answer = http.post(f"/v1/prices/{created.id}", data=form).json()
    assert problems(answer, "Price") == []
    assert (answer["nickname"], answer["active"]) == ("Old", False)
    assert answer["tax_behavior"] == "exclusive"
    assert answer["currency_options"]["eur"]["unit_amount"] == 4
    assert answer["currency_options"]["usd"]["unit_amount"] == 5
    again = http.post(f"/v1/prices/{created.id}", data={"tax_behavior": "inclusive"})
    assert again.json()["error"]["param"] == "tax_behavior"
    changed = http.post(f"/v1/prices/{created.id}", data={"unit_amount": "6"})
    assert changed.json()["error"]["code"] == "parameter_unknown"
    cleared = {"currency_options": "", "nickname": "", "expand[]": "currency_options"}
    answer = http.post(f"/v1/prices/{created.id}", data=cleared).json()
    assert (answer["nickname"], list(answer["currency_options"])) == (None, ["usd"])


def test_a_lookup_key_is_transferred(client: StripeClient, http: httpx.Client, product: str):
    key = a_key()
    terms: Any = {"currency": "usd", "unit_amount": 5, "product": product, "lookup_key": key}
    first = client.v1.prices.create(terms)
    taken = http.post(
        "/v1/prices",
        data={"currency": "usd", "unit_amount": "5", "product": product, "lookup_key": key},
    )
    assert taken.json()["error"]["param"] == "lookup_key"
    moved: Any = {**terms, "transfer_lookup_key": True}
    second = client.v1.prices.create(moved)
    assert client.v1.prices.retrieve(first.id).lookup_key is None
    listed = client.v1.prices.list({"lookup_keys": [key]})
    assert [price.id for price in listed.data] == [second.id]


def test_lists_narrow_by_what_a_price_is(client: StripeClient, http: httpx.Client, product: str):
    meter = a_meter(client)
    terms: Any = {**metered(meter), "product": product}
    usage = client.v1.prices.create(terms).id
    once = client.v1.prices.create({"currency": "eur", "unit_amount": 5, "product": product}).id
    client.v1.prices.update(once, {"active": False})

    def found(**params: Any) -> list[str]:
        wanted: Any = {"product": product, **params}
        return [price.id for price in client.v1.prices.list(wanted).data]

    assert found() == [once, usage]
    assert found(active=True) == [usage]
    assert found(type="one_time") == [once]
    assert found(currency="eur") == [once]
    assert found(recurring={"meter": meter}) == [usage]
    assert found(recurring={"usage_type": "licensed"}) == []
    assert found(recurring={"interval": "month"}) == [usage]
    page = http.get("/v1/prices", params={"product": product, "expand[]": "data.product"}).json()
    assert problems(page, "list:Price") == []
    assert page["data"][0]["product"]["id"] == product


def test_a_price_cannot_be_deleted(http: httpx.Client):
    assert http.delete("/v1/prices/price_x").status_code in {404, 405}


def test_an_inactive_meter_is_refused(client: StripeClient, http: httpx.Client, product: str):
    meter = a_meter(client)
    client.v1.billing.meters.deactivate(meter)
    form = {
        "currency": "usd",
        "unit_amount": "4",
        "product": product,
        "recurring[interval]": "month",
        "recurring[usage_type]": "metered",
        "recurring[meter]": meter,
    }
    assert http.post("/v1/prices", data=form).json()["error"]["param"] == "recurring[meter]"


MONTHLY = {"recurring[interval]": "month"}


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ({"currency": None}, "currency", "parameter_missing"),
        ({"currency": "xxx"}, "currency", None),
        ({"unit_amount": None}, "unit_amount", "parameter_missing"),
        ({"unit_amount_decimal": "4"}, "unit_amount", "parameters_exclusive"),
        ({"unit_amount": "-1"}, "unit_amount", "parameter_invalid_integer"),
        ({"unit_amount": None, "unit_amount_decimal": "NaN"}, "unit_amount_decimal", None),
        ({"unit_amount": None, "unit_amount_decimal": "1e1000000"}, "unit_amount_decimal", None),
        ({"product": None}, "product", "parameter_missing"),
        ({"product": "prod_x"}, "product", "resource_missing"),
        ({"product_data[name]": "x"}, "product_data", "parameters_exclusive"),
        ({"custom_unit_amount[enabled]": "true"}, "custom_unit_amount", None),
        ({"tiers_mode": "volume"}, "tiers_mode", None),
        ({**MONTHLY, "recurring[interval_count]": "37"}, "recurring[interval_count]", None),
        (
            {**MONTHLY, "recurring[usage_type]": "metered"},
            "recurring[meter]",
            "parameter_missing",
        ),
        (
            {
                **MONTHLY,
                "recurring[usage_type]": "metered",
                "recurring[meter]": "mtr_test_unknown",
            },
            "recurring[meter]",
            "resource_missing",
        ),
        ({"transform_quantity[divide_by]": "0"}, "transform_quantity[divide_by]", None),
        ({"colour": "red"}, "colour", "parameter_unknown"),
    ],
)
def test_bad_input_names_the_field(
    http: httpx.Client,
    served: Served,
    product: str,
    form: dict[str, str | None],
    param: str,
    code: str | None,
):
    whole = {"currency": "usd", "unit_amount": "4", "product": product, **form}
    head = served.head()
    response = http.post("/v1/prices", data={k: v for k, v in whole.items() if v is not None})
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == param
    if code is not None:
        assert error["code"] == code
    assert served.head() == head
