"""A customer's balance over HTTP: every change of it is there to be read."""

from typing import Any

import pytest
from stripe import InvalidRequestError, StripeClient

from tests.support.http_shop import HttpShop, shop
from tests.support.served import Served

__all__ = ["shop"]

TYPE = "CustomerBalanceTransaction"


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


def changes(shop: HttpShop, **filters: Any) -> list[tuple[str, int, int]]:
    """(kind, amount, balance after it), oldest first."""
    path = f"/v1/customers/{shop.customer}/balance_transactions"
    data = shop.get(path, f"list:{TYPE}", **filters)["data"]
    return [(one["type"], one["amount"], one["ending_balance"]) for one in data[::-1]]


def test_every_change_is_told(client: StripeClient) -> None:
    customer = client.v1.customers.create({"balance": -500})
    of = client.v1.customers.balance_transactions
    made = of.create(
        customer.id,
        {"amount": 120, "currency": "usd", "description": "Used", "metadata": {"a": "b"}},
    )
    assert (made.type, made.amount, made.ending_balance) == ("adjustment", 120, -380)
    assert client.v1.customers.retrieve(customer.id).balance == -380
    client.v1.customers.update(customer.id, {"balance": 0})
    listed = of.list(customer.id).data
    assert [(one.type, one.amount, one.currency) for one in listed] == [
        ("adjustment", 380, "usd"),
        ("adjustment", 120, "usd"),
        ("initial", -500, "usd"),
    ]
    assert of.retrieve(customer.id, made.id).description == "Used"
    changed = of.update(customer.id, made.id, {"metadata": {"a": ""}, "description": "Spent"})
    assert (changed.description, changed.amount, changed.to_dict()["metadata"]) == (
        "Spent",
        120,
        {},
    )
    assert of.retrieve(customer.id, listed[2].id).ending_balance == -500


def test_a_repeated_request_moves_the_balance_once(client: StripeClient) -> None:
    customer = client.v1.customers.create({}).id
    of, same = client.v1.customers.balance_transactions, {"idempotency_key": f"once-{customer}"}
    made = [
        of.create(customer, {"amount": -100, "currency": "usd"}, same)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    assert made[0].id == made[1].id
    assert client.v1.customers.retrieve(customer).balance == -100


def test_a_page_begins_after_a_change(client: StripeClient) -> None:
    customer = client.v1.customers.create({}).id
    of = client.v1.customers.balance_transactions
    made = [of.create(customer, {"amount": n, "currency": "usd"}) for n in (1, 2, 3)]
    page = of.list(customer, {"limit": 1, "starting_after": made[2].id})
    assert ([one.id for one in page.data], page.has_more) == ([made[1].id], True)
    assert of.list(customer, {"created": {"gt": 4_000_000_000}}).data == []


def test_an_invoice_uses_credit_and_gives_it_back_when_voided(shop: HttpShop) -> None:
    shop.post(f"/v1/customers/{shop.customer}", balance=-500)
    shop.subscribe(shop.seat)
    [invoice] = shop.invoices()
    assert (invoice["amount_due"], invoice["starting_balance"]) == (1500, -500)
    shop.post(f"/v1/invoices/{invoice['id']}/void")
    used = [("applied_to_invoice", 500, 0), ("unapplied_from_invoice", -500, -500)]
    assert changes(shop) == [("adjustment", -500, -500), *used]
    assert changes(shop, invoice=invoice["id"]) == used


def test_changes_of_another_customer_or_ledger_are_not_found(
    client: StripeClient, served: Served
) -> None:
    mine, other = (client.v1.customers.create({"balance": -1}).id for _ in range(2))
    of = client.v1.customers.balance_transactions
    made = of.create(mine, {"amount": 1, "currency": "usd"})
    for asked in (
        lambda: of.retrieve(other, made.id),
        lambda: of.update(other, made.id, {"description": "x"}),
        lambda: of.list("cus_x"),
        lambda: of.create("cus_x", {"amount": 1, "currency": "usd"}),
        lambda: served.client(served.new_key().key).v1.customers.balance_transactions.retrieve(
            mine, made.id
        ),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            asked()
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"currency": "usd"}, "parameter_missing", "amount"),
        ({"amount": 1}, "parameter_missing", "currency"),
        ({"amount": "1.5", "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 2**63, "currency": "usd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 1, "currency": "xyz"}, None, "currency"),
        ({"amount": 1, "currency": "usd", "description": "x" * 351}, None, "description"),
        ({"amount": 1, "currency": "usd", "type": "gift"}, "parameter_unknown", "type"),
    ],
)
def test_bad_input_names_the_field(
    shop: HttpShop, form: dict[str, Any], code: str | None, param: str
) -> None:
    path = f"/v1/customers/{shop.customer}/balance_transactions"
    refused = shop.refused("POST", path, **form)
    assert (refused.status, refused.code, refused.param) == (400, code, param)
    assert changes(shop) == []
