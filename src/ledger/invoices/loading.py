"""Invoices within a command: one that exists, one that can be edited, and the time it lives in."""

from datetime import datetime

from ledger.customers import aggregate as customers
from ledger.customers.handlers import customer_now
from ledger.invoices import aggregate
from ledger.invoices.aggregate import Invoice
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.store.work import Work


def require_invoice(work: Work, invoice_id: str, *, param: str | None = None) -> Invoice:
    """An invoice in any status. Raises NotFound, also for one that was deleted."""
    if not invoice_id.startswith("in_"):
        raise NotFound("invoice", invoice_id, param=param)
    invoice = work.require(aggregate.evolve, invoice_id, "invoice", param=param)
    if invoice.deleted:
        raise NotFound("invoice", invoice_id, param=param)
    return invoice


def require_draft(work: Work, invoice_id: str, *, param: str | None = None) -> Invoice:
    """An invoice that can be edited. Raises NotFound, and InvalidRequest once it is finalized."""
    invoice = require_invoice(work, invoice_id, param=param)
    if invoice.status != "draft":
        raise InvalidRequest(
            "This invoice is no longer editable: it is finalized.",
            code="invoice_not_editable",
            param=param,
        )
    return invoice


def invoice_now(work: Work, invoice: Invoice) -> datetime:
    """The time that the invoice's customer lives in."""
    customer = work.require(customers.evolve, invoice.draft.customer, "customer")
    return customer_now(work, customer)
