"""Every answer of the served API has the shape that the official package declares."""

import json
from collections.abc import Iterator

import pytest
from stripe import StripeClient

from ledger.kernel.ids import new_id
from tests.shapes.conforming import Conforming, checked
from tests.support.sdk import HOUR, Shop, at
from tests.support.served import Served

JANUARY, FEBRUARY, MARCH = at("2024-01-01"), at("2024-02-01"), at("2024-03-01")
METERED = {
    "recurring[interval]": "month",
    "recurring[usage_type]": "metered",
}


@pytest.fixture(scope="module")
def key(served: Served) -> str:
    return served.new_key().key


@pytest.fixture(scope="module")
def client(served: Served, key: str) -> StripeClient:
    return served.client(key)


@pytest.fixture
def api(served: Served, key: str) -> Iterator[Conforming]:
    with served.http(key) as http:
        yield Conforming(http)


@pytest.fixture
def shop(client: StripeClient) -> Shop:
    return Shop.open(client, JANUARY)


def test_meters(api: Conforming) -> None:
    meters, shape = "/v1/billing/meters", "billing.Meter"
    asked = {
        "display_name": "A",
        "event_name": new_id("use"),
        "default_aggregation[formula]": "sum",
    }
    meter = api.post(meters, shape, asked)
    one = f"{meters}/{meter['id']}"
    api.post(meters, shape, {**asked, "event_name": new_id("use"), "event_time_window": "hour"})
    api.get(one, shape)
    api.post(one, shape, {"display_name": "B"})
    api.post(f"{one}/deactivate", shape)
    api.get(meters, f"list:{shape}", {"status": "inactive"})
    api.post(f"{one}/reactivate", shape)
    api.get(meters, f"list:{shape}", {"limit": 1})
    api.refused("POST", meters, 400, asked)
    api.refused("GET", f"{meters}/mtr_test_none", 404)
    api.refused("POST", f"{meters}/mtr_test_none/deactivate", 404)


def test_usage(api: Conforming, shop: Shop) -> None:
    customer = shop.customer().id
    identifier = new_id("e")
    asked = {
        "event_name": shop.meter.event_name,
        "payload[stripe_customer_id]": customer,
        "payload[value]": "12.5",
    }
    api.post("/v1/billing/meter_events", "billing.MeterEvent", {**asked, "identifier": identifier})
    made = api.post("/v1/billing/meter_events", "billing.MeterEvent", asked)
    assert made["identifier"]
    api.refused("POST", "/v1/billing/meter_events", 400, {**asked, "identifier": identifier})
    summaries = f"/v1/billing/meters/{shop.meter.id}/event_summaries"
    window = {"customer": customer, "start_time": JANUARY, "end_time": FEBRUARY}
    for grouping in ({}, {"value_grouping_window": "hour"}, {"value_grouping_window": "day"}):
        found = api.get(summaries, "list:billing.MeterEventSummary", {**window, **grouping})
        assert [summary["aggregated_value"] for summary in found["data"]] == [25]
    api.refused("GET", summaries, 400, {**window, "start_time": JANUARY + 1})
    adjustment = {"event_name": shop.meter.event_name, "type": "cancel"}
    cancel = {**adjustment, "cancel[identifier]": identifier}
    api.post("/v1/billing/meter_event_adjustments", "billing.MeterEventAdjustment", cancel)
    api.refused("POST", "/v1/billing/meter_event_adjustments", 400, cancel)


def test_usage_of_the_second_version(api: Conforming, shop: Shop) -> None:
    asked = {
        "event_name": shop.meter.event_name,
        "identifier": new_id("e"),
        "payload": {"stripe_customer_id": shop.customer().id, "value": "3"},
        "timestamp": "2024-01-01T00:00:00.000Z",
    }
    response = api.http.post("/v2/billing/meter_events", json=asked)
    checked(response, "v2.billing.MeterEvent")
    again = api.http.post("/v2/billing/meter_events", json=asked)
    assert again.status_code == 400
    error = again.json()["error"]
    assert error.keys() == {"code", "message", "type"}
    assert error["code"] == "duplicate_meter_event"
    adjustment = {
        "event_name": shop.meter.event_name,
        "type": "cancel",
        "cancel": {"identifier": asked["identifier"]},
    }
    response = api.http.post("/v2/billing/meter_event_adjustments", json=adjustment)
    checked(response, "v2.billing.MeterEventAdjustment")


