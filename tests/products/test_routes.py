"""Products over HTTP, through the official client."""

import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import deletion_problems, problems

EVERYTHING: dict[str, Any] = {
    "name": "Hypernian tokens",
    "active": True,
    "type": "service",
    "description": "Tokens of a large model",
    "images": ["https://example.com/a.png"],
    "marketing_features": [{"name": "Fast"}],
    "metadata": {"model": "large"},
    "package_dimensions": {"height": 1.5, "length": 2, "weight": 3, "width": 4},
    "shippable": False,
    "statement_descriptor": "HYPERNIAN",
    "tax_code": "txcd_10000000",
    "tax_details": {"tax_code": "txcd_10000000", "performance_location": "taxloc_1"},
    "unit_label": "token",
    "url": "https://example.com",
}


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


def own_id() -> str:
    return f"tokens-{uuid.uuid4().hex}"


def test_every_parameter_is_kept_and_shown(client: StripeClient, http: httpx.Client):
    created = client.v1.products.create(EVERYTHING)  # type: ignore[arg-type]
    answer = http.get(f"/v1/products/{created.id}").json()
    assert problems(answer, "Product") == []
    assert {name: answer[name] for name in EVERYTHING} == EVERYTHING
    assert answer["default_price"] is None


def test_a_product_with_an_id_and_a_default_price(client: StripeClient, http: httpx.Client):
    product = own_id()
    price_data: Any = {
        "currency": "usd",
        "unit_amount_decimal": Decimal("1.5"),
        "recurring": {"interval": "month"},
        "metadata": {"a": "1"},
        "currency_options": {"eur": {"unit_amount": 2, "tax_behavior": "inclusive"}},
    }
    created = client.v1.products.create(
        {"id": product, "name": "Tokens", "default_price_data": price_data}
    )
    assert created.id == product
    expand = {"expand[]": "default_price.currency_options"}
    answer = http.get(f"/v1/products/{product}", params=expand).json()
    assert problems(answer, "Product") == []
    price = answer["default_price"]
    assert (price["product"], price["unit_amount"]) == (product, None)
    assert price["unit_amount_decimal"] == "1.5"
    assert price["metadata"] == {"a": "1"}
    assert price["currency_options"]["eur"]["unit_amount"] == 2
    assert sorted(price["currency_options"]) == ["eur", "usd"]


def test_an_id_is_given_once(client: StripeClient, http: httpx.Client):
    product = own_id()
    client.v1.products.create({"id": product, "name": "Tokens"})
    response = http.post("/v1/products", data={"id": product, "name": "Tokens"})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "resource_already_exists"


def test_an_update_changes_what_it_gives_and_unsets_what_is_empty(
    client: StripeClient, http: httpx.Client
):
    created = client.v1.products.create(EVERYTHING)  # type: ignore[arg-type]
    form = {"active": "false", "description": "", "images": "", "metadata": "", "name": "Old"}
    answer = http.post(f"/v1/products/{created.id}", data=form).json()
    assert problems(answer, "Product") == []
    changed = {"active": False, "description": None, "images": [], "metadata": {}, "name": "Old"}
    assert {name: answer[name] for name in EVERYTHING} == EVERYTHING | changed


def test_the_default_price_is_one_of_its_own(client: StripeClient, http: httpx.Client):
    product = client.v1.products.create({"name": "Tokens"}).id
    terms: Any = {"currency": "usd", "unit_amount": 5, "product": product}
    own = client.v1.prices.create(terms).id
    elsewhere: Any = {"currency": "usd", "unit_amount": 5, "product_data": {"name": "Other"}}
    other = client.v1.prices.create(elsewhere).id
    assert client.v1.products.update(product, {"default_price": own}).default_price == own
    response = http.post(f"/v1/products/{product}", data={"default_price": other})
    assert response.json()["error"]["param"] == "default_price"


def test_lists_narrow_by_state_and_ids(client: StripeClient, http: httpx.Client):
    url = f"https://example.com/{uuid.uuid4().hex}"
    sold = client.v1.products.create({"name": "Sold", "url": url, "shippable": True}).id
    old = client.v1.products.create({"name": "Old", "url": url, "active": False}).id

    def found(**params: Any) -> list[str]:
        wanted: Any = {"url": url, **params}
        return [product.id for product in client.v1.products.list(wanted).data]

    assert found() == [old, sold]
    assert found(active=True) == [sold]
    assert found(active=False) == [old]
    assert found(ids=[old]) == [old]
    assert found(shippable=True) == [sold]
    assert found(type="good") == []
    page = http.get("/v1/products", params={"url": url}).json()
    assert problems(page, "list:Product") == []


def test_only_a_product_without_prices_is_deleted(client: StripeClient, http: httpx.Client):
    product = client.v1.products.create({"name": "Tokens"}).id
    answer = http.delete(f"/v1/products/{product}").json()
    assert deletion_problems(answer, "product") == []
    assert http.get(f"/v1/products/{product}").status_code == 404
    terms: Any = {"currency": "usd", "unit_amount": 5, "product_data": {"name": "Sold"}}
    sold = client.v1.prices.create(terms).product
    assert http.delete(f"/v1/products/{sold}").status_code == 400


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x", "id": "a/b"}, "id"),
        ({"name": "x", "id": ".."}, "id"),
        ({"name": "x", "statement_descriptor": "x" * 23}, "statement_descriptor"),
        ({"name": "x", "package_dimensions[height]": "1"}, "package_dimensions[length]"),
        ({"name": "x", "active": "yes"}, "active"),
        ({"name": "x", "default_price_data[currency]": "usd"}, "default_price_data[unit_amount]"),
        (
            {
                "name": "x",
                "default_price_data[currency]": "usd",
                "default_price_data[unit_amount]": "1",
                "default_price_data[currency_options][usd][unit_amount]": "1",
            },
            "default_price_data[currency_options][usd]",
        ),
    ],
)
def test_bad_input_names_the_field(http: httpx.Client, form: dict[str, str], param: str):
    response = http.post("/v1/products", data=form)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param
