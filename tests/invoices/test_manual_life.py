"""The whole life of invoices made by hand, through the official client."""

from typing import Any

from stripe import StripeClient

from tests.support.sdk import DAY, HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


def opened(served: Served) -> tuple[StripeClient, Shop]:
    client = served.client(served.new_key().key)
    return client, Shop.open(client, JANUARY)


def test_from_draft_to_paid(served: Served) -> None:
    client, shop = opened(served)
    invoices, items = client.v1.invoices, client.v1.invoice_items
    customer = shop.customer(name="Ann", email="ann@example.com").id
    draft = invoices.create(
        {"customer": customer, "collection_method": "send_invoice", "days_until_due": 30}
    )
    price = client.v1.prices.create(
        {"currency": "usd", "unit_amount": 1999, "product_data": {"name": "Workshop"}}
    )
    items.create(
        {
            "customer": customer,
            "invoice": draft.id,
            "pricing": {"price": price.id},
            "quantity": 2,
        }
    )
    fee = items.create(
        {"customer": customer, "invoice": draft.id, "amount": 500, "description": "Travel"}
    )
    items.update(fee.id, {"amount": 750})
    added: Any = {"lines": [{"amount": -98, "description": "Goodwill"}]}
    draft = invoices.add_lines(draft.id, added)
    assert (draft.subtotal, draft.total, draft.amount_due) == (4650, 4650, 4650)
    lines = invoices.line_items.list(draft.id).data
    assert [line.amount for line in lines] == [3998, 750, -98]
    invoices.line_items.update(draft.id, lines[2].id, {"description": "Sorry for the wait"})
    sent = invoices.send_invoice(draft.id)
    assert (sent.status, sent.due_date) == ("open", JANUARY + 30 * DAY)
    assert (sent.number or "").endswith("-0001")
    assert sent.lines.data[2].description == "Sorry for the wait"
    shop.advance(JANUARY + 2 * DAY)
    paid = invoices.pay(draft.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 4650, 0)
    assert paid.status_transitions.paid_at == JANUARY + 2 * DAY
    [row] = invoices.list({"customer": customer}).data
    assert row.to_dict() == invoices.retrieve(draft.id).to_dict()


def test_between_invoices_of_a_subscription(served: Served) -> None:
    """Numbers, credit and items run through invoices of both kinds."""
    client, shop = opened(served)
    invoices, items = client.v1.invoices, client.v1.invoice_items
    customer = shop.customer().id
    subscription = shop.subscribe(customer, shop.price, shop.seat())
    shop.use(customer, 250)
    extra: Any = {"customer": customer, "amount": 300, "description": "Setup"}
    extra["subscription"] = subscription.id
    items.create(extra)
    credit = invoices.create({"customer": customer})
    items.create({"customer": customer, "amount": -1000, "invoice": credit.id})
    assert invoices.finalize_invoice(credit.id).ending_balance == -1000
    thrown_away = invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    items.create({"customer": customer, "amount": 40, "invoice": thrown_away.id})
    invoices.delete(thrown_away.id)
    shop.advance(FEBRUARY + HOUR)
    [first, manual, cycle] = shop.invoices(customer)
    assert [i.billing_reason for i in (first, manual, cycle)] == [
        "subscription_create",
        "manual",
        "subscription_cycle",
    ]
    assert [(i.number or "")[-4:] for i in (first, manual, cycle)] == ["0001", "0002", "0003"]
    assert [line.amount for line in cycle.lines.data] == [12, 900, 300, 40]
    assert (cycle.total, cycle.starting_balance, cycle.amount_due) == (1252, -1000, 252)
    voided = invoices.void_invoice(cycle.id)
    assert voided.status == "void"
    assert client.v1.customers.retrieve(customer).balance == -1000


def test_every_invoice_made_by_hand_is_computed_again_to_the_same_bytes(served: Served) -> None:
    key = served.new_key().key
    client = served.client(key)
    shop = Shop.open(client, JANUARY)
    customer = shop.customer().id
    items: Any = client.v1.invoice_items
    for amount in (100, 200):
        items.create({"customer": customer, "amount": amount})
    draft = client.v1.invoices.create(
        {"customer": customer, "pending_invoice_items_behavior": "include"}
    )
    [first, second] = client.v1.invoices.line_items.list(draft.id).data
    changes: Any = {"lines": [{"id": first.id, "amount": 150, "metadata": {"a": "b"}}]}
    client.v1.invoices.update_lines(draft.id, changes)
    gone: Any = {"lines": [{"id": second.id, "behavior": "unassign"}]}
    client.v1.invoices.remove_lines(draft.id, gone)
    more: Any = {"lines": [{"amount": 33, "discountable": False}]}
    client.v1.invoices.add_lines(draft.id, more)
    client.v1.invoices.finalize_invoice(draft.id)
    with served.http(key) as http:
        answer = http.get(f"/audit/v1/invoices/{draft.id}/replay").json()
    assert answer["equal"] is True, answer
