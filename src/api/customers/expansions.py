"""What can be expanded in a customer, and customers where something else refers to them."""

from collections.abc import Mapping, Sequence

from api.customers.objects import customer_object
from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from api.http.lists import list_object
from api.test_clocks.expansions import load_test_clocks
from projections.customers.rows import CUSTOMERS


def customer_expansions(view: View) -> Expansions:
    """Payment methods stay ids: nothing is behind them."""
    nothing = Reference(lambda _: {})
    customers = Reference(lambda ids: load_customers(view, ids), to="customer")
    clocks = Reference(lambda ids: load_test_clocks(view, ids), to="test_helpers.test_clock")
    return {
        ("customer", "test_clock"): clocks,
        ("customer_balance_transaction", "customer"): customers,
        ("discount", "customer"): customers,
        ("customer", "default_source"): nothing,
        ("customer", "invoice_settings.default_payment_method"): nothing,
        ("customer", "cash_balance"): Hidden(lambda _: None),
        ("customer", "invoice_credit_balance"): Hidden(lambda _: {}),
        ("customer", "sources"): Hidden(lambda customer: _empty(customer, "sources")),
        ("customer", "tax_ids"): Hidden(lambda customer: _empty(customer, "tax_ids")),
    }


def load_customers(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Customers by id, for objects that refer to them."""
    rows = (view.rows.get(CUSTOMERS, customer_id) for customer_id in ids)
    return {row.id: customer_object(row) for row in rows if row}


def _empty(customer: JsonObject, name: str) -> JsonObject:
    return list_object(f"/v1/customers/{customer['id']}/{name}", [], has_more=False)
