"""Discounts and taxes of invoices made by hand and of invoice items, over HTTP."""

from typing import Any

from tests.invoices.test_routes_discounts import a_coupon, a_rate, totals
from tests.support.http_shop import HttpShop

ALL = "/v1/invoices"


def draft(shop: HttpShop, **fields: Any) -> str:
    """The path of a new draft of the customer."""
    return f"{ALL}/{shop.post(ALL, 'Invoice', customer=shop.customer, **fields)['id']}"


def add(shop: HttpShop, one: str, amount: int, **fields: Any) -> dict[str, Any]:
    """An item of so much on a draft."""
    invoice = one.removeprefix(f"{ALL}/")
    asked = {"customer": shop.customer, "invoice": invoice, "amount": amount, **fields}
    return shop.post("/v1/invoiceitems", "InvoiceItem", **asked)


def test_yen_are_shared_out_without_a_rest(shop: HttpShop):
    coupon = a_coupon(shop, amount_off=100, currency="jpy")
    rate = a_rate(shop, 10, inclusive=True)
    one = draft(shop, currency="jpy", discounts=[{"coupon": coupon}], default_tax_rates=[rate])
    for amount in (333, 333, 334):
        add(shop, one, amount, currency="jpy")
    invoice = shop.get(one, "Invoice")
    assert totals(invoice) == (1000, [100], [82], 900)
    assert invoice["total_excluding_tax"] == 818
    lines = invoice["lines"]["data"]
    assert [line["discount_amounts"][0]["amount"] for line in lines] == [33, 33, 34]
    assert sum(line["taxes"][0]["amount"] for line in lines) == 82


def test_an_items_own_discounts_and_rates(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50)
    five, twenty = a_rate(shop, 5), a_rate(shop, 20)
    one = draft(shop, default_tax_rates=[twenty])
    item = add(shop, one, 1000, discounts=[{"coupon": coupon}], tax_rates=[five])
    add(shop, one, 1000)
    add(shop, one, -100)
    invoice = shop.get(one, "Invoice")
    assert totals(invoice) == (1400, [500], [25, 180], 1605)
    assert [rate["id"] for rate in item["tax_rates"]] == [five]
    discount = shop.get(f"/v1/invoiceitems/{item['id']}", expand=["discounts"])["discounts"][0]
    assert (discount["invoice_item"], discount["source"]["coupon"]) == (item["id"], coupon)


def test_a_line_that_is_not_discountable_stays_as_it_is(shop: HttpShop):
    one = draft(shop, discounts=[{"coupon": a_coupon(shop, percent_off=50)}])
    add(shop, one, 1000)
    add(shop, one, 500, discountable=False)
    assert totals(shop.get(one, "Invoice")) == (1500, [500], [], 1000)


def test_only_lines_of_the_coupons_products_are_discounted(shop: HttpShop):
    product = shop.post("/v1/products", name="API")["id"]
    price = shop.post("/v1/prices", currency="usd", product=product, unit_amount=600)["id"]
    coupon = a_coupon(shop, percent_off=50, applies_to={"products": [product]})
    one = draft(shop, discounts=[{"coupon": coupon}])
    add(shop, one, 1000)
    invoice = one.removeprefix(f"{ALL}/")
    shop.post("/v1/invoiceitems", customer=shop.customer, invoice=invoice, pricing={"price": price})
    assert totals(shop.get(one, "Invoice")) == (1600, [300], [], 1300)


def test_discounts_of_a_draft_change_until_it_is_finalized(shop: HttpShop):
    half, tenth = a_coupon(shop, percent_off=50), a_coupon(shop, percent_off=10)
    one = draft(shop, discounts=[{"coupon": half}])
    add(shop, one, 1000)
    kept = shop.get(one, "Invoice")["discounts"][0]
    changed = shop.post(one, "Invoice", discounts=[{"coupon": tenth}, {"discount": kept}])
    assert totals(changed) == (1000, [100, 450], [], 450)
    assert changed["discounts"][1] == kept
    assert totals(shop.post(one, "Invoice", discounts="")) == (1000, [], [], 1000)
    shop.post(f"{one}/finalize", "Invoice")
    assert shop.refused("POST", one, discounts=[{"coupon": half}]).status == 400


def test_a_discount_never_bills_less_than_nothing(shop: HttpShop):
    coupon = a_coupon(shop, amount_off=5000, currency="usd")
    rate = a_rate(shop, 20)
    one = draft(shop, discounts=[{"coupon": coupon}], default_tax_rates=[rate])
    add(shop, one, 1000)
    invoice = shop.get(one, "Invoice")
    assert totals(invoice) == (1000, [1000], [0], 0)
    assert shop.post(f"{one}/finalize", "Invoice")["status"] == "paid"
