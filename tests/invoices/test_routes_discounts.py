"""Discounts and taxes from a coupon and a rate to the invoice, over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop

MARCH, APRIL = FEBRUARY + 28 * 24 * HOUR, FEBRUARY + 59 * 24 * HOUR


def a_coupon(shop: HttpShop, **terms: Any) -> str:
    return shop.post("/v1/coupons", "Coupon", **terms)["id"]


def a_rate(shop: HttpShop, percentage: float, *, inclusive: bool = False) -> str:
    asked = {"display_name": "VAT", "percentage": percentage, "inclusive": inclusive}
    return shop.post("/v1/tax_rates", "TaxRate", **asked)["id"]


def totals(invoice: dict[str, Any]) -> tuple[int, list[int], list[int], int]:
    """Subtotal, what each discount takes off, what each tax comes to, and the total."""
    discounts = [one["amount"] for one in invoice["total_discount_amounts"]]
    taxes = [one["amount"] for one in invoice["total_taxes"]]
    return invoice["subtotal"], discounts, taxes, invoice["total"]


def issued(shop: HttpShop) -> list[tuple[int, list[int], list[int], int]]:
    """The totals of every invoice of the customer, the oldest first."""
    return [totals(invoice) for invoice in shop.invoices()[::-1]]


def test_a_percentage_and_a_tax_on_a_subscription(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=25, duration="forever")
    rate = a_rate(shop, 20)
    made = shop.subscribe(shop.seat, discounts=[{"coupon": coupon}], default_tax_rates=[rate])
    [invoice] = shop.invoices()
    assert totals(invoice) == (2000, [500], [300], 1800)
    assert invoice["amount_due"] == 1800
    assert (invoice["subtotal_excluding_tax"], invoice["total_excluding_tax"]) == (2000, 1500)
    assert [one["id"] for one in made["default_tax_rates"]] == [rate]
    assert [one["id"] for one in invoice["default_tax_rates"]] == [rate]
    [discount] = made["discounts"]
    assert invoice["discounts"] == [discount]
    [line] = invoice["lines"]["data"]
    assert line["amount"] == 2000
    assert line["discount_amounts"] == [{"amount": 500, "discount": discount}]
    assert line["discounts"] == []
    assert line["taxes"] == [
        {
            "amount": 300,
            "tax_behavior": "exclusive",
            "tax_rate_details": {"tax_rate": rate},
            "taxability_reason": "standard_rated",
            "taxable_amount": 1500,
            "type": "tax_rate_details",
        }
    ]
    assert shop.get(f"/v1/coupons/{coupon}", "Coupon")["times_redeemed"] == 1


def test_a_discount_is_expanded(shop: HttpShop):
    coupon = a_coupon(shop, amount_off=150, currency="usd", duration="forever")
    made = shop.subscribe(shop.seat, discounts=[{"coupon": coupon}])
    expand = ["discounts.source.coupon", "total_discount_amounts.discount", "lines.data.discounts"]
    one = f"/v1/invoices/{made['latest_invoice']}"
    invoice = shop.get(one, "Invoice", expand=expand)
    [discount] = invoice["discounts"]
    assert discount["source"]["coupon"]["amount_off"] == 150
    assert (discount["subscription"], discount["customer"]) == (made["id"], shop.customer)
    assert (discount["start"], discount["end"], discount["invoice"]) == (JANUARY, None, None)
    assert invoice["total_discount_amounts"][0]["discount"]["id"] == discount["id"]
    expanded = shop.get(f"/v1/subscriptions/{made['id']}", "Subscription", expand=["discounts"])
    assert expanded["discounts"][0]["source"] == {"coupon": coupon, "type": "coupon"}


@pytest.mark.parametrize(
    ("duration", "totals_by_month"),
    [
        ({"duration": "once"}, [1000, 2000, 2000, 2000]),
        ({"duration": "repeating", "duration_in_months": 2}, [1000, 1000, 2000, 2000]),
        ({"duration": "forever"}, [1000, 1000, 1000, 1000]),
    ],
)
def test_how_long_a_discount_lasts(
    shop: HttpShop, duration: dict[str, Any], totals_by_month: list[int]
):
    coupon = a_coupon(shop, percent_off=50, **duration)
    made = shop.subscribe(shop.seat, discounts=[{"coupon": coupon}])
    for month in (FEBRUARY, MARCH, APRIL):
        shop.advance(month + HOUR)
    assert [total for *_, total in issued(shop)] == totals_by_month
    now = shop.get(f"/v1/subscriptions/{made['id']}", "Subscription")
    assert len(now["discounts"]) == (0 if duration == {"duration": "once"} else 1)


def test_a_discount_of_an_item_is_for_its_lines_alone(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50, duration="forever")
    tenth = a_coupon(shop, percent_off=10, duration="forever")
    other = shop.price("Support", unit_amount=1000, recurring={"interval": "month"})
    items = [{"price": shop.seat, "discounts": [{"coupon": coupon}]}, {"price": other}]
    made = shop.post(
        "/v1/subscriptions",
        "Subscription",
        customer=shop.customer,
        items=items,
        discounts=[{"coupon": tenth}],
    )
    [invoice] = shop.invoices()
    assert totals(invoice) == (2000, [1000, 200], [], 1800)
    [own] = made["items"]["data"][0]["discounts"]
    [seat, support] = invoice["lines"]["data"]
    assert (seat["discounts"], support["discounts"]) == ([own], [])
    assert [one["amount"] for one in seat["discount_amounts"]] == [1000, 100]
    assert [one["amount"] for one in support["discount_amounts"]] == [100]


def test_a_subscriptions_discounts_are_deleted(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50, duration="forever")
    made = shop.subscribe(shop.seat, discounts=[{"coupon": coupon}])
    one = f"/v1/subscriptions/{made['id']}"
    whole = shop.get(one, expand=["discounts"])["discounts"][0]
    assert whole.pop("end") is None
    assert shop.delete(f"{one}/discount") == {**whole, "deleted": True}
    assert shop.get(one, "Subscription")["discounts"] == []
    again = shop.refused("DELETE", f"{one}/discount")
    assert (again.status, again.code) == (404, "resource_missing")
    shop.advance(FEBRUARY + HOUR)
    assert [total for *_, total in issued(shop)] == [1000, 2000]


@pytest.mark.parametrize(
    ("duration", "discounts_by_month"), [("once", [2000, -1000]), ("forever", [2000, 500])]
)
def test_what_is_given_back_is_what_was_charged_after_discounts(
    shop: HttpShop, duration: str, discounts_by_month: list[int]
):
    coupon = a_coupon(shop, percent_off=50, duration=duration)
    made = shop.post(
        "/v1/subscriptions",
        "Subscription",
        customer=shop.customer,
        items=[{"price": shop.seat, "quantity": 2}],
        discounts=[{"coupon": coupon}],
    )
    shop.advance(JANUARY + 31 * 12 * HOUR)
    item = made["items"]["data"][0]["id"]
    shop.post(f"/v1/subscription_items/{item}", "SubscriptionItem", quantity=1)
    shop.advance(FEBRUARY + 2 * HOUR)
    first, second = shop.invoices()[::-1]
    assert sorted(line["amount"] for line in second["lines"]["data"]) == [-2000, 1000, 2000]
    discounts = [invoice["total_discount_amounts"][0]["amount"] for invoice in (first, second)]
    assert discounts == discounts_by_month
    assert second["total"] == 1000 - discounts_by_month[1]
    assert second["subtotal"] == (2000 if duration == "once" else 1000)
    for invoice in (first, second):
        assert shop.get(f"/audit/v1/invoices/{invoice['id']}/replay")["equal"] is True


def test_a_coupon_is_redeemed_so_many_times(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50, max_redemptions=1)
    shop.subscribe(shop.seat, discounts=[{"coupon": coupon}])
    assert shop.get(f"/v1/coupons/{coupon}", "Coupon")["valid"] is False
    asked = {"customer": shop.customer, "items": [{"price": shop.seat}]}
    refused = shop.refused("POST", "/v1/subscriptions", **asked, discounts=[{"coupon": coupon}])
    assert (refused.code, refused.param) == ("coupon_expired", "discounts[0][coupon]")


def test_the_last_redemption_is_taken_once(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50, max_redemptions=3)
    form = {
        "customer": shop.customer,
        "items[0][price]": shop.seat,
        "discounts[0][coupon]": coupon,
    }
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(shop.http.post, "/v1/subscriptions", data=form) for _ in range(8)]
    answers = [answer.result() for answer in asked]
    while again := [answer for answer in answers if answer.status_code in {409, 429}]:
        answers = [answer for answer in answers if answer not in again]
        answers += [shop.http.post("/v1/subscriptions", data=form) for _ in again]
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [400] * 5
    assert shop.get(f"/v1/coupons/{coupon}", "Coupon")["times_redeemed"] == 3
    assert len(shop.invoices()) == 3


def test_an_inclusive_tax_is_a_part_of_the_price(shop: HttpShop):
    rate = a_rate(shop, 19, inclusive=True)
    shop.subscribe(shop.seat, default_tax_rates=[rate])
    [invoice] = shop.invoices()
    assert totals(invoice) == (2000, [], [319], 2000)
    assert (invoice["subtotal_excluding_tax"], invoice["total_excluding_tax"]) == (1681, 1681)
    assert invoice["total_taxes"][0]["tax_behavior"] == "inclusive"


@pytest.mark.parametrize(
    ("tax_exempt", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge")]
)
def test_exempt_customers_pay_no_tax(shop: HttpShop, tax_exempt: str, reason: str):
    shop.post(f"/v1/customers/{shop.customer}", "Customer", tax_exempt=tax_exempt)
    shop.subscribe(shop.seat, default_tax_rates=[a_rate(shop, 20)])
    [invoice] = shop.invoices()
    assert totals(invoice) == (2000, [], [0], 2000)
    assert invoice["total_taxes"][0]["taxability_reason"] == reason


def test_metered_usage_is_discounted_and_taxed(shop: HttpShop):
    coupon = a_coupon(shop, percent_off=50, duration="forever")
    shop.subscribe(discounts=[{"coupon": coupon}], default_tax_rates=[a_rate(shop, 10)])
    shop.use(12_500)
    upcoming = shop.post("/v1/invoices/create_preview", "Invoice", customer=shop.customer)
    assert totals(upcoming) == (500, [250], [25], 275)
    shop.advance(FEBRUARY + 2 * HOUR)
    [final] = shop.invoices()
    assert (final["status"], totals(final)) == ("open", (500, [250], [25], 275))
    replay = shop.get(f"/audit/v1/invoices/{final['id']}/replay")
    assert replay["equal"] is True


def test_what_cannot_be_applied_is_refused(shop: HttpShop):
    yen = a_coupon(shop, amount_off=100, currency="jpy")
    old = a_rate(shop, 5)
    shop.post(f"/v1/tax_rates/{old}", active=False)
    asked = {"customer": shop.customer, "items": [{"price": shop.seat}]}

    def refused(**fields: Any) -> tuple[str | None, str | None]:
        refusal = shop.refused("POST", "/v1/subscriptions", **asked, **fields)
        assert refusal.status == 400
        return refusal.param, refusal.code

    missing = "resource_missing"
    assert refused(discounts=[{"coupon": "none"}]) == ("discounts[0][coupon]", missing)
    assert refused(discounts=[{"coupon": yen}]) == ("discounts[0][coupon]", None)
    assert refused(discounts=[{"discount": "di_none"}]) == ("discounts[0][discount]", missing)
    assert refused(discounts=[{"promotion_code": "p"}]) == ("discounts[0][promotion_code]", None)
    both = [{"coupon": yen, "discount": "di_1"}]
    assert refused(discounts=both)[1] == "parameters_exclusive"
    assert refused(default_tax_rates=["txr_none"]) == ("default_tax_rates[0]", missing)
    assert refused(default_tax_rates=[old]) == ("default_tax_rates[0]", None)
