"""Invoice items over HTTP; every answer has the shape that the official client declares."""

from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop

ALL = "/v1/invoiceitems"
SHAPE = "InvoiceItem"


def item(shop: HttpShop, **fields: Any) -> dict[str, Any]:
    return shop.post(ALL, SHAPE, **{"customer": shop.customer, **fields})


def listed(shop: HttpShop, **fields: Any) -> list[str]:
    page = shop.get(ALL, f"list:{SHAPE}", customer=shop.customer, **fields)
    return [one["id"] for one in page["data"]]


@pytest.fixture
def once(shop: HttpShop) -> str:
    """The id of a one-time price of 5 dollars."""
    return shop.price("Setup", unit_amount=500)


def test_an_amount_waits_for_the_next_invoice(shop: HttpShop):
    made = item(shop, amount=1200, currency="usd", description="Setup", metadata={"a": "b"})
    assert made["id"].startswith("ii_")
    assert (made["amount"], made["currency"], made["description"]) == (1200, "usd", "Setup")
    assert (made["quantity"], made["quantity_decimal"]) == (1, "1")
    assert made["pricing"] == {"type": "price_details", "unit_amount_decimal": "1200"}
    assert (made["invoice"], made["parent"], made["proration"]) == (None, None, False)
    assert made["period"] == {"start": JANUARY, "end": JANUARY}
    assert made["date"] == JANUARY
    assert made["test_clock"] == shop.clock
    assert shop.get(f"{ALL}/{made['id']}", SHAPE) == made


def test_a_price_is_billed_by_its_quantity(shop: HttpShop, once: str):
    made = item(shop, pricing={"price": once}, quantity=3)
    assert (made["amount"], made["quantity"], made["quantity_decimal"]) == (1500, 3, "3")
    assert made["pricing"]["price_details"]["price"] == once
    assert made["pricing"]["unit_amount_decimal"] == "500"
    assert made["description"] == "Setup"
    part = item(shop, pricing={"price": once}, quantity_decimal="2.5")
    assert (part["amount"], part["quantity"], part["quantity_decimal"]) == (1250, 2, "2.5")


def test_a_price_made_for_it_is_one_that_nobody_else_can_use(shop: HttpShop, once: str):
    product = shop.get(f"/v1/prices/{once}")["product"]
    data = {"currency": "usd", "product": product, "unit_amount_decimal": "0.5"}
    made = item(shop, price_data=data, quantity=3)
    assert made["amount"] == 2
    price = shop.get(f"/v1/prices/{made['pricing']['price_details']['price']}", "Price")
    assert (price["active"], price["type"], price["product"]) == (False, "one_time", product)


def test_a_unit_amount_gives_back_when_it_is_negative(shop: HttpShop):
    made = item(shop, unit_amount_decimal="-0.5", quantity=3)
    assert (made["amount"], made["discountable"], made["net_amount"]) == (-2, False, -2)
    assert item(shop, amount=5)["discountable"] is True
    assert item(shop, amount=-5, discountable=True)["discountable"] is True


def test_its_currency_is_that_of_what_it_is_for(shop: HttpShop):
    euros = shop.post("/v1/customers", test_clock=shop.clock)["id"]
    assert item(shop, customer=euros, amount=1, currency="eur")["currency"] == "eur"
    assert item(shop, customer=euros, amount=1)["currency"] == "usd"
    price = shop.post(
        "/v1/prices",
        currency="usd",
        unit_amount=100,
        product_data={"name": "Both"},
        currency_options={"eur": {"unit_amount": 90}},
    )["id"]
    bought = item(shop, customer=euros, pricing={"price": price}, quantity=2, currency="eur")
    assert (bought["currency"], bought["amount"]) == ("eur", 180)


def test_a_change_replaces_what_it_names(shop: HttpShop, once: str):
    one = f"{ALL}/{item(shop, amount=5, metadata={'a': '1'})['id']}"
    changed = shop.post(one, SHAPE, description="Fee", metadata={"b": "2"})
    assert (changed["amount"], changed["description"]) == (5, "Fee")
    assert changed["metadata"] == {"a": "1", "b": "2"}
    priced = shop.post(one, SHAPE, pricing={"price": once}, quantity=2)
    assert (priced["amount"], priced["quantity"]) == (1000, 2)
    assert shop.post(one, SHAPE, quantity=4)["amount"] == 2000
    cleared = shop.post(one, SHAPE, amount=7, description="", metadata="")
    assert (cleared["amount"], cleared["description"], cleared["metadata"]) == (7, None, {})


