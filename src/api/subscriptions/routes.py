"""`/v1/subscriptions`."""

from typing import Any, Final

from api.http.call import Call, View, bounds
from api.http.lists import list_object
from api.http.routes import Resource, Route
from api.subscriptions.objects import subscription_object, subscription_objects
from api.subscriptions.params_create import SubscriptionCreate
from api.subscriptions.params_update import (
    SubscriptionCancel,
    SubscriptionList,
    SubscriptionMigrate,
    SubscriptionPause,
    SubscriptionResume,
    SubscriptionUpdate,
)
from api.subscriptions.requests import creation
from api.subscriptions.requests_update import change, end, migrate, pause, resume
from projections.runtime.reader import Reader
from projections.subscriptions.rows import SUBSCRIPTION_ITEMS, SUBSCRIPTIONS

SUBSCRIPTION = Resource("Subscriptions", "subscription", "sub")
ALL = "/v1/subscriptions"
ONE = f"{ALL}/{{subscription:str}}"

_STATUSES: Final[dict[str, list[str] | None]] = {
    "all": None,
    "ended": ["canceled", "incomplete_expired"],
    "": ["active", "incomplete", "past_due", "paused", "trialing", "unpaid"],
}


def one_subscription(view: View, subscription_id: str) -> dict[str, Any]:
    """A subscription by its id. Raises NotFound."""
    row = view.rows.require(SUBSCRIPTIONS, "subscription", subscription_id)
    return subscription_object(view, row)


def _list(call: Call[SubscriptionList]) -> dict[str, Any]:
    asked, reader = call.params, call.reader()
    if asked.automatic_tax is not None and asked.automatic_tax.enabled:
        return list_object(call.url, [], has_more=False)
    status = asked.status or ""
    where = {
        "status": _STATUSES.get(status, [status]),
        "collection_method": asked.collection_method,
        "customer": asked.customer,
        "test_clock": asked.test_clock,
        "on_test_clock": None if asked.test_clock or asked.customer else False,
        "id": _subscribed(reader, asked.price or asked.plan),
    }
    rows, more = reader.page(
        SUBSCRIPTIONS,
        asked,
        where,
        bounds(asked.created),
        current_period_start=bounds(asked.current_period_start),
        current_period_end=bounds(asked.current_period_end),
    )
    return list_object(call.url, subscription_objects(call.view(), rows), has_more=more)


def _subscribed(reader: Reader, price: str | None) -> list[str] | None:
    """The subscriptions that have an item with this price; None for any price."""
    if price is None:
        return None
    condition = "ledger_id = %(ledger_id)s AND price = %(price)s"
    rows = reader.fetch_rows(SUBSCRIPTION_ITEMS, condition, {"price": price})
    return [row.subscription for row in rows]


ROUTES: list[Route] = [
    SUBSCRIPTION.post(
        ALL,
        SubscriptionCreate,
        "Create a subscription",
        creation,
        one_subscription,
        "It is active at once, or on trial: no money moves. Without `billing_mode` it is "
        "`flexible` from Stripe-Version 2025-09-30 on and `classic` before.",
    ),
    SUBSCRIPTION.page(
        ALL,
        SubscriptionList,
        "List subscriptions",
        _list,
        "Without canceled ones unless `status` says so, and without those on a test "
        "clock unless `test_clock` or `customer` is given.",
    ),
    SUBSCRIPTION.retrieve(ONE, "Retrieve a subscription", one_subscription),
    SUBSCRIPTION.post(
        ONE,
        SubscriptionUpdate,
        "Update a subscription",
        change,
        one_subscription,
        "Items are changed by their `id`, removed with `deleted`, and added without an `id`. "
        "Licensed items are prorated by the second as `proration_behavior` says.",
    ),
    SUBSCRIPTION.post(
        f"{ONE}/migrate",
        SubscriptionMigrate,
        "Migrate a classic subscription to flexible billing",
        migrate,
        one_subscription,
    ),
    SUBSCRIPTION.post(
        f"{ONE}/pause",
        SubscriptionPause,
        "Pause a subscription",
        pause,
        one_subscription,
        "Nothing is billed and no period ends until it is resumed.",
    ),
    SUBSCRIPTION.post(
        f"{ONE}/resume",
        SubscriptionResume,
        "Resume a paused subscription",
        resume,
        one_subscription,
    ),
    SUBSCRIPTION.delete(
        ONE,
        SubscriptionCancel,
        "Cancel a subscription at once",
        end,
        one_subscription,
        "Usage not yet billed goes unbilled unless `invoice_now` is true.",
    ),
]
