"""Extensions, currency options and one-time prices over HTTP, through the official client."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from stripe import StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import problems

EXTENSIONS = {"included_units", "percentage_fee", "minimum_charge", "maximum_charge"}
FORM = {
    "currency": "usd",
    "unit_amount": "4",
    "recurring[interval]": "month",
    "included_units": "1000.50",
    "percentage_fee[percent]": "2.90",
    "minimum_charge": "500",
    "maximum_charge": "100000",
    "expand[]": "currency_options",
}


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


def test_extensions_are_shown_in_canonical_form(http: httpx.Client, product: str):
    answer = http.post("/v1/prices", data={**FORM, "product": product}).json()
    assert {name: answer[name] for name in EXTENSIONS} == {
        "included_units": "1000.5",
        "percentage_fee": {"of": "quantity", "percent": "2.9"},
        "minimum_charge": 500,
        "maximum_charge": 100000,
    }
    again = http.get(f"/v1/prices/{answer['id']}", params={"expand[]": "currency_options"})
    assert again.json() == answer
    [listed] = http.get("/v1/prices", params={"product": product}).json()["data"]
    assert listed.items() <= answer.items()


def test_a_price_without_extensions_shows_none(http: httpx.Client, product: str):
    form = {"currency": "usd", "unit_amount": "4", "product": product}
    answer = http.post("/v1/prices", data=form).json()
    assert problems(answer, "Price") == []
    assert not EXTENSIONS & answer.keys()


def test_the_official_client_sends_them_beside_its_own(client: StripeClient, product: str):
    terms: Any = {
        "currency": "usd",
        "unit_amount": 0,
        "product": product,
        "included_units": Decimal("1E+3"),
        "percentage_fee": {"percent": Decimal("0.5"), "of": "amount"},
    }
    made = client.v1.prices.create(terms).to_dict()
    assert made["included_units"] == "1000"
    assert made["percentage_fee"] == {"of": "amount", "percent": "0.5"}


def test_each_currency_states_limits_of_its_own(http: httpx.Client, product: str):
    form = {
        **FORM,
        "product": product,
        "currency_options[jpy][unit_amount]": "6",
        "currency_options[jpy][minimum_charge]": "700",
        "currency_options[kwd][unit_amount_decimal]": "0.0125",
    }
    answer = http.post("/v1/prices", data=form).json()
    options = answer["currency_options"]
    assert list(options) == ["jpy", "kwd", "usd"]
    assert (options["usd"]["minimum_charge"], options["usd"]["maximum_charge"]) == (500, 100000)
    assert options["jpy"]["minimum_charge"] == 700
    assert "maximum_charge" not in options["jpy"]
    assert not {"minimum_charge", "maximum_charge"} & options["kwd"].keys()
    change = {"currency_options[jpy][unit_amount]": "7", "expand[]": "currency_options"}
    options = http.post(f"/v1/prices/{answer['id']}", data=change).json()["currency_options"]
    assert list(options) == ["jpy", "kwd", "usd"]
    assert options["jpy"]["unit_amount"] == 7
    assert "minimum_charge" not in options["jpy"]
    assert options["kwd"]["unit_amount_decimal"] == "0.0125"


def test_a_tiered_price_has_tiers_in_each_currency(http: httpx.Client, product: str):
    form = {
        "currency": "usd",
        "product": product,
        "billing_scheme": "tiered",
        "tiers_mode": "volume",
        "tiers[0][up_to]": "10",
        "tiers[0][unit_amount]": "5",
        "tiers[1][up_to]": "inf",
        "tiers[1][unit_amount]": "4",
        "currency_options[eur][tiers][0][up_to]": "20",
        "currency_options[eur][tiers][0][flat_amount]": "3",
        "currency_options[eur][tiers][1][up_to]": "inf",
        "currency_options[eur][tiers][1][unit_amount_decimal]": "1E-12",
        "expand[]": "currency_options",
    }
    answer = http.post("/v1/prices", data=form).json()
    assert problems(answer, "Price") == []
    euro, dollar = answer["currency_options"]["eur"], answer["currency_options"]["usd"]
    assert [tier["up_to"] for tier in euro["tiers"]] == [20, None]
    assert euro["tiers"][0]["flat_amount"] == 3
    assert euro["tiers"][1]["unit_amount_decimal"] == "0.000000000001"
    assert [tier["up_to"] for tier in dollar["tiers"]] == [10, None]
    plain = http.get(f"/v1/prices/{answer['id']}").json()
    assert not {"tiers", "currency_options"} & plain.keys()


def test_a_one_time_price_recurs_never(http: httpx.Client, product: str):
    form = {"currency": "jpy", "unit_amount_decimal": "0.5", "product": product}
    answer = http.post("/v1/prices", data=form).json()
    assert problems(answer, "Price") == []
    assert (answer["type"], answer["recurring"]) == ("one_time", None)
    assert (answer["unit_amount"], answer["unit_amount_decimal"]) == (None, "0.5")


def test_the_price_that_comes_with_a_product_has_them_too(http: httpx.Client):
    form = {
        "name": "Tokens",
        "default_price_data[currency]": "usd",
        "default_price_data[unit_amount]": "4",
        "default_price_data[recurring][interval]": "month",
        "default_price_data[included_units]": "10",
        "default_price_data[maximum_charge]": "900",
        "default_price_data[currency_options][eur][unit_amount]": "3",
        "default_price_data[currency_options][eur][maximum_charge]": "800",
        "expand[]": "default_price",
    }
    price = http.post("/v1/products", data=form).json()["default_price"]
    assert (price["included_units"], price["maximum_charge"]) == ("10", 900)
    path = f"/v1/prices/{price['id']}"
    options = http.get(path, params={"expand[]": "currency_options"}).json()["currency_options"]
    assert (options["eur"]["unit_amount"], options["eur"]["maximum_charge"]) == (3, 800)
