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


def test_items_are_added_repriced_and_removed(shop: HttpShop):
    created = shop.subscribe()
    one = f"/v1/subscriptions/{created['id']}"
    added = shop.post(ALL, "SubscriptionItem", subscription=created["id"], price=shop.seat)
    assert (added["price"]["id"], added["quantity"]) == (shop.seat, 1)
    changed = shop.post(f"{ALL}/{added['id']}", "SubscriptionItem", quantity=3)
    assert changed["quantity"] == 3
    shown = shop.get(one, "Subscription")
    assert [item["id"] for item in shown["items"]["data"]][-1] == added["id"]
    removed = shop.delete(f"{ALL}/{added['id']}")
    assert removed == {"id": added["id"], "object": "subscription_item", "deleted": True}
    assert len(shop.get(one)["items"]["data"]) == 1
    assert shop.refused("GET", f"{ALL}/{added['id']}").status == 404


def test_an_item_names_its_own_fields_where_it_is_refused(shop: HttpShop):
    created = shop.subscribe()
    item = created["items"]["data"][0]["id"]
    assert shop.refused("POST", ALL, subscription=created["id"]).param == "price"
    again = shop.refused("POST", ALL, subscription=created["id"], price=shop.tokens)
    assert again.param == "price"
    quantity = shop.refused("POST", f"{ALL}/{item}", quantity=3)
    assert (quantity.status, quantity.param) == (400, "quantity")
    last = shop.refused("DELETE", f"{ALL}/{item}")
    assert (last.status, last.param) == (400, "items")
