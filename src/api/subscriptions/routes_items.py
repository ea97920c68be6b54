"""`/v1/subscription_items`."""

from typing import Any, NoReturn

from api.http.call import Call, View
from api.http.errors import ApiError
from api.http.lists import list_object, page_of
from api.http.openapi import Endpoint
from api.http.routes import Resource, Route, query
from api.prices.objects import price_rows
from api.subscriptions.objects_items import item_object
from api.subscriptions.params_update import (
    SubscriptionItemCreate,
    SubscriptionItemDelete,
    SubscriptionItemList,
    SubscriptionItemUpdate,
)
from ledger.kernel.errors import NotFound
from ledger.subscriptions.commands import ItemChange, UpdateSubscription
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


def _update(call: Call[SubscriptionItemUpdate]) -> UpdateSubscription:
    row, item = _find(call.view(), call.path["item"])
    change = ItemChange(id=item.id, metadata=call.params.metadata)
    return UpdateSubscription(subscription=row.id, items=(change,))


def _one(view: View, item_id: str) -> dict[str, Any]:
    row, item = _find(view, item_id)
    return item_object(row, item, price_rows(view, [item.price]))


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
    return list_object(call.url, [item_object(row, item, prices) for item in items], has_more=more)


def _refuse(_: Call[Any]) -> NoReturn:
    raise ApiError(
        "Items cannot be added to a running subscription or removed from it. Cancel the "
        "subscription and create another one with the items that you want."
    )


ROUTES: list[Route] = [
    ITEM.page(ALL, SubscriptionItemList, "List the items of a subscription", _list),
    ITEM.retrieve(ONE, "Retrieve an item of a subscription", _one),
    ITEM.post(ONE, SubscriptionItemUpdate, "Update an item's metadata", _update, _one),
    query(
        Endpoint(
            method="POST",
            path=ALL,
            params=SubscriptionItemCreate,
            returns=RETURNS,
            summary="Add an item to a subscription (refused)",
            tag=TAG,
            description="The items of a running subscription do not change.",
        ),
        _refuse,
    ),
    query(
        Endpoint(
            method="DELETE",
            path=ONE,
            params=SubscriptionItemDelete,
            returns=RETURNS,
            summary="Remove an item from a subscription (refused)",
            tag=TAG,
            description="The items of a running subscription do not change.",
        ),
        _refuse,
    ),
]
