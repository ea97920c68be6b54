"""Finalizing an invoice whose collection may be paused."""

from datetime import datetime

from ledger.customers import aggregate as customers
from ledger.customers.aggregate import BalanceCause, BalanceChange
from ledger.invoices import aggregate
from ledger.invoices.aggregate import Invoice
from ledger.invoices.drafting import paused_collection
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.finalizing import append_final, bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.store.work import Work
from ledger.subscriptions import aggregate as subscriptions


def finalize_now(
    work: Work,
    readers: UsageReaders,
    invoice_id: str,
    draft: InvoiceDrafted,
    at: datetime,
    *,
    auto_advance: bool | None = None,
) -> None:
    """Append everything that finalizing a draft means, and what a paused collection makes of it."""
    append_final(work, invoice_id, bill_now(work, readers, draft), at, auto_advance=auto_advance)
    if draft.subscription is not None:
        withhold(work, invoice_id, draft.subscription, at)


def withhold(work: Work, invoice_id: str, subscription_id: str, at: datetime) -> None:
    """Void an open invoice, or give up on it, where the collection of its subscription is paused.

    The customer gets back the credit that a voided invoice used.
    """
    subscription = work.require(subscriptions.evolve, subscription_id, "subscription")
    pause = paused_collection(subscription, at)
    if pause is None:
        return
    invoice = work.require(aggregate.evolve, invoice_id, "invoice")
    if invoice.status != "open":
        return
    if pause.behavior == "void":
        void_now(work, invoice_id, invoice, at)
    elif pause.behavior == "mark_uncollectible":
        work.append(invoice_id, aggregate.mark_uncollectible(invoice, at))


def void_now(work: Work, invoice_id: str, invoice: Invoice, at: datetime) -> None:
    """Void an invoice and its credit notes; the customer gets back the credit that it used."""
    work.append(invoice_id, *aggregate.void(invoice, at))
    used = aggregate.credit_used(invoice)
    if used:
        customer = work.require(customers.evolve, invoice.draft.customer, "customer")
        cause = BalanceCause(currency=invoice.draft.currency, invoice=invoice_id)
        given_back = BalanceChange("unapplied_from_invoice", -used, at, cause)
        work.append(invoice.draft.customer, customers.change_balance(customer, given_back))
