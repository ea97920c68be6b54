"""Subscriptions over HTTP; every answer has the shape that the official client declares."""

from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, JANUARY, HttpShop
from tests.support.served import Served

ALL = "/v1/subscriptions"
ANCHOR_DAY = "billing_cycle_anchor_config[day_of_month]"
INVALID_INTEGER = "parameter_invalid_integer"


def test_a_metered_subscription_is_active_at_once_without_an_invoice(shop: HttpShop):
    created = shop.subscribe(expand=["pending_setup_intent"])
    assert (created["status"], created["latest_invoice"]) == ("active", None)
    assert created["pending_setup_intent"] is None
    assert created["billing_mode"]["type"] == "flexible"
    assert created["billing_cycle_anchor"] == created["start_date"] == JANUARY
    [item] = created["items"]["data"]
    assert "quantity" not in item
    assert (item["current_period_start"], item["current_period_end"]) == (JANUARY, FEBRUARY)
    assert (item["price"]["id"], item["plan"]["id"]) == (shop.tokens, shop.tokens)
    assert item["plan"]["transform_usage"] == {"divide_by": 100, "round": "up"}
    assert shop.get(f"{ALL}/{created['id']}", "Subscription") == created


def test_an_older_version_subscribes_in_classic_mode(served: Served):
    with served.http() as plain:
        plain.headers["Stripe-Version"] = "2025-05-28.basil"
        shop = HttpShop(plain)
        created = shop.subscribe(expand=["latest_invoice"])
    assert created["billing_mode"] == {"type": "classic", "flexible": None}
    first = created["latest_invoice"]
    assert (first["amount_due"], first["status"]) == (0, "paid")
    assert [line["amount"] for line in first["lines"]["data"]] == [0]


def test_a_licensed_item_is_invoiced_in_the_creation(shop: HttpShop):
    items = [{"price": shop.seat, "quantity": 3}]
    created = shop.subscribe(items=items, expand=["latest_invoice"])
    assert created["items"]["data"][0]["quantity"] == 3
    first = created["latest_invoice"]
    assert (first["billing_reason"], first["status"]) == ("subscription_create", "open")
    assert (first["amount_due"], first["attempted"]) == (6000, False)


def test_payment_parameters_are_kept_and_shown(shop: HttpShop):
    created = shop.subscribe(
        payment_behavior="default_incomplete",
        off_session=True,
        payment_settings={
            "save_default_payment_method": "on_subscription",
            "payment_method_types": ["card"],
            "payment_method_options": {"card": {"request_three_d_secure": "any"}},
        },
        trial_settings={"end_behavior": {"missing_payment_method": "cancel"}},
        default_payment_method="pm_card_visa",
        default_source="card_1",
        automatic_tax={"enabled": False},
        default_tax_rates="",
        trial_from_plan=False,
        metadata={"plan": "gold"},
        description="Tokens",
    )
    settings = created["payment_settings"]
    assert settings["save_default_payment_method"] == "on_subscription"
    assert settings["payment_method_types"] == ["card"]
    assert settings["payment_method_options"]["card"]["request_three_d_secure"] == "any"
    assert created["trial_settings"]["end_behavior"]["missing_payment_method"] == "cancel"
    assert created["default_payment_method"] == "pm_card_visa"
    assert created["default_source"] == "card_1"
    assert (created["metadata"], created["description"]) == ({"plan": "gold"}, "Tokens")


