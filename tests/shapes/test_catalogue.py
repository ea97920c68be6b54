"""Answers about meters, usage, products, prices and customers."""

import json

from ledger.kernel.ids import new_id
from tests.shapes.conforming import Conforming, checked
from tests.support.sdk import Shop, at

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")
METERED = {"recurring[interval]": "month", "recurring[usage_type]": "metered"}


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
    api.deletion(one, "product")
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
    api.deletion(one, "customer")
    deleted = api.http.get(one)
    assert deleted.json() == {"id": made["id"], "object": "customer", "deleted": True}
    api.refused("POST", one, 404)
    api.refused("GET", "/v1/customers/cus_none", 404)


def test_balances_of_customers(api: Conforming) -> None:
    customer = api.post("/v1/customers", "Customer", {"balance": -500})["id"]
    shape, all_of_them = (
        "CustomerBalanceTransaction",
        f"/v1/customers/{customer}/balance_transactions",
    )
    made = api.post(all_of_them, shape, {"amount": 120, "currency": "usd", "description": "Used"})
    one = f"{all_of_them}/{made['id']}"
    api.get(one, shape)
    api.post(one, shape, {"metadata[a]": "b", "expand[]": "customer"})
    listed = api.get(all_of_them, f"list:{shape}", {"expand[]": "data.customer"})
    assert [change["amount"] for change in listed["data"]] == [120, -500]
    api.refused("POST", all_of_them, 400, {"amount": 120})
    api.refused("GET", f"{all_of_them}/cbtxn_none", 404)


def test_payment_methods_are_stand_ins(api: Conforming) -> None:
    customer = api.post("/v1/customers", "Customer")["id"]
    answer = api.http.post("/v1/payment_methods/pm_card_visa/attach", data={"customer": customer})
    assert answer.status_code == 200
    assert answer.json()["customer"] == customer


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