def test_a_deleted_item_is_gone(shop: HttpShop):
    one = f"{ALL}/{item(shop, amount=5)['id']}"
    gone = shop.delete(one)
    assert (gone["object"], gone["deleted"]) == ("invoiceitem", True)
    assert shop.refused("GET", one).status == 404
    assert shop.refused("DELETE", one).status == 404
    draft = shop.post(
        "/v1/invoices", customer=shop.customer, pending_invoice_items_behavior="include"
    )
    assert draft["lines"]["data"] == []


def test_lists_are_narrowed(shop: HttpShop):
    waiting = item(shop, amount=1)["id"]
    draft = shop.post("/v1/invoices", customer=shop.customer)["id"]
    taken = item(shop, amount=2, invoice=draft)["id"]
    assert listed(shop) == [taken, waiting]
    assert listed(shop, pending=True) == [waiting]
    assert listed(shop, pending=False) == [taken]
    assert listed(shop, invoice=draft) == [taken]
    assert listed(shop, created={"lt": JANUARY}) == []
    assert listed(shop, limit=1, starting_after=taken) == [waiting]


def test_an_item_on_a_draft_is_a_line_of_it(shop: HttpShop):
    draft = shop.post("/v1/invoices", customer=shop.customer)["id"]
    made = item(shop, amount=300, invoice=draft)
    assert made["invoice"] == draft
    [line] = shop.get(f"/v1/invoices/{draft}", "Invoice")["lines"]["data"]
    assert line["amount"] == 300
    assert line["parent"]["invoice_item_details"]["invoice_item"] == made["id"]
    one = f"{ALL}/{made['id']}"
    shop.post(one, SHAPE, amount=400, description="More")
    [line] = shop.get(f"/v1/invoices/{draft}", "Invoice")["lines"]["data"]
    assert (line["amount"], line["description"]) == (400, "More")
    shop.delete(one)
    assert shop.get(f"/v1/invoices/{draft}", "Invoice")["lines"]["data"] == []


def test_a_finalized_invoice_keeps_its_items_as_they_were(shop: HttpShop):
    draft = shop.post("/v1/invoices", customer=shop.customer)["id"]
    one = f"{ALL}/{item(shop, amount=300, invoice=draft)['id']}"
    before = shop.get(one)
    shop.post(f"/v1/invoices/{draft}/finalize", "Invoice")
    for refusal in (
        shop.refused("POST", one, amount=1),
        shop.refused("POST", one, metadata={"a": "b"}),
        shop.refused("DELETE", one),
    ):
        assert (refusal.status, refusal.code) == (400, "invoice_not_editable")
    assert shop.get(one) == before


def test_an_item_for_a_subscription_waits_for_its_invoice(shop: HttpShop):
    first, other = shop.subscribe(shop.seat)["id"], shop.subscribe(shop.seat)["id"]
    made = item(shop, amount=100, subscription=first)
    assert made["parent"]["subscription_details"] == {"subscription": first}
    draft = shop.post(
        "/v1/invoices", customer=shop.customer, pending_invoice_items_behavior="include"
    )
    assert draft["lines"]["data"] == []
    shop.advance(FEBRUARY + 60)
    amounts = {
        invoice["parent"]["subscription_details"]["subscription"]: invoice["total"]
        for invoice in shop.invoices(status="draft")
        if invoice["parent"] is not None
    }
    assert amounts == {first: 2100, other: 2000}


def test_what_an_item_refers_to_can_be_expanded(shop: HttpShop, once: str):
    paths = ["customer", "pricing.price_details.price", "test_clock"]
    made = item(shop, pricing={"price": once}, expand=paths)
    assert made["customer"]["name"] == "Ada"
    assert made["pricing"]["price_details"]["price"]["id"] == once
    assert made["test_clock"]["id"] == shop.clock
    draft = shop.post("/v1/invoices", customer=shop.customer)["id"]
    on = item(shop, amount=1, invoice=draft, expand=["invoice"])
    assert on["invoice"]["id"] == draft
