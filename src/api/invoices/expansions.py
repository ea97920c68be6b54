"""What can be expanded in invoices and their lines, and the latest invoice in a subscription."""

from collections.abc import Mapping, Sequence

from api.coupons.expansions import load_discounts
from api.customers.expansions import load_customers
from api.http.call import View
from api.http.expand import Expansions, Hidden, JsonObject, Reference
from api.http.lists import list_object
from api.invoices.objects import invoice_objects
from api.prices.expansions import load_prices
from api.subscriptions.expansions import load_subscriptions
from api.test_clocks.expansions import load_test_clocks
from projections.invoices.rows import INVOICES


def invoice_expansions(view: View) -> Expansions:
    """Payments are none, and payment methods stay ids: nothing is behind them."""
    nothing = Reference(lambda _: {})
    subscriptions = Reference(lambda ids: load_subscriptions(view, ids), to="subscription")
    invoices = Reference(lambda ids: load_invoices(view, ids), to="invoice")
    customers = Reference(lambda ids: load_customers(view, ids), to="customer")
    clocks = Reference(lambda ids: load_test_clocks(view, ids), to="test_helpers.test_clock")
    prices = Reference(lambda ids: load_prices(view, ids), to="price")
    discounts = Reference(lambda ids: load_discounts(view, ids), to="discount")
    return {
        ("subscription", "latest_invoice"): invoices,
        ("invoiceitem", "invoice"): invoices,
        ("invoice", "customer"): customers,
        ("invoice", "parent.subscription_details.subscription"): subscriptions,
        ("invoice", "test_clock"): clocks,
        ("invoice", "confirmation_secret"): Hidden(lambda _: None),
        ("invoice", "payments"): Hidden(_no_payments),
        ("invoice", "default_payment_method"): nothing,
        ("invoice", "default_source"): nothing,
        ("invoice", "discounts"): discounts,
        ("invoice", "total_discount_amounts.discount"): discounts,
        ("invoice", "total_pretax_credit_amounts.discount"): discounts,
        ("invoice", "latest_revision"): nothing,
        ("line_item", "discounts"): discounts,
        ("line_item", "discount_amounts.discount"): discounts,
        ("line_item", "pretax_credit_amounts.discount"): discounts,
        ("line_item", "pricing.price_details.price"): prices,
        ("line_item", "subscription"): subscriptions,
    }


def load_invoices(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    """Invoices by id, for objects that refer to them."""
    rows = [row for i in ids if (row := view.rows.get(INVOICES, i)) is not None]
    return {shown["id"]: shown for shown in invoice_objects(view, rows)}


def _no_payments(invoice: JsonObject) -> JsonObject:
    return list_object(f"/v1/invoice_payments?invoice={invoice['id']}", [], has_more=False)