def test_products(api: Conforming) -> None:
    product = api.post(
        "/v1/products",
        "Product",
        {
            "name": "Tokens",
            "description": "What models read",
            "metadata[team]": "billing",
            "images[0]": "https://example.com/a.png",
            "package_dimensions[height]": "1",
            "package_dimensions[length]": "2.5",
            "package_dimensions[weight]": "3",
            "package_dimensions[width]": "4",
            "unit_label": "token",
            "marketing_features[0][name]": "Fast",
        },
    )
    one = f"/v1/products/{product['id']}"
    api.get(one, "Product")
    api.post(one, "Product", {"name": "Words", "description": ""})
    api.post(one, "Product", {"active": "false"})
    api.get("/v1/products", "list:Product", {"active": "false"})
    api.post(
        "/v1/products",
        "Product",
        {
            "name": "Seat",
            "default_price_data[currency]": "usd",
            "default_price_data[unit_amount]": 900,
            "default_price_data[recurring][interval]": "month",
            "expand[0]": "default_price",
        },
    )
    api.delete_stub(one, "product")
    api.refused("GET", one, 404)
    api.refused("POST", "/v1/products", 400)


def test_prices(api: Conforming, shop: Shop) -> None:
    product = api.post("/v1/products", "Product", {"name": "Tokens"})["id"]
    about = {"currency": "usd", "product": product}
    metered = {**METERED, "recurring[meter]": shop.meter.id}
    licensed = {"recurring[interval]": "year", "recurring[interval_count]": 2}
    tiers = {
        "billing_scheme": "tiered",
        "tiers_mode": "graduated",
        "tiers[0][up_to]": 100,
        "tiers[0][unit_amount]": 5,
        "tiers[1][up_to]": "inf",
        "tiers[1][unit_amount_decimal]": "0.25",
        "tiers[1][flat_amount]": 100,
        "expand[0]": "tiers",
    }
    package = {"transform_quantity[divide_by]": 100, "transform_quantity[round]": "down"}
    for terms in (
        {"unit_amount": 4},
        {"unit_amount_decimal": "0.05", "nickname": "Small"},
        {"unit_amount": 4, **licensed},
        {"unit_amount": 4, **metered, **package},
        {**tiers, **metered},
        {"unit_amount": 0, "lookup_key": new_id("key"), "tax_behavior": "inclusive"},
    ):
        price = api.post("/v1/prices", "Price", {**about, **terms})
        one = f"/v1/prices/{price['id']}"
        api.get(one, "Price")
        api.post(one, "Price", {"nickname": "Named", "metadata[a]": "b", "expand[]": "product"})
    api.get("/v1/prices", "list:Price", {"product": product, "limit": 3})
    api.get("/v1/prices", "list:Price", {"product": product, "expand[]": "data.tiers"})
    api.refused("GET", "/v1/prices/price_none", 404)
    api.refused("POST", "/v1/prices", 400, about)


def test_customers(api: Conforming, shop: Shop) -> None:
    made = api.post("/v1/customers", "Customer")
    one = f"/v1/customers/{made['id']}"
    api.get(one, "Customer")
    address = {"address[line1]": "1 Street", "address[country]": "DE"}
    api.post(one, "Customer", {"name": "Ann", "email": "ann@example.com", **address})
    api.post(one, "Customer", {"metadata[a]": "1", "phone": "1", "balance": -500})
    api.post(one, "Customer", {"invoice_settings[default_payment_method]": "pm_card_visa"})
    clocked = {"test_clock": shop.clock.id, "payment_method": "pm_card_visa"}
    on_clock = api.post("/v1/customers", "Customer", clocked)
    subscription = shop.subscribe(on_clock["id"]).id
    expanded = api.get(f"/v1/customers/{on_clock['id']}", "Customer", {"expand[]": "subscriptions"})
    assert [found["id"] for found in expanded["subscriptions"]["data"]] == [subscription]
    api.get("/v1/customers", "list:Customer", {"email": "ann@example.com"})
    api.delete_stub(one, "customer")
    deleted = api.http.get(one)
    assert deleted.json() == {"id": made["id"], "object": "customer", "deleted": True}
    api.refused("POST", one, 404)
    api.refused("GET", "/v1/customers/cus_none", 404)


def test_payment_methods_are_stand_ins(api: Conforming) -> None:
    customer = api.post("/v1/customers", "Customer")["id"]
    answer = api.http.post("/v1/payment_methods/pm_card_visa/attach", data={"customer": customer})
    assert answer.status_code == 200
    assert answer.json()["customer"] == customer


def test_test_clocks(api: Conforming) -> None:
    clocks, shape = "/v1/test_helpers/test_clocks", "test_helpers.TestClock"
    clock = api.post(clocks, shape, {"frozen_time": JANUARY, "name": "Mine"})
    one = f"{clocks}/{clock['id']}"
    api.post(f"{one}/advance", shape, {"frozen_time": FEBRUARY})
    api.get(one, shape)
    api.get(clocks, f"list:{shape}")
    api.delete_stub(one, "test_helpers.test_clock")
    api.refused("GET", one, 404)
    api.refused("POST", clocks, 400)


