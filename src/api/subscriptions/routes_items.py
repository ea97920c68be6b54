"""`/v1/subscription_items`."""

from typing import Any

from api.http.call import Call, View
from api.http.lists import list_object, page_of
from api.http.routes import Resource, Route
from api.prices.objects import price_rows
from api.subscriptions.objects_items import item_object
from api.subscriptions.params_update import (
    SubscriptionItemCreate,
    SubscriptionItemDelete,
    SubscriptionItemList,
    SubscriptionItemUpdate,
)
from api.subscriptions.requests_update import item_change, item_removal
from ledger.kernel.errors import NotFound
from ledger.kernel.ids import new_id
from ledger.subscriptions.commands import UpdateSubscription
from projections.subscriptions.rows import (
    SUBSCRIPTION_ITEMS,
    SUBSCRIPTIONS,
    ItemPart,
    SubscriptionRow,
)

TAG = "Subscriptions"
RETURNS = "subscription_item"
ITEM = Resource(TAG, RETURNS, "si")
ALL = "/v1/subscription_items"
ONE = f"{ALL}/{{item:str}}"


def _create(call: Call[SubscriptionItemCreate]) -> UpdateSubscription:
    return item_change(call.params.subscription, new_id("si", 14), call.params, added=True)


def _update(call: Call[SubscriptionItemUpdate]) -> UpdateSubscription:
    row, item = _find(call.view(), call.path["item"])
    return item_change(row.id, item.id, call.params, added=False)


def _remove(call: Call[SubscriptionItemDelete]) -> UpdateSubscription:
    row, item = _find(call.view(), call.path["item"])
    return item_removal(row.id, item.id, call.params)


def _newest(view: View, subscription_id: str) -> dict[str, Any]:
    """The item that a subscription got last."""
    row = view.rows.require(SUBSCRIPTIONS, "subscription", subscription_id)
    item = row.items[-1]
    return item_object(view, row, item, price_rows(view, [item.price]))


def _gone(_: View, item_id: str) -> dict[str, Any]:
    return {"id": item_id, "object": "subscription_item", "deleted": True}


def _one(view: View, item_id: str) -> dict[str, Any]:
    row, item = _find(view, item_id)
    return item_object(view, row, item, price_rows(view, [item.price]))


def _find(view: View, item_id: str) -> tuple[SubscriptionRow, ItemPart]:
    place = view.rows.require(SUBSCRIPTION_ITEMS, "subscription item", item_id)
    row = view.rows.require(SUBSCRIPTIONS, "subscription", place.subscription)
    for item in row.items:
        if item.id == item_id:
            return row, item
    raise NotFound("subscription item", item_id)


def _list(call: Call[SubscriptionItemList]) -> dict[str, Any]:
    view, asked = call.view(), call.params
    row = view.rows.require(SUBSCRIPTIONS, "subscription", asked.subscription, param="subscription")
    items, more = page_of(asked, row.items, lambda item: item.id)
    prices = price_rows(view, (item.price for item in items))
    shown = [item_object(view, row, item, prices) for item in items]
    return list_object(call.url, shown, has_more=more)


ROUTES: list[Route] = [
    ITEM.page(ALL, SubscriptionItemList, "List the items of a subscription", _list),
    ITEM.retrieve(ONE, "Retrieve an item of a subscription", _one),
    Resource(TAG, RETURNS, "sub").post(
        ALL,
        SubscriptionItemCreate,
        "Add an item to a subscription",
        _create,
        _newest,
        "Licensed items are charged from now on, metered ones count usage from now on.",
    ),
    ITEM.post(
        ONE,
        SubscriptionItemUpdate,
        "Change an item of a subscription",
        _update,
        _one,
        "A change of a licensed price or quantity is prorated by the second; usage is billed at "
        "the price that was in force at its time.",
    ),
    Resource(TAG, "deleted_subscription_item", "si").delete(
        ONE,
        SubscriptionItemDelete,
        "Remove an item from a subscription",
        _remove,
        _gone,
        "Usage so far is billed on the next invoice, unless `clear_usage` is true, "
        "`proration_behavior` is `none`, or the subscription is classic.",
    ),
]
