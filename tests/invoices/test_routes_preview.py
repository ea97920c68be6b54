"""Invoices to come over HTTP. Nothing of them is recorded."""

from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop
from tests.support.served import Served

DAY = 86_400
PREVIEW = "/v1/invoices/create_preview"


def test_the_next_invoice_of_a_subscription(shop: HttpShop, served: Served):
    subscription = shop.subscribe(shop.tokens, shop.seat)["id"]
    shop.use(3000)
    before = served.head()
    upcoming = shop.post(PREVIEW, "Invoice", subscription=subscription, preview_mode="next")
    assert served.head() == before
    assert upcoming["id"].startswith("upcoming_in_")
    assert (upcoming["status"], upcoming["billing_reason"]) == ("draft", "upcoming")
    assert (upcoming["number"], upcoming["total"]) == (None, 2120)
    assert (upcoming["period_start"], upcoming["period_end"]) == (JANUARY, FEBRUARY)
    usage, seat = upcoming["lines"]["data"]
    assert usage["period"] == {"start": JANUARY, "end": FEBRUARY}
    assert seat["period"]["start"] == FEBRUARY
    assert shop.refused("GET", f"/v1/invoices/{upcoming['id']}").status == 404


def test_it_follows_usage_and_the_price_line_keeps_its_id(shop: HttpShop):
    subscription = shop.subscribe()["id"]
    empty = shop.post(PREVIEW, "Invoice", subscription=subscription)
    shop.use(101)
    used = shop.post(PREVIEW, "Invoice", subscription=subscription)
    assert (empty["total"], used["total"]) == (0, 8)
    assert empty["lines"]["data"][0]["id"] == used["lines"]["data"][0]["id"]


def test_the_next_invoice_of_a_customer(shop: HttpShop):
    shop.subscribe()
    shop.use(3000)
    upcoming = shop.post(PREVIEW, "Invoice", customer=shop.customer, expand=["customer"])
    assert (upcoming["total"], upcoming["customer"]["name"]) == (120, "Ada")


def test_an_invoice_of_a_subscription_that_might_be_created(shop: HttpShop, served: Served):
    shop.use(3000)
    before = served.head()
    details: Any = {"items": [{"price": shop.tokens}], "proration_behavior": "none"}
    metered = shop.post(PREVIEW, "Invoice", customer=shop.customer, subscription_details=details)
    assert metered["total"] == 120
    items = [{"price": shop.tokens}, {"price": shop.seat, "quantity": 2}]
    anchor = {"type": "timestamp", "timestamp": FEBRUARY}
    details = {"items": items, "billing_mode": {"type": "classic"}, "billing_cycle_anchor": anchor}
    both = shop.post(PREVIEW, "Invoice", customer=shop.customer, subscription_details=details)
    assert [line["amount"] for line in both["lines"]["data"]] == [0, 4000]
    assert served.head() == before


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({}, "subscription", "parameter_missing"),
        ({"subscription": "sub_unknown"}, "subscription", "resource_missing"),
        ({"customer": "cus_unknown"}, "customer", "resource_missing"),
        ({"customer": "HERE"}, None, "invoice_upcoming_none"),
        (
            {
                "customer": "HERE",
                "currency": "usd",
                "invoice_items": [{"amount": 1}],
                "discounts": [{"coupon": "c"}],
            },
            "discounts[0][coupon]",
            "resource_missing",
        ),
        (
            {"customer": "HERE", "currency": "usd", "invoice_items": [{"description": "x"}]},
            "invoice_items[0][amount]",
            "parameter_missing",
        ),
        ({"customer": "HERE", "preview_mode": "odd"}, "preview_mode", None),
        (
            {"customer": "HERE", "subscription_details": {"items": [{"quantity": 1}]}},
            "subscription_details[items][0][price]",
            "parameter_missing",
        ),
    ],
)
def test_what_cannot_be_previewed(
    shop: HttpShop, fields: dict[str, Any], param: str | None, code: str | None
):
    asked = {k: shop.customer if v == "HERE" else v for k, v in fields.items()}
    refusal = shop.refused("POST", PREVIEW, **asked)
    assert (refusal.status, refusal.param, refusal.code) == (400, param, code)