def test_subscriptions(api: Conforming, shop: Shop) -> None:
    subscriptions, shape = "/v1/subscriptions", "Subscription"
    customer, seat = shop.customer().id, shop.seat().id
    plain = {"customer": customer, "items[0][price]": shop.price.id}
    first = api.post(subscriptions, shape, plain)
    one = f"{subscriptions}/{first['id']}"
    for more in (
        {"items[1][price]": seat, "items[1][quantity]": 3, "billing_mode[type]": "classic"},
        {"billing_mode[type]": "flexible", "backdate_start_date": JANUARY - 40 * 24 * HOUR},
        {"collection_method": "send_invoice", "days_until_due": 30, "description": "On paper"},
        {"cancel_at_period_end": "true", "default_payment_method": "pm_card_visa"},
        {"items[0][metadata][a]": "b", "metadata[c]": "d", "expand[0]": "latest_invoice"},
        {"expand[]": "customer", "billing_cycle_anchor": JANUARY + 24 * HOUR},
        {
            "payment_settings[save_default_payment_method]": "on_subscription",
            "payment_settings[payment_method_types][0]": "card",
            "payment_behavior": "default_incomplete",
            "trial_settings[end_behavior][missing_payment_method]": "cancel",
        },
    ):
        api.post(subscriptions, shape, {**plain, **more})
    api.get(one, shape)
    api.get(one, shape, {"expand[]": "items.data.price.product"})
    api.get(subscriptions, f"list:{shape}", {"customer": customer, "expand[]": "data.customer"})
    api.get(subscriptions, f"list:{shape}", {"customer": customer, "status": "all"})
    api.post(one, shape, {"metadata[a]": "b", "cancel_at_period_end": "true"})
    api.post(one, shape, {"cancel_at": "", "cancellation_details[comment]": "Hm"})
    api.delete(one, shape, {"invoice_now": "true", "prorate": "false"})
    api.refused("DELETE", one, 404)
    api.refused("POST", subscriptions, 400, {"customer": customer})


def test_subscription_items(api: Conforming, shop: Shop) -> None:
    subscription = shop.subscribe(shop.customer().id, shop.price, shop.seat())
    found = api.get(
        "/v1/subscription_items", "list:SubscriptionItem", {"subscription": subscription.id}
    )
    assert len(found["data"]) == 2
    one = f"/v1/subscription_items/{found['data'][0]['id']}"
    api.get(one, "SubscriptionItem")
    api.post(one, "SubscriptionItem", {"metadata[a]": "b"})
    api.refused("GET", "/v1/subscription_items", 400)
    api.refused("GET", "/v1/subscription_items/si_none", 404)


def test_invoices_in_every_status(api: Conforming, shop: Shop) -> None:
    invoices, shape = "/v1/invoices", "Invoice"
    customer = shop.customer(name="Ann", email="ann@example.com").id
    subscription = shop.subscribe(customer, shop.price, shop.seat()).id
    shop.use(customer, 250)
    preview = {"subscription": subscription}
    api.post(f"{invoices}/create_preview", shape, preview)
    api.post(f"{invoices}/create_preview", shape, {"customer": customer})
    details = {"customer": customer, "subscription_details[items][0][price]": shop.price.id}
    api.post(f"{invoices}/create_preview", shape, details)
    shop.advance(FEBRUARY)
    [first, draft] = [f"{invoices}/{invoice.id}" for invoice in shop.invoices(customer)]
    api.get(draft, shape)
    api.get(
        draft,
        shape,
        {"expand[0]": "customer", "expand[1]": "parent.subscription_details.subscription"},
    )
    api.get(f"{draft}/lines", "list:InvoiceLineItem", {"limit": 1})
    api.refused("POST", f"{draft}/pay", 400, {"paid_out_of_band": "true"})
    api.refused("POST", f"{draft}/void", 400)
    api.post(f"{draft}/finalize", shape, {"auto_advance": "false"})
    api.get(f"{draft}/lines", "list:InvoiceLineItem")
    api.refused("POST", f"{draft}/finalize", 400)
    api.refused("POST", f"{draft}/pay", 400)
    api.post(f"{draft}/mark_uncollectible", shape)
    api.post(f"{draft}/pay", shape, {"paid_out_of_band": "true"})
    api.post(f"{first}/void", shape)
    api.get(invoices, f"list:{shape}", {"subscription": subscription, "status": "void"})
    api.get(invoices, f"list:{shape}", {"created[gte]": JANUARY, "limit": 2})
    api.refused("GET", f"{invoices}/in_none", 404)
    api.refused("POST", f"{invoices}/create_preview", 400)


def test_summaries_are_exact_numbers(api: Conforming, shop: Shop) -> None:
    customer = shop.customer().id
    shop.use(customer, "0.1")
    shop.use(customer, "0.2")
    response = api.http.get(
        f"/v1/billing/meters/{shop.meter.id}/event_summaries",
        params={"customer": customer, "start_time": JANUARY, "end_time": FEBRUARY},
    )
    assert '"aggregated_value":0.3,' in response.text
    assert json.loads(response.text)["has_more"] is False
