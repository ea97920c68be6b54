"""Drafting an invoice once more, from the log as it stood just before it was drafted."""

from datetime import timedelta
from typing import Final

from ledger.invoice_items import aggregate as invoice_items
from ledger.invoices.drafting import (
    period_draft,
    period_invoice_id,
    start_draft,
    start_invoice_id,
)
from ledger.invoices.events import DraftLine, InvoiceDrafted
from ledger.kernel.periods import Period
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.cycle import following_period, running_period

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
    subscription = work.load(evolve, drafted.subscription)
    if subscription is None:
        raise UnexplainedInvoice(f"{drafted.subscription} did not exist for {invoice_id}")
    if drafted.billing_reason == "subscription_create":
        _check_id(invoice_id, start_invoice_id(drafted.subscription))
        return start_draft(drafted.subscription, subscription, _UNSEEN)
    return _period_again(invoice_id, drafted.subscription, subscription, drafted)


def _period_again(
    invoice_id: str, subscription_id: str, subscription: Subscription, drafted: InvoiceDrafted
) -> InvoiceDrafted:
    period, following = running_period(subscription), following_period(subscription)
    if drafted.created < period.end:
        period, following = Period(period.start, drafted.created), None
    _check_id(invoice_id, period_invoice_id(subscription_id, period))
    return period_draft(
        subscription_id, subscription, period, following, created=drafted.created, grace=_UNSEEN
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
