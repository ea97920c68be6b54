"""What can be expanded in credit notes and changes of balances."""

from collections.abc import Mapping, Sequence

from api.credit_notes.objects import credit_note_object
from api.customers.expansions import load_customers
from api.customers.objects import balance_transaction_object
from api.http.call import View
from api.http.expand import Expansions, JsonObject, Reference
from api.invoices.expansions import load_invoices
from projections.credit_notes.rows import CREDIT_NOTES
from projections.customers.rows import BALANCE_TRANSACTIONS, CUSTOMERS


def credit_note_expansions(view: View) -> Expansions:
    """Changes of balances lead to invoices and credit notes, and so are expanded here as well."""
    customers = Reference(lambda ids: load_customers(view, ids), to="customer")
    invoices = Reference(lambda ids: load_invoices(view, ids), to="invoice")
    notes = Reference(lambda ids: _credit_notes(view, ids), to="credit_note")
    changes = Reference(
        lambda ids: _balance_transactions(view, ids), to="customer_balance_transaction"
    )
    return {
        ("credit_note", "customer"): customers,
        ("credit_note", "customer_balance_transaction"): changes,
        ("credit_note", "invoice"): invoices,
        ("customer_balance_transaction", "credit_note"): notes,
        ("customer_balance_transaction", "invoice"): invoices,
    }


def _credit_notes(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    rows = [row for i in ids if (row := view.rows.get(CREDIT_NOTES, i)) is not None]
    return {row.id: credit_note_object(view, row) for row in rows}


def _balance_transactions(view: View, ids: Sequence[str]) -> Mapping[str, JsonObject]:
    rows = [row for i in ids if (row := view.rows.get(BALANCE_TRANSACTIONS, i)) is not None]
    return {
        row.id: balance_transaction_object(
            row, view.rows.require(CUSTOMERS, "customer", row.customer)
        )
        for row in rows
    }
