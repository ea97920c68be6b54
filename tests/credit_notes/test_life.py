"""The whole life of credit notes in the words of the official client."""

from typing import Any

import pytest
from stripe import InvalidRequestError, Invoice, StripeClient

from tests.support.sdk import Shop, at
from tests.support.served import Served


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def invoice(client: StripeClient) -> Invoice:
    """An open invoice of US$30: a seat for US$20 and another one for US$10."""
    shop = Shop.open(client, at("2026-01-01"))
    customer = shop.customer().id
    shop.subscribe(customer, shop.seat(2000), shop.seat(1000))
    [made] = shop.invoices(customer)
    return made


def amounts(client: StripeClient, invoice: Invoice) -> tuple[int, int, int, int, int]:
    """Due, paid, remaining, credited before payment and after it."""
    now = client.v1.invoices.retrieve(invoice.id)
    return (
        now.amount_due,
        now.amount_paid,
        now.amount_remaining,
        now.pre_payment_credit_notes_amount,
        now.post_payment_credit_notes_amount,
    )


def test_from_an_open_invoice_to_credit_on_the_next_one(
    client: StripeClient, invoice: Invoice
) -> None:
    notes, customer = client.v1.credit_notes, str(invoice.customer)
    first = notes.create({"invoice": invoice.id, "amount": 900, "reason": "order_change"})
    assert (first.number, first.type) == (f"{invoice.number}-CN-01", "pre_payment")
    assert [line.amount for line in first.lines.data] == [600, 300]
    assert amounts(client, invoice) == (2100, 0, 2100, 900, 0)

    notes.void_credit_note(first.id)
    assert notes.retrieve(first.id).status == "void"
    assert amounts(client, invoice) == (3000, 0, 3000, 0, 0)

    seat = invoice.lines.data[0]
    second = notes.create(
        {
            "invoice": invoice.id,
            "lines": [
                {"type": "invoice_line_item", "invoice_line_item": seat.id, "amount": 500},
                {"type": "custom_line_item", "description": "Trouble", "unit_amount": 100},
            ],
            "memo": "Sorry",
        }
    )
    assert (second.number, second.amount, second.memo) == (f"{invoice.number}-CN-02", 600, "Sorry")
    assert [line.description for line in second.lines.data] == [seat.description, "Trouble"]
    paid = client.v1.invoices.pay(invoice.id, {"paid_out_of_band": True})
    assert (paid.amount_paid, paid.amount_remaining) == (2400, 0)

    third = notes.create(
        {"invoice": invoice.id, "amount": 1000, "credit_amount": 700, "out_of_band_amount": 300}
    )
    assert (third.type, third.post_payment_amount) == ("post_payment", 1000)
    assert amounts(client, invoice) == (2400, 2400, 0, 600, 1000)
    assert client.v1.customers.retrieve(customer).balance == -700
    [changed] = client.v1.customers.balance_transactions.list(customer).data
    assert (changed.type, changed.amount, changed.credit_note) == ("credit_note", -700, third.id)
    assert third.customer_balance_transaction == changed.id

    listed = notes.list({"invoice": invoice.id})
    assert [note.id for note in listed.data] == [third.id, second.id, first.id]


def test_an_invoice_credited_in_full_is_paid(client: StripeClient, invoice: Invoice) -> None:
    client.v1.credit_notes.create({"invoice": invoice.id, "amount": 3000})
    assert client.v1.invoices.retrieve(invoice.id).status == "paid"
    assert amounts(client, invoice) == (0, 0, 0, 3000, 0)


def test_a_preview_is_the_note_and_records_nothing(
    client: StripeClient, invoice: Invoice, served: Served
) -> None:
    head, notes = served.head(), client.v1.credit_notes
    asked: Any = {"invoice": invoice.id, "amount": 900}
    preview = notes.preview(asked)
    lines = client.v1.credit_notes.preview_lines.list(asked | {"limit": 1})
    assert served.head() == head
    made = notes.create(asked)
    for name in ("amount", "number", "pre_payment_amount", "subtotal", "status"):
        assert getattr(preview, name) == getattr(made, name)
    assert ([line.amount for line in lines.data], lines.has_more) == ([600], True)


def test_a_repeated_request_credits_once(client: StripeClient, invoice: Invoice) -> None:
    asked: Any = {"invoice": invoice.id, "amount": 900}
    same: Any = {"idempotency_key": f"credit-{invoice.id}"}
    one, other = (client.v1.credit_notes.create(asked, same) for _ in range(2))
    assert one.id == other.id
    assert amounts(client, invoice)[3] == 900


def test_voiding_an_invoice_voids_its_notes(client: StripeClient, invoice: Invoice) -> None:
    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 900})
    client.v1.invoices.void_invoice(invoice.id)
    assert client.v1.credit_notes.retrieve(note.id).status == "void"
    assert amounts(client, invoice) == (3000, 0, 3000, 0, 0)


def test_notes_of_another_ledger_are_not_found(
    client: StripeClient, invoice: Invoice, served: Served
) -> None:
    note = client.v1.credit_notes.create({"invoice": invoice.id, "amount": 900}).id
    stranger = served.client(served.new_key().key).v1.credit_notes
    for asked in (
        lambda: stranger.retrieve(note),
        lambda: stranger.update(note, {"memo": "x"}),
        lambda: stranger.void_credit_note(note),
        lambda: stranger.line_items.list(note),
    ):
        with pytest.raises(InvalidRequestError) as refused:
            asked()
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    with pytest.raises(InvalidRequestError) as unknown:
        stranger.create({"invoice": invoice.id, "amount": 1})
    assert (unknown.value.http_status, unknown.value.param) == (400, "invoice")
    with pytest.raises(InvalidRequestError) as number:
        client.v1.credit_notes.create({"invoice": str(invoice.number), "amount": 1})
    assert (number.value.code, number.value.param) == ("resource_missing", "invoice")