def test_what_a_subscription_refers_to_can_be_expanded(shop: HttpShop):
    subscription = shop.subscribe(shop.tokens, shop.seat)["id"]
    paths = [
        "customer.test_clock",
        "test_clock",
        "default_payment_method",
        "latest_invoice.customer",
        "items.data.price.product",
        "items.data.price.tiers",
        "items.data.plan.product",
    ]
    shown = shop.get(f"{ALL}/{subscription}", "Subscription", expand=paths)
    assert shown["customer"]["test_clock"]["id"] == shown["test_clock"]["id"] == shop.clock
    assert shown["latest_invoice"]["customer"]["id"] == shop.customer
    items = shown["items"]["data"]
    assert [item["price"]["product"]["name"] for item in items] == ["Tokens", "Seat"]
    assert [item["plan"]["product"]["name"] for item in items] == ["Tokens", "Seat"]


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"customer": "cus_unknown"}, "customer", "resource_missing"),
        ({"customer": ""}, "customer", "parameter_invalid_empty"),
        ({"items": [{"price": "price_unknown"}]}, "items[0][price]", "resource_missing"),
        ({"items": [{"metadata": {"a": "b"}}]}, "items[0][price]", "parameter_missing"),
        ({"items": []}, "items", "parameter_missing"),
        ({"items": [{"plan": "price_unknown"}]}, "items[0][price]", "resource_missing"),
        ({"tirial_end": "now"}, "tirial_end", "parameter_unknown"),
        ({"trial_period_days": 731}, "trial_period_days", None),
        (
            {"trial_period_days": 7, "trial_end": FEBRUARY},
            "trial_period_days",
            "parameters_exclusive",
        ),
        ({"trial_end": JANUARY}, "trial_end", None),
        ({"trial_from_plan": True}, "trial_from_plan", None),
        ({"discounts": [{"coupon": "half"}]}, "discounts[0][coupon]", "resource_missing"),
        (
            {"add_invoice_items": [{"price": "price_1"}]},
            "add_invoice_items[0][price]",
            "resource_missing",
        ),
        ({"default_tax_rates": ["txr_1"]}, "default_tax_rates[0]", "resource_missing"),
        ({"billing_cycle_anchor_config": {"day_of_month": 32}}, ANCHOR_DAY, INVALID_INTEGER),
        (
            {"items": [{"price_data": {"currency": "usd"}}]},
            "items[0][price_data][product]",
            "parameter_missing",
        ),
        ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]", None),
        ({"transfer_data": {"destination": "acct_1"}}, "transfer_data", None),
        ({"application_fee_percent": 10}, "application_fee_percent", None),
        (
            {"billing_thresholds": {"amount_gte": 0}},
            "billing_thresholds[amount_gte]",
            INVALID_INTEGER,
        ),
        ({"invoice_settings": {"footer": "Bye"}}, "invoice_settings[footer]", None),
        ({"collection_method": "send_invoice"}, "days_until_due", "parameter_missing"),
        ({"days_until_due": 5}, "days_until_due", None),
        ({"billing_mode": {"type": "odd"}}, "billing_mode[type]", None),
        ({"billing_cycle_anchor": JANUARY - 1}, "billing_cycle_anchor", None),
        ({"backdate_start_date": FEBRUARY}, "backdate_start_date", None),
        ({"cancel_at": JANUARY}, "cancel_at", None),
        ({"cancel_at": "some_period_end"}, "cancel_at", INVALID_INTEGER),
        ({"currency": "eur"}, "items[0][price]", None),
        ({"expand": ["nothing"]}, "expand[0]", None),
        ({"expand": ["customer", "latest_invoice.payment_intent"]}, "expand[1]", None),
    ],
)
def test_a_creation_that_is_refused_leaves_nothing_behind(
    shop: HttpShop, served: Served, fields: dict[str, Any], param: str, code: str | None
):
    before = served.head()
    asked = {"customer": shop.customer, "items": [{"price": shop.tokens}], **fields}
    refusal = shop.refused("POST", ALL, **asked)
    assert (refusal.status, refusal.code, refusal.param) == (400, code, param)
    assert served.head() == before


@pytest.mark.parametrize(
    ("extra", "param"),
    [
        ({"quantity": 3}, "items[0][quantity]"),
        ({"discounts": [{"coupon": "half"}]}, "items[0][discounts][0][coupon]"),
        ({"tax_rates": ["txr_1"]}, "items[0][tax_rates][0]"),
    ],
)
def test_what_a_metered_item_cannot_have(shop: HttpShop, extra: dict[str, Any], param: str):
    items = [{"price": shop.tokens, **extra}]
    refusal = shop.refused("POST", ALL, customer=shop.customer, items=items)
    assert refusal.param == param


def test_details_change_and_are_cleared(shop: HttpShop):
    created = shop.subscribe(description="Tokens", metadata={"a": "1", "b": "2"})
    one, item = f"{ALL}/{created['id']}", created["items"]["data"][0]["id"]
    changed = shop.post(
        one,
        "Subscription",
        metadata={"a": "", "c": "3"},
        description="",
        default_tax_rates="",
        collection_method="send_invoice",
        days_until_due=14,
        items=[{"id": item, "metadata": {"team": "red"}}],
    )
    assert (changed["metadata"], changed["description"]) == ({"b": "2", "c": "3"}, None)
    assert (changed["collection_method"], changed["days_until_due"]) == ("send_invoice", 14)
    assert changed["items"]["data"][0]["metadata"] == {"team": "red"}
    assert shop.post(one, metadata="")["metadata"] == {}
    assert shop.post(one) == shop.get(one)


