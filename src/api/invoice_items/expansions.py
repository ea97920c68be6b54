"""What can be expanded in an invoice item, and items where something else refers to them."""

from collections.abc import Mapping, Sequence

from api.coupons.expansions import load_discounts
from api.customers.expansions import load_customers
from api.http.call import View
from api.http.expand import Expansions, JsonObject, Reference
from api.invoice_items.objects import item_objects
from api.prices.expansions import load_prices
from api.test_clocks.expansions import load_test_clocks
from projections.invoice_items.rows import INVOICE_ITEMS


def invoice_item_expansions(view: View) -> Expansions:
    """Its invoice is for the invoices to say."""
    return {
        ("invoiceitem", "customer"): Reference(lambda ids: load_customers(view, ids), "customer"),
        ("invoiceitem", "discounts"): Reference(lambda ids: load_discounts(view, ids), "discount"),
        ("invoiceitem", "pricing.price_details.price"): Reference(
            lambda ids: load_prices(view, ids), "price"
        ),
        ("invoiceitem", "test_clock"): Reference(
            lambda ids: load_test_clocks(view, ids), "test_helpers.test_clock"
        ),
    }


def load_items(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Invoice items by id, for objects that refer to them."""
    rows = [row for i in ids if (row := view.rows.get(INVOICE_ITEMS, i)) is not None]
    return {shown["id"]: shown for shown in item_objects(view, rows)}
