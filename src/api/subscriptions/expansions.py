"""What can be expanded in subscriptions and their items; the latest invoice is the invoices'."""

from collections.abc import Mapping, Sequence

from api.customers.objects import load_customers
from api.http.call import View
from api.http.expand import Expansions, JsonObject, Reference
from api.products.objects import load_products
from api.subscriptions.objects import subscription_objects
from api.test_clocks.objects import test_clock_object
from projections.subscriptions.rows import SUBSCRIPTIONS
from projections.test_clocks.rows import TEST_CLOCKS


def subscription_expansions(view: View) -> Expansions:
    """Payment methods and setup intents stay as they are: nothing is behind them."""
    nothing = Reference(lambda _: {})
    products = Reference(lambda ids: load_products(view, ids))
    return {
        ("subscription", "customer"): Reference(lambda ids: load_customers(view, ids)),
        ("subscription", "default_payment_method"): nothing,
        ("subscription", "default_source"): nothing,
        ("subscription", "discounts"): nothing,
        ("subscription", "pending_setup_intent"): nothing,
        ("subscription", "schedule"): nothing,
        ("subscription", "test_clock"): Reference(lambda ids: load_clocks(view, ids)),
        ("subscription_item", "discounts"): nothing,
        ("subscription_item", "plan"): nothing,
        ("subscription_item", "price"): nothing,
        ("plan", "product"): products,
    }


def load_subscriptions(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Subscriptions by id, for objects that refer to them."""
    rows = [row for i in ids if (row := view.rows.get(SUBSCRIPTIONS, i)) is not None]
    return {shown["id"]: shown for shown in subscription_objects(view, rows)}


def load_clocks(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Test clocks by id, for objects that refer to them."""
    rows = (view.rows.get(TEST_CLOCKS, clock_id) for clock_id in ids)
    return {row.id: test_clock_object(row) for row in rows if row}
