"""Lines of drafts edited by hand over HTTP."""

from typing import Any

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop

ALL = "/v1/invoices"
DAY = 24 * HOUR


def begin(shop: HttpShop, **fields: Any) -> str:
    """The path of a new draft of the customer."""
    return f"{ALL}/{shop.post(ALL, 'Invoice', customer=shop.customer, **fields)['id']}"


def wait(shop: HttpShop, amount: int, **fields: Any) -> str:
    """The id of an item that waits for an invoice, or is put on one."""
    asked = {"customer": shop.customer, "amount": amount, **fields}
    return shop.post("/v1/invoiceitems", "InvoiceItem", **asked)["id"]


def amounts(invoice: dict[str, Any]) -> list[int]:
    return [line["amount"] for line in invoice["lines"]["data"]]


def test_lines_are_added_changed_and_removed(shop: HttpShop):
    one = begin(shop)
    waiting = wait(shop, 70)
    price = shop.price("Setup", unit_amount=500)
    lines = [
        {"amount": 100, "description": "First"},
        {"pricing": {"price": price}, "quantity": 2},
        {"invoice_item": waiting, "description": "Taken along"},
        {
            "price_data": {
                "currency": "usd",
                "unit_amount": 3,
                "product_data": {"name": "Made for it"},
            },
            "quantity_decimal": "1.5",
        },
    ]
    draft = shop.post(f"{one}/add_lines", "Invoice", lines=lines, invoice_metadata={"n": "4"})
    assert (amounts(draft), draft["metadata"]) == ([100, 1000, 70, 5], {"n": "4"})
    [first, priced, taken, made] = draft["lines"]["data"]
    assert (taken["description"], made["description"]) == ("Taken along", "Made for it")
    assert (made["quantity"], made["quantity_decimal"]) == (1, "1.5")
    changed = shop.post(
        f"{one}/update_lines",
        "Invoice",
        lines=[{"id": priced["id"], "quantity": 3}, {"id": first["id"], "amount": 90}],
    )
    assert (amounts(changed), changed["subtotal"]) == ([90, 1500, 70, 5], 1665)
    item = first["parent"]["invoice_item_details"]["invoice_item"]
    assert shop.get(f"/v1/invoiceitems/{item}", "InvoiceItem")["amount"] == 90
    line = shop.post(f"{one}/lines/{made['id']}", "InvoiceLineItem", metadata={"a": "b"})
    assert (line["id"], line["metadata"]) == (made["id"], {"a": "b"})
    removed = shop.post(
        f"{one}/remove_lines",
        "Invoice",
        lines=[
            {"id": first["id"], "behavior": "delete"},
            {"id": taken["id"], "behavior": "unassign"},
        ],
    )
    assert amounts(removed) == [1500, 5]
    assert shop.refused("GET", f"/v1/invoiceitems/{item}").status == 404
    assert shop.get(f"/v1/invoiceitems/{waiting}", "InvoiceItem")["invoice"] is None


def test_lines_of_a_subscription_take_notes_and_nothing_else(shop: HttpShop):
    shop.subscribe(shop.seat)
    shop.advance(FEBRUARY + 60)
    one = f"{ALL}/{shop.invoices()[0]['id']}"
    [line] = shop.get(one)["lines"]["data"]
    noted = shop.post(
        f"{one}/lines/{line['id']}",
        "InvoiceLineItem",
        description="Two people",
        metadata={"a": "b"},
        discountable=False,
    )
    assert (noted["description"], noted["metadata"]) == ("Two people", {"a": "b"})
    assert (noted["discountable"], noted["amount"]) == (False, 2000)
    for field in ({"amount": 1}, {"quantity": 2}, {"pricing": {"price": shop.seat}}):
        assert shop.refused("POST", f"{one}/lines/{line['id']}", **field).status == 400
    extra = shop.post(f"{one}/add_lines", "Invoice", lines=[{"amount": -500}])
    assert (amounts(extra), extra["total"]) == ([2000, -500], 1500)


def test_a_discount_of_a_line_is_off_before_the_subtotal(shop: HttpShop):
    coupon = shop.post("/v1/coupons", percent_off="50")["id"]
    other = shop.post("/v1/coupons", percent_off="10")["id"]
    one = begin(shop, discounts=[{"coupon": other}])
    lines = [{"amount": 1000, "discounts": [{"coupon": coupon}]}, {"amount": 500}]
    draft = shop.post(f"{one}/add_lines", "Invoice", lines=lines)
    [first, second] = draft["lines"]["data"]
    assert [taken["amount"] for taken in first["discount_amounts"]] == [500, 50]
    assert [taken["amount"] for taken in second["discount_amounts"]] == [50]
    assert (first["amount"], draft["subtotal"], draft["total"]) == (1000, 1000, 900)
    assert sorted(taken["amount"] for taken in draft["total_discount_amounts"]) == [100, 500]
    assert first["discounts"] != draft["discounts"]
    shown = shop.get(one, "Invoice", expand=["discounts", "lines.data.discounts"])
    assert shown["discounts"][0]["source"]["coupon"] == other
    assert shown["lines"]["data"][0]["discounts"][0]["source"]["coupon"] == coupon


def test_how_an_invoice_came_to_its_amounts_is_explained(shop: HttpShop):
    one = begin(shop)
    price = shop.price("Setup", unit_amount_decimal="0.5")
    shop.post(f"{one}/add_lines", lines=[{"pricing": {"price": price}, "quantity": 3}])
    shop.post(f"{one}/finalize")
    told = shop.get(one.replace("/v1/", "/audit/v1/") + "/explain")
    [line] = told["lines"]
    assert (line["quantity"], line["amount"], line["description"]) == ("3", 2, "Setup")
    assert [(step["model"], step["amount"]) for step in line["steps"]] == [
        ("per_unit", "1.5"),
        ("rounding", "0.5"),
    ]
    assert (told["sums"]["total"], told["engine_version"]) == (2, 2)
