"""Drafting an invoice once more, from the log as it stood just before it was drafted."""

from datetime import timedelta
from typing import Final

from ledger.invoice_items import aggregate as invoice_items
from ledger.invoices.drafting import (
    closing,
    period_draft,
    period_invoice_id,
    shortest,
    start_draft,
    start_invoice_id,
    threshold_draft,
    waiting_draft,
    waiting_invoice_id,
)
from ledger.invoices.events import DraftLine, InvoiceDrafted
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.cycle import boundary, periods_cut_at

_UNSEEN: Final = timedelta(0)
"""A grace period is no part of the document."""


class UnexplainedInvoice(LookupError):
    """The log does not hold what an invoice claims to bill."""


def redraft(work: Work, invoice_id: str, drafted: InvoiceDrafted) -> InvoiceDrafted:
    """The draft that follows from what `work` sees. `drafted.created` is all that is trusted.

    A draft that someone asked for is what was asked, with the lines of invoice items as the items
    stood. Raises UnexplainedInvoice where nothing leads to this invoice.
    """
    if drafted.billing_reason == "manual" or drafted.subscription is None:
        lines = tuple(_line_again(work, line) for line in drafted.lines)
        return drafted.model_copy(update={"lines": lines})
    subscription_id, created = drafted.subscription, drafted.created
    subscription = work.load(evolve, subscription_id)
    if subscription is None:
        raise UnexplainedInvoice(f"{subscription_id} did not exist for {invoice_id}")
    reason = drafted.billing_reason
    if reason == "subscription_create":
        _check_id(invoice_id, start_invoice_id(subscription_id))
        return start_draft(work, subscription_id, subscription, _UNSEEN)
    if reason == "subscription_cycle":
        return _period_again(work, invoice_id, subscription, drafted)
    _check_id(invoice_id, waiting_invoice_id(subscription_id, subscription, reason))
    if reason == "subscription_threshold":
        return threshold_draft(work, subscription_id, subscription, created=created)
    return waiting_draft(work, subscription_id, subscription, created=created, finalizes_at=None)


def _period_again(
    work: Work, invoice_id: str, subscription: Subscription, drafted: InvoiceDrafted
) -> InvoiceDrafted:
    subscription_id, end = drafted.subscription or "", boundary(subscription)
    if end is None or drafted.created < end:
        ended, begun = periods_cut_at(subscription, drafted.created), ()
    else:
        ended, begun = closing(subscription, end)
    _check_id(invoice_id, period_invoice_id(subscription_id, shortest(ended)))
    return period_draft(
        work, subscription_id, subscription, ended, begun, created=drafted.created, grace=_UNSEEN
    )


def _line_again(work: Work, line: DraftLine) -> DraftLine:
    if line.invoice_item is None:
        return line
    item = work.load(invoice_items.evolve, line.invoice_item)
    if item is None:
        raise UnexplainedInvoice(f"{line.invoice_item} did not exist for {line.id}")
    return line.model_copy(update=dict(item.charge))


def _check_id(invoice_id: str, derived: str) -> None:
    if invoice_id != derived:
        raise UnexplainedInvoice(f"nothing led to {invoice_id}")
