"""Turns of a subscription's life over HTTP; every answer has the shape the client declares."""

from typing import Any

from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop

ALL = "/v1/subscriptions"
DAY = 86_400


def created(shop: HttpShop, *items: dict[str, Any], **fields: Any) -> dict[str, Any]:
    fields = {"customer": shop.customer, "items": list(items), **fields}
    return shop.post(ALL, "Subscription", **fields)


def test_a_trial_and_its_end(shop: HttpShop):
    subscription = created(shop, {"price": shop.seat}, trial_period_days=7)
    assert (subscription["status"], subscription["latest_invoice"]) == ("trialing", None)
    assert (subscription["trial_start"], subscription["trial_end"]) == (JANUARY, JANUARY + 7 * DAY)
    one = f"{ALL}/{subscription['id']}"
    ended = shop.post(one, "Subscription", trial_end="now", expand=["latest_invoice"])
    assert (ended["status"], ended["latest_invoice"]["billing_reason"]) == (
        "active",
        "subscription_update",
    )
    assert ended["latest_invoice"]["total"] == 2000


def test_everything_that_a_subscription_can_have(shop: HttpShop):
    coupon = shop.post("/v1/coupons", percent_off=10, duration="forever")["id"]
    rate = shop.post("/v1/tax_rates", display_name="VAT", percentage=20, inclusive=False)["id"]
    product = shop.get(f"/v1/prices/{shop.seat}")["product"]
    price_data = {
        "currency": "usd",
        "product": product,
        "unit_amount": 500,
        "recurring": {"interval": "year"},
    }
    once = {"currency": "usd", "product": product, "unit_amount": 300}
    subscription = created(
        shop,
        {"price": shop.seat, "discounts": [{"coupon": coupon}], "tax_rates": [rate]},
        {"price_data": price_data, "quantity": 2},
        {"price": shop.tokens, "billing_thresholds": {"usage_gte": 1000}},
        discounts=[{"coupon": coupon}],
        default_tax_rates=[rate],
        billing_thresholds={"amount_gte": 5000},
        add_invoice_items=[{"price_data": once, "quantity": 2}],
        billing_cycle_anchor_config={"day_of_month": 31},
        expand=["discounts", "items.data.discounts", "latest_invoice"],
    )
    assert subscription["billing_cycle_anchor_config"]["day_of_month"] == 31
    assert subscription["billing_thresholds"]["amount_gte"] == 5000
    assert subscription["default_tax_rates"][0]["id"] == rate
    assert subscription["discounts"][0]["source"]["coupon"] == coupon
    seat, yearly, tokens = subscription["items"]["data"]
    assert seat["tax_rates"][0]["id"] == rate
    assert seat["discounts"][0]["source"]["coupon"] == coupon
    assert yearly["current_period_end"] == seat["current_period_end"]
    assert tokens["billing_thresholds"] == {"usage_gte": 1000}
    assert len(subscription["latest_invoice"]["lines"]["data"]) == 3
    cleared = shop.post(
        f"{ALL}/{subscription['id']}",
        "Subscription",
        discounts="",
        default_tax_rates="",
        billing_thresholds="",
        items=[{"id": tokens["id"], "billing_thresholds": ""}],
    )
    assert (cleared["discounts"], cleared["default_tax_rates"]) == ([], [])
    assert cleared["billing_thresholds"] is None
    assert cleared["items"]["data"][2]["billing_thresholds"] is None


def test_a_pause_and_its_end(shop: HttpShop):
    one = f"{ALL}/{shop.subscribe(shop.seat)['id']}"
    paused = shop.post(f"{one}/pause", "Subscription", type="subscription")
    assert (paused["status"], paused["status_details"]["paused"]["type"]) == (
        "paused",
        "subscription",
    )
    assert [row["id"] for row in shop.get(ALL, status="paused", customer=shop.customer)["data"]]
    resumed = shop.post(f"{one}/resume", "Subscription", billing_cycle_anchor={"type": "now"})
    assert (resumed["status"], resumed["billing_cycle_anchor"]) == ("active", JANUARY)
    assert shop.refused("POST", f"{one}/resume").status == 400


def test_a_paused_collection(shop: HttpShop):
    one = f"{ALL}/{shop.subscribe(shop.seat)['id']}"
    pause = {"behavior": "void", "resumes_at": FEBRUARY}
    assert shop.post(one, "Subscription", pause_collection=pause)["pause_collection"] == pause
    assert shop.post(one, "Subscription", pause_collection="")["pause_collection"] is None


def test_a_classic_subscription_is_migrated(shop: HttpShop):
    classic = created(shop, {"price": shop.seat}, billing_mode={"type": "classic"})
    flexible = {"type": "flexible", "flexible": {"proration_discounts": "itemized"}}
    one = f"{ALL}/{classic['id']}/migrate"
    migrated = shop.post(one, "Subscription", billing_mode=flexible)
    assert migrated["billing_mode"] == {**flexible, "updated_at": JANUARY}


def test_a_repeated_addition_of_an_item_is_one(shop: HttpShop):
    subscription = shop.subscribe()["id"]
    shop.http.headers["Idempotency-Key"] = f"add-{subscription}"
    first = shop.post("/v1/subscription_items", subscription=subscription, price=shop.seat)
    again = shop.post("/v1/subscription_items", subscription=subscription, price=shop.seat)
    del shop.http.headers["Idempotency-Key"]
    assert first == again
    assert len(shop.get(f"{ALL}/{subscription}")["items"]["data"]) == 2
