"""Customers over HTTP, through the official client."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from stripe import InvalidRequestError, StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import deletion_problems, problems

EVERYTHING: dict[str, Any] = {
    "name": "John Doe",
    "email": "john@example.com",
    "phone": "+41 44 123 45 67",
    "description": "A tester",
    "business_name": "Doe Ltd",
    "individual_name": "John Doe",
    "address": {"line1": "1 Way", "city": "Bern", "country": "CH", "postal_code": "3000"},
    "shipping": {"name": "John", "address": {"line1": "2 Way"}, "phone": "117"},
    "preferred_locales": ["de", "fr"],
    "metadata": {"tier": "gold"},
    "balance": -500,
    "invoice_prefix": "DOE1",
    "tax_exempt": "exempt",
    "payment_method": "pm_card_visa",
    "source": "tok_visa",
    "validate": False,
    "invoice_settings": {
        "custom_fields": [{"name": "PO", "value": "7"}],
        "default_payment_method": "pm_card_visa",
        "footer": "Thank you",
        "rendering_options": {"amount_tax_display": "exclude_tax"},
    },
}
"""Every parameter of a creation that no other object is needed for."""


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


def refused(response: httpx.Response) -> tuple[int, str | None, str | None]:
    error = response.json()["error"]
    return response.status_code, error.get("code"), error.get("param")


def test_a_customer_without_any_field(http: httpx.Client):
    answer = http.post("/v1/customers").json()
    assert problems(answer, "Customer") == []
    assert answer["id"].startswith("cus_")
    assert answer["invoice_settings"] == {
        "custom_fields": None,
        "default_payment_method": None,
        "footer": None,
        "rendering_options": None,
    }


def test_every_parameter_is_kept_and_shown(client: StripeClient, http: httpx.Client):
    created = client.v1.customers.create(EVERYTHING)  # type: ignore[arg-type]
    answer = http.get(f"/v1/customers/{created.id}").json()
    assert problems(answer, "Customer") == []
    assert answer["balance"] == -500
    assert answer["default_source"] == "tok_visa"
    for name in ("name", "email", "phone", "description", "tax_exempt", "invoice_prefix"):
        assert answer[name] == EVERYTHING[name]
    for name in ("business_name", "individual_name", "preferred_locales", "metadata"):
        assert answer[name] == EVERYTHING[name]
    assert answer["address"] == {**EVERYTHING["address"], "line2": None, "state": None}
    assert answer["shipping"]["address"]["line1"] == "2 Way"
    assert answer["invoice_settings"] == {
        **EVERYTHING["invoice_settings"],
        "rendering_options": {"amount_tax_display": "exclude_tax", "template": None},
    }


def test_an_update_changes_what_it_gives_and_unsets_what_is_empty(
    client: StripeClient, http: httpx.Client
):
    details = {name: value for name, value in EVERYTHING.items() if name != "invoice_prefix"}
    created = client.v1.customers.create(details)  # type: ignore[arg-type]
    form = {
        "name": "",
        "address": "",
        "metadata[tier]": "",
        "metadata[since]": "2026",
        "balance": "100",
        "invoice_settings[footer]": "",
        "default_source": "",
    }
    answer = http.post(f"/v1/customers/{created.id}", data=form).json()
    assert problems(answer, "Customer") == []
    assert (answer["name"], answer["address"], answer["default_source"]) == (None, None, None)
    assert answer["metadata"] == {"since": "2026"}
    assert answer["balance"] == 100
    assert answer["invoice_settings"]["footer"] is None
    assert answer["invoice_settings"]["default_payment_method"] == "pm_card_visa"
    assert answer["email"] == "john@example.com"


def test_an_invoice_prefix_is_one_customers(http: httpx.Client):
    prefix = uuid.uuid4().hex[:12].upper()
    assert http.post("/v1/customers", data={"invoice_prefix": prefix}).status_code == 200
    again = http.post("/v1/customers", data={"invoice_prefix": prefix})
    assert refused(again) == (400, None, "invoice_prefix")


def test_lists_find_customers_by_email_and_page_through_them(
    client: StripeClient, http: httpx.Client
):
    email = f"{uuid.uuid4().hex}@example.com"
    made = [client.v1.customers.create({"email": email}).id for _ in range(3)]
    page = http.get("/v1/customers", params={"email": email, "limit": "2"}).json()
    assert problems(page, "list:Customer") == []
    assert [customer["id"] for customer in page["data"]] == made[:0:-1]
    assert page["has_more"] is True
    found = client.v1.customers.list({"email": email, "limit": 2}).auto_paging_iter()
    assert [customer.id for customer in found] == made[::-1]
    in_future = {"email": email, "created": {"gt": 4_000_000_000}}
    assert client.v1.customers.list(in_future).data == []  # type: ignore[arg-type]


def test_a_deleted_customer_leaves_a_stub(client: StripeClient, http: httpx.Client):
    email = f"{uuid.uuid4().hex}@example.com"
    created = client.v1.customers.create({"email": email})
    answer = http.delete(f"/v1/customers/{created.id}").json()
    assert deletion_problems(answer, "customer") == []
    assert http.get(f"/v1/customers/{created.id}").json() == answer
    assert client.v1.customers.list({"email": email}).data == []
    again = http.delete(f"/v1/customers/{created.id}")
    assert refused(again) == (404, "resource_missing", None)
    changed = http.post(f"/v1/customers/{created.id}", data={"name": "x"})
    assert refused(changed) == (404, "resource_missing", None)


def test_a_customer_on_a_test_clock_goes_with_it(client: StripeClient, http: httpx.Client):
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_700_000_000})
    form = {"test_clock": clock.id, "expand[]": "test_clock"}
    answer = http.post("/v1/customers", data=form).json()
    assert problems(answer, "Customer") == []
    assert answer["created"] == 1_700_000_000
    assert answer["test_clock"]["id"] == clock.id
    listed = client.v1.customers.list({"test_clock": clock.id})
    assert [customer.id for customer in listed.data] == [answer["id"]]
    deleted = http.delete(f"/v1/test_helpers/test_clocks/{clock.id}").json()
    assert deletion_problems(deleted, "test_helpers.test_clock") == []
    assert http.get(f"/v1/customers/{answer['id']}").json()["deleted"] is True


@pytest.mark.parametrize("deleted", ["customers", "test_helpers/test_clocks"])
def test_subscriptions_end_with_their_customer(
    client: StripeClient, http: httpx.Client, deleted: str
):
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": 1_700_000_000})
    customer = client.v1.customers.create({"test_clock": clock.id})
    price = client.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 500,
            "product_data": {"name": "Seat"},
            "recurring": {"interval": "month"},
        }
    )
    subscription = client.v1.subscriptions.create(
        {"customer": customer.id, "items": [{"price": price.id}]}
    )
    expanded = http.get(f"/v1/customers/{customer.id}", params={"expand[]": "subscriptions"})
    shown = expanded.json()
    assert problems(shown, "Customer") == []
    assert [one["id"] for one in shown["subscriptions"]["data"]] == [subscription.id]
    assert shown["currency"] == "usd"
    too_far = 1_700_000_000 + 70 * 86_400
    with pytest.raises(InvalidRequestError, match="two intervals"):
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": too_far})
    gone = customer.id if deleted == "customers" else clock.id
    assert http.delete(f"/v1/{deleted}/{gone}").status_code == 200
    ended = http.get(f"/v1/subscriptions/{subscription.id}").json()
    assert (ended["status"], ended["ended_at"]) == ("canceled", 1_700_000_000)
    assert http.get(f"/v1/customers/{customer.id}").json()["deleted"] is True


def test_a_payment_method_is_attached_as_a_stand_in(client: StripeClient, http: httpx.Client):
    customer = client.v1.customers.create({})
    url = "/v1/payment_methods/pm_card_chargeCustomerFail/attach"
    answer = http.post(url, data={"customer": customer.id}).json()
    assert (answer["id"], answer["customer"]) == ("pm_card_chargeCustomerFail", customer.id)
    assert (answer["object"], answer["type"]) == ("payment_method", "card")
    assert refused(http.post(url, data={"customer": "cus_x"})) == (
        400,
        "resource_missing",
        "customer",
    )


@pytest.mark.parametrize("path", ["sources", "tax_ids", "default_source", "test_clock"])
def test_what_is_hidden_or_empty_can_be_expanded(http: httpx.Client, path: str):
    answer = http.post("/v1/customers", data={"expand[]": path})
    assert answer.status_code == 200, answer.text
    assert problems(answer.json(), "Customer") == []


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"email": "nobody"}, "email"),
        ({"invoice_prefix": "lower"}, "invoice_prefix"),
        ({"invoice_prefix": "A" * 13}, "invoice_prefix"),
        ({"tax_exempt": "maybe"}, "tax_exempt"),
        ({"balance": "1.5"}, "balance"),
        ({"name": "x" * 257}, "name"),
        ({"phone": "1" * 21}, "phone"),
        ({"shipping[name]": "John"}, "shipping[address]"),
        ({"address[town]": "Bern"}, "address[town]"),
        ({"metadata[a[b]": "1"}, None),
        ({"next_invoice_sequence": "9"}, "next_invoice_sequence"),
        ({"test_clock": "clock_x"}, "test_clock"),
        ({"name": "John Doe", "expand[0]": "nothing"}, "expand[0]"),
        ({f"invoice_settings[custom_fields][{i}][name]": "x" for i in range(5)}, None),
    ],
)
def test_bad_input_names_the_field(
    client: StripeClient,
    http: httpx.Client,
    served: Served,
    form: dict[str, str],
    param: str | None,
):
    head = served.head()
    response = http.post("/v1/customers", data=form)
    assert response.status_code == 400
    if param is not None:
        assert response.json()["error"]["param"] == param
    assert served.head() == head


def test_an_unknown_customer_is_not_found(client: StripeClient):
    with pytest.raises(InvalidRequestError) as missing:
        client.v1.customers.retrieve("cus_x")
    assert missing.value.http_status == 404
    assert missing.value.user_message == "No such customer: 'cus_x'"
