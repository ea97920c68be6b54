"""What lists of late usage are narrowed to must be known."""

from api.http.call import View
from projections.customers.rows import CUSTOMERS
from projections.invoices.rows import INVOICES
from projections.subscriptions.rows import SUBSCRIPTIONS


def require_known(
    view: View,
    *,
    customer: str | None = None,
    invoice: str | None = None,
    subscription: str | None = None,
) -> None:
    """Raises NotFound, naming the parameter, for what the ledger does not have, or did not yet."""
    if customer is not None:
        view.rows.require(CUSTOMERS, "customer", customer, param="customer")
    if invoice is not None:
        view.rows.require(INVOICES, "invoice", invoice, param="invoice")
    if subscription is not None:
        view.rows.require(SUBSCRIPTIONS, "subscription", subscription, param="subscription")