def test_a_customer_without_a_subscription(shop: HttpShop, served: Served):
    before = served.head()
    items = [{"amount": 500, "currency": "usd", "description": "Setup"}, {"amount": -120}]
    shown = shop.post(PREVIEW, "Invoice", customer=shop.customer, invoice_items=items)
    assert [line["amount"] for line in shown["lines"]["data"]] == [500, -120]
    assert (shown["total"], shown["currency"]) == (380, "usd")
    assert served.head() == before


def test_prices_and_discounts_that_are_made_for_a_preview(shop: HttpShop, served: Served):
    coupon = shop.post("/v1/coupons", percent_off=50, duration="once")["id"]
    product = shop.get(f"/v1/prices/{shop.seat}")["product"]
    monthly = {"currency": "usd", "product": product, "recurring": {"interval": "month"}}
    before = served.head()
    details: Any = {"items": [{"price_data": {**monthly, "unit_amount": 700}, "quantity": 2}]}
    once = {"currency": "usd", "product": product, "unit_amount": 300}
    shown = shop.post(
        PREVIEW,
        "Invoice",
        customer=shop.customer,
        subscription_details=details,
        invoice_items=[{"price_data": once}],
        discounts=[{"coupon": coupon}],
    )
    assert [line["amount"] for line in shown["lines"]["data"]] == [1400, 300]
    assert (shown["subtotal"], shown["total"]) == (1700, 850)
    assert shown["discounts"] == [one["discount"] for one in shown["total_discount_amounts"]]
    assert served.head() == before


def test_what_recurs(shop: HttpShop):
    subscription = shop.subscribe(shop.seat)["id"]
    shown = shop.post(PREVIEW, "Invoice", subscription=subscription, preview_mode="recurring")
    assert [line["amount"] for line in shown["lines"]["data"]] == [2000]


def test_what_a_change_would_be_billed_is_what_it_is_billed(shop: HttpShop):
    subscription = shop.subscribe(shop.seat)
    item = subscription["items"]["data"][0]["id"]
    change: Any = {
        "items": [{"id": item, "quantity": 5}],
        "proration_behavior": "always_invoice",
        "proration_date": JANUARY + 10 * DAY,
    }
    previewed = shop.post(
        PREVIEW, "Invoice", subscription=subscription["id"], subscription_details=change
    )
    assert shop.get(f"/v1/subscriptions/{subscription['id']}") == subscription
    changed = shop.post(f"/v1/subscriptions/{subscription['id']}", "Subscription", **change)
    billed = shop.get(f"/v1/invoices/{changed['latest_invoice']}", "Invoice")
    amounts = [line["amount"] for line in billed["lines"]["data"]]
    assert [line["amount"] for line in previewed["lines"]["data"]] == amounts
    assert amounts == [-1355, 6774]
    assert previewed["total"] == billed["total"]


def test_a_running_subscription_is_previewed_as_it_is(shop: HttpShop):
    subscription = shop.subscribe()["id"]
    details: Any = {"items": [{"id": "si_unknown", "quantity": 2}]}
    refusal = shop.refused("POST", PREVIEW, subscription=subscription, subscription_details=details)
    assert (refusal.status, refusal.param) == (400, "subscription_details[items][0][id]")
    stranger = shop.post("/v1/customers")["id"]
    refusal = shop.refused("POST", PREVIEW, subscription=subscription, customer=stranger)
    assert (refusal.status, refusal.param) == (400, "customer")
    shop.delete(f"/v1/subscriptions/{subscription}")
    assert shop.refused("POST", PREVIEW, subscription=subscription).code == "invoice_upcoming_none"