def test_an_end_is_scheduled_and_withdrawn(shop: HttpShop):
    one = f"{ALL}/{shop.subscribe()['id']}"
    details = {"comment": "Too dear", "feedback": "too_expensive"}
    asked = shop.post(one, "Subscription", cancel_at_period_end=True, cancellation_details=details)
    assert (asked["cancel_at_period_end"], asked["cancel_at"]) == (True, FEBRUARY)
    assert asked["canceled_at"] == JANUARY
    assert asked["cancellation_details"] == {
        **details,
        "feedback_option": None,
        "reason": "cancellation_requested",
    }
    kept = shop.post(one, "Subscription", cancel_at_period_end=False)
    assert (kept["cancel_at"], kept["canceled_at"], kept["status"]) == (None, None, "active")
    assert shop.post(one, cancel_at=FEBRUARY + 60)["cancel_at"] == FEBRUARY + 60
    assert shop.post(one, cancel_at="")["cancel_at"] is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"items": [{"price": "price_1"}]}, "items[0][price]"),
        ({"items": [{"id": "si_unknown", "metadata": {"a": "b"}}]}, "items[0][id]"),
        ({"items": [{"metadata": {"a": "b"}}]}, "items[0][price]"),
        ({"items": [{"id": "si_1", "deleted": True}]}, "items[0][id]"),
        ({"pause_collection": {"behavior": "odd"}}, "pause_collection[behavior]"),
        ({"billing_cycle_anchor": {"type": "later"}}, "billing_cycle_anchor[type]"),
        ({"proration_date": JANUARY - 1}, "proration_date"),
        ({"cancel_at": FEBRUARY, "cancel_at_period_end": True}, "cancel_at_period_end"),
        ({"cancellation_details": {"feedback": "bad"}}, "cancellation_details[feedback]"),
    ],
)
def test_a_change_that_is_refused(shop: HttpShop, fields: dict[str, Any], param: str):
    one = f"{ALL}/{shop.subscribe()['id']}"
    refusal = shop.refused("POST", one, **fields)
    assert (refusal.status, refusal.param) == (400, param)


def test_a_cancellation_at_once(shop: HttpShop):
    one = f"{ALL}/{shop.subscribe()['id']}"
    shop.use(3000)
    ended = shop.delete(one, "Subscription", prorate=False, expand=["customer"])
    assert (ended["status"], ended["ended_at"], ended["latest_invoice"]) == (
        "canceled",
        JANUARY,
        None,
    )
    assert shop.refused("DELETE", one).status == 404
    assert shop.post(one, metadata={"a": "b"})["metadata"] == {"a": "b"}
    assert shop.refused("POST", one, description="Late").status == 400


def test_a_cancellation_bills_the_usage_so_far_if_it_is_asked_to(shop: HttpShop):
    one = f"{ALL}/{shop.subscribe()['id']}"
    shop.use(3000)
    shop.advance(JANUARY + 86_400)
    ended = shop.delete(one, "Subscription", invoice_now=True, expand=["latest_invoice"])
    assert ended["latest_invoice"]["total"] == 120


def test_lists_leave_out_what_is_canceled_or_on_a_clock(shop: HttpShop):
    kept, ended = shop.subscribe()["id"], shop.subscribe(shop.seat)["id"]
    shop.delete(f"{ALL}/{ended}", prorate=False)

    def listed(**fields: Any) -> list[str]:
        page = shop.get(ALL, "list:Subscription", **fields)
        return [subscription["id"] for subscription in page["data"]]

    mine = {"customer": shop.customer}
    assert kept not in listed()
    assert listed(**mine) == listed(test_clock=shop.clock) == [kept]
    assert listed(**mine, status="all") == [ended, kept]
    assert listed(**mine, status="ended") == listed(**mine, status="canceled") == [ended]
    assert listed(**mine, status="trialing") == []
    assert listed(**mine, price=shop.tokens) == [kept]
    assert listed(**mine, plan="price_unknown") == []
    assert listed(**mine, collection_method="send_invoice") == []
    assert listed(**mine, created={"gt": JANUARY}) == []
    assert listed(**mine, current_period_end=FEBRUARY) == [kept]
    assert listed(**mine, current_period_start={"lt": JANUARY}) == []
    assert listed(**mine, status="all", limit=1, starting_after=ended) == [kept]
    assert listed(**mine, status="all", ending_before=kept) == [ended]


def test_a_subscription_that_is_not_there(shop: HttpShop):
    for method in ("GET", "POST", "DELETE"):
        refusal = shop.refused(method, f"{ALL}/sub_unknown")
        assert (refusal.status, refusal.code) == (404, "resource_missing")
