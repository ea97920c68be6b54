"""Items of subscriptions over HTTP."""

from tests.support.http_shop import HttpShop

ALL = "/v1/subscription_items"


def test_items_are_listed_and_retrieved(shop: HttpShop):
    created = shop.subscribe(shop.tokens, shop.seat)
    page = shop.get(ALL, "list:SubscriptionItem", subscription=created["id"])
    assert page["data"] == created["items"]["data"]
    first, second = (item["id"] for item in page["data"])
    assert shop.get(f"{ALL}/{second}", "SubscriptionItem") == page["data"][1]
    one = shop.get(ALL, subscription=created["id"], limit=1)
    assert (one["has_more"], one["data"]) == (True, page["data"][:1])
    after = shop.get(ALL, subscription=created["id"], starting_after=first)
    assert (after["has_more"], after["data"]) == (False, page["data"][1:])
    before = shop.get(ALL, subscription=created["id"], ending_before=second)
    assert (before["has_more"], before["data"]) == (False, page["data"][:1])
    expanded = shop.get(f"{ALL}/{first}", "SubscriptionItem", expand=["price.product"])
    assert expanded["price"]["product"]["name"] == "Tokens"


def test_an_item_of_nothing(shop: HttpShop):
    assert shop.refused("GET", f"{ALL}/si_unknown").status == 404
    assert shop.refused("POST", f"{ALL}/si_unknown", metadata={"a": "b"}).status == 404
    assert shop.refused("GET", ALL).param == "subscription"
    refusal = shop.refused("GET", ALL, subscription="sub_unknown")
    assert (refusal.status, refusal.param) == (400, "subscription")
    subscription = shop.subscribe()["id"]
    refusal = shop.refused("GET", ALL, subscription=subscription, starting_after="si_unknown")
    assert (refusal.status, refusal.param) == (400, "starting_after")


def test_the_metadata_of_an_item_changes(shop: HttpShop):
    item = shop.subscribe()["items"]["data"][0]["id"]
    changed = shop.post(f"{ALL}/{item}", "SubscriptionItem", metadata={"team": "red"})
    assert changed["metadata"] == {"team": "red"}
    assert shop.get(f"{ALL}/{item}") == changed


def test_items_are_neither_added_nor_removed_nor_repriced(shop: HttpShop):
    created = shop.subscribe()
    item = created["items"]["data"][0]["id"]
    added = shop.refused("POST", ALL, subscription=created["id"], price=shop.seat)
    removed = shop.refused("DELETE", f"{ALL}/{item}")
    assert added.status == removed.status == 400
    assert "running subscription" in added.message
    assert shop.refused("POST", f"{ALL}/{item}", price=shop.seat).param == "price"
    assert shop.get(f"{ALL}/{item}")["price"]["id"] == shop.tokens
