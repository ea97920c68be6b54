"""What can be expanded in subscriptions and their items; the latest invoice is the invoices'."""

from collections.abc import Mapping, Sequence

from api.coupons.expansions import load_discounts
from api.customers.expansions import load_customers
from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from api.http.lists import DEFAULT_LIMIT, list_object
from api.products.expansions import load_products
from api.subscriptions.objects import subscription_objects
from api.test_clocks.expansions import load_test_clocks
from projections.customers.rows import CUSTOMERS
from projections.subscriptions.rows import SUBSCRIPTIONS


def subscription_expansions(view: View) -> Expansions:
    """Payment methods and setup intents stay as they are: nothing is behind them."""
    nothing = Reference(lambda _: {})
    discounts = Reference(lambda ids: load_discounts(view, ids), to="discount")
    products = Reference(lambda ids: load_products(view, ids), to="product")
    return {
        ("customer", "subscriptions"): Hidden(lambda customer: _current_of(view, customer)),
        ("subscription", "customer"): Reference(
            lambda ids: load_customers(view, ids), to="customer"
        ),
        ("subscription", "default_payment_method"): nothing,
        ("subscription", "default_source"): nothing,
        ("subscription", "discounts"): discounts,
        ("subscription", "pending_setup_intent"): nothing,
        ("subscription", "schedule"): nothing,
        ("subscription", "test_clock"): Reference(
            lambda ids: load_test_clocks(view, ids), to="test_helpers.test_clock"
        ),
        ("subscription_item", "discounts"): discounts,
        ("subscription_item", "plan"): nothing,
        ("subscription_item", "price"): nothing,
        ("plan", "product"): products,
    }


def load_subscriptions(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Subscriptions by id, for objects that refer to them."""
    rows = [row for i in ids if (row := view.rows.get(SUBSCRIPTIONS, i)) is not None]
    return {shown["id"]: shown for shown in subscription_objects(view, rows)}


def _current_of(view: View, customer: JsonObject) -> JsonObject:
    """A page of the customer's subscriptions that have not ended, newest first."""
    row = view.rows.require(CUSTOMERS, "customer", customer["id"])
    loaded = load_subscriptions(view, row.subscriptions[::-1])
    current = [shown for shown in loaded.values() if shown["status"] != "canceled"]
    url = f"/v1/customers/{row.id}/subscriptions"
    return list_object(url, current[:DEFAULT_LIMIT], has_more=len(current) > DEFAULT_LIMIT)
