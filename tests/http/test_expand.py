"""Expanding: ids become objects, hidden fields appear, and nothing else can be asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from api.http.errors import ApiError
from api.http.expand import Expansions, Hidden, Reference, check_before, expand
from api.http.lists import list_object

PRODUCTS = {"prod_1": {"object": "product", "id": "prod_1", "name": "Tokens"}}
CUSTOMERS = {
    f"cus_{n}": {"object": "customer", "id": f"cus_{n}", "default_product": "prod_1"}
    for n in range(3)
}
SUBSCRIPTIONS = {"sub_1": {"object": "subscription", "id": "sub_1", "customer": "cus_1"}}


class Loads:
    """A store that remembers which ids it was asked for."""

    def __init__(self, objects: dict[str, dict[str, Any]]) -> None:
        self.objects = objects
        self.asked: list[list[str]] = []

    def __call__(self, ids: Sequence[str]) -> Mapping[str, dict[str, Any]]:
        self.asked.append(list(ids))
        return {i: dict(self.objects[i]) for i in ids if i in self.objects}


def tiers_of(price: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"up_to": None, "of": price["id"]}]


EXPANSIONS: Expansions = {
    ("invoice", "customer"): Reference(Loads(CUSTOMERS), to="customer"),
    ("invoice", "parent.subscription_details.subscription"): Reference(
        Loads(SUBSCRIPTIONS), to="subscription"
    ),
    ("customer", "default_product"): Reference(Loads(PRODUCTS)),
    ("subscription", "customer"): Reference(Loads(CUSTOMERS), to="customer"),
    ("price", "product"): Reference(Loads(PRODUCTS)),
    ("price", "tiers"): Hidden(tiers_of),
}


def invoice(customer: str | None = "cus_1") -> dict[str, Any]:
    return {
        "object": "invoice",
        "id": "in_1",
        "customer": customer,
        "parent": {"subscription_details": {"subscription": "sub_1"}},
        "lines": list_object("/lines", [{"object": "line_item", "id": "il_1"}], has_more=False),
    }


def subscription() -> dict[str, Any]:
    price = {"object": "price", "id": "price_1", "product": "prod_1"}
    item = {"object": "subscription_item", "id": "si_1", "price": price}
    items = list_object("/items", [item], has_more=False)
    return {"object": "subscription", "id": "sub_1", "customer": "cus_1", "items": items}


def test_an_id_becomes_its_object() -> None:
    assert expand(invoice(), ["customer"], EXPANSIONS)["customer"] == CUSTOMERS["cus_1"]


def test_a_path_goes_on_inside_what_was_expanded() -> None:
    expanded = expand(invoice(), ["customer.default_product"], EXPANSIONS)
    assert expanded["customer"]["default_product"] == PRODUCTS["prod_1"]
    assert CUSTOMERS["cus_1"]["default_product"] == "prod_1"


def test_a_path_goes_through_nested_fields_and_lists() -> None:
    path = "parent.subscription_details.subscription"
    nested = expand(invoice(), [path, f"{path}.customer"], EXPANSIONS)
    details = nested["parent"]["subscription_details"]
    assert details["subscription"]["customer"] == CUSTOMERS["cus_1"]
    listed = expand(subscription(), ["items.data.price.product"], EXPANSIONS)
    assert listed["items"]["data"][0]["price"]["product"] == PRODUCTS["prod_1"]


def test_a_hidden_field_appears() -> None:
    price = {"object": "price", "id": "price_1", "product": "prod_1"}
    assert expand(price, ["tiers"], EXPANSIONS)["tiers"] == [{"up_to": None, "of": "price_1"}]


def test_a_list_of_ids_becomes_a_list_of_objects() -> None:
    customers = Loads(CUSTOMERS)
    holding = {"object": "tab", "id": "tab_1", "guests": ("cus_1", "cus_gone", "cus_2")}
    expansions = {**EXPANSIONS, ("tab", "guests"): Reference(customers, to="customer")}
    expanded = expand(holding, ["guests.default_product"], expansions)
    first, gone, second = expanded["guests"]
    assert (first["id"], gone, second["id"]) == ("cus_1", "cus_gone", "cus_2")
    assert first["default_product"] == PRODUCTS["prod_1"]
    assert customers.asked == [["cus_1", "cus_gone", "cus_2"]]


def test_a_path_goes_through_a_list_of_maps() -> None:
    holding = {"object": "tab", "id": "tab_1", "shares": [{"guest": "cus_1"}, {"guest": "cus_2"}]}
    expansions: Expansions = {("tab", "shares.guest"): Reference(Loads(CUSTOMERS))}
    expanded = expand(holding, ["shares.guest"], expansions)
    assert [share["guest"]["id"] for share in expanded["shares"]] == ["cus_1", "cus_2"]
    words = {"object": "tab", "id": "tab_1", "words": ["a"]}
    with pytest.raises(ApiError):
        expand(words, ["words.guest"], expansions)


def test_a_page_is_loaded_at_once() -> None:
    customers = Loads(CUSTOMERS)
    page = list_object("/v1/invoices", [invoice(f"cus_{n % 3}") for n in range(9)], has_more=False)
    expand(page, ["data.customer"], {("invoice", "customer"): Reference(customers)})
    assert [item["customer"]["id"] for item in page["data"]] == ["cus_0", "cus_1", "cus_2"] * 3
    assert customers.asked == [["cus_0", "cus_1", "cus_2"]]


def test_what_is_not_there_stays() -> None:
    assert expand(invoice(None), ["customer.default_product"], EXPANSIONS)["customer"] is None
    assert expand(invoice("cus_gone"), ["customer"], EXPANSIONS)["customer"] == "cus_gone"


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "id",
        "customer.nothing",
        "customer.id.x",
        "id.x",
        "lines",
        "lines.data",
        "lines.customer",
        "data.customer",
        "parent",
        "parent.subscription_details",
        "customer.",
        ".customer",
        "",
        "a.b.c.d.e",
    ],
)
def test_refuses_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(ApiError, match="This property cannot be expanded") as refused:
        expand(invoice(), ["customer", path], EXPANSIONS)
    assert (refused.value.status, refused.value.param) == (400, "expand[1]")


@pytest.mark.parametrize("path", ["customer", "data", "data.nothing", "url"])
def test_in_a_page_paths_start_with_data(path: str) -> None:
    page = list_object("/v1/invoices", [invoice()], has_more=False)
    with pytest.raises(ApiError):
        expand(page, [path], EXPANSIONS)


@pytest.mark.parametrize(
    "path",
    [
        "customer",
        "customer.default_product",
        "customer.default_product.anything",
        "parent.subscription_details.subscription.customer",
        "lines.data.anything",
    ],
)
def test_a_path_that_may_lead_somewhere_passes_before_there_is_anything(path: str):
    check_before([path], "invoice", EXPANSIONS)


@pytest.mark.parametrize(
    "path",
    [
        "nothing",
        "lines",
        "parent",
        "parent.subscription_details",
        "customer.nothing",
        "parent.subscription_details.subscription.nothing",
    ],
)
def test_a_path_that_leads_nowhere_is_refused_before_there_is_anything(path: str):
    with pytest.raises(ApiError) as refused:
        check_before(["customer", path], "invoice", EXPANSIONS)
    assert refused.value.param == "expand[1]"
