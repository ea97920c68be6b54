"""Answers about test clocks, subscriptions and invoices."""

from tests.shapes.conforming import Conforming
from tests.support.sdk import HOUR, Shop, at

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


def test_test_clocks(api: Conforming) -> None:
    clocks, shape = "/v1/test_helpers/test_clocks", "test_helpers.TestClock"
    clock = api.post(clocks, shape, {"frozen_time": JANUARY, "name": "Mine"})
    one = f"{clocks}/{clock['id']}"
    api.post(f"{one}/advance", shape, {"frozen_time": FEBRUARY})
    api.get(one, shape)
    api.get(clocks, f"list:{shape}")
    api.deletion(one, "test_helpers.test_clock")
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


def test_credit_notes(api: Conforming, shop: Shop) -> None:
    notes, shape = "/v1/credit_notes", "CreditNote"
    subscription = shop.subscribe(shop.customer().id, shop.seat())
    of = {"invoice": str(subscription.latest_invoice)}
    made = api.post(notes, shape, {**of, "amount": 100, "expand[]": "invoice"})
    one = f"{notes}/{made['id']}"
    api.get(one, shape, {"expand[]": "customer"})
    api.get(f"{one}/lines", "list:CreditNoteLineItem")
    api.get(notes, f"list:{shape}", of)
    api.get(f"{notes}/preview", shape, {**of, "amount": 100})
    api.get(f"{notes}/preview/lines", "list:CreditNoteLineItem", {**of, "amount": 100})
    api.post(one, shape, {"memo": "Sorry", "metadata[a]": "b"})
    api.post(f"{one}/void", shape)
    api.refused("POST", f"{one}/void", 400)
    api.refused("POST", notes, 400, of)
    api.refused("GET", f"{notes}/cn_none", 404)


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
