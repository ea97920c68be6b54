"""Commands on periods and invoices: load, decide, append."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.invoice_items.handlers import InvoiceItemHandlers
from ledger.invoice_items.pending import pending_stream
from ledger.invoices import aggregate
from ledger.invoices.aggregate import Invoice
from ledger.invoices.close_period import InvoiceBilling
from ledger.invoices.collection import finalize_now, void_now
from ledger.invoices.commands import (
    ClosePeriod,
    FinalizeDueInvoice,
    FinalizeInvoice,
    MarkInvoiceUncollectible,
    PayInvoice,
    VoidInvoice,
)
from ledger.invoices.drafting import closing, period_invoice_id, shortest
from ledger.invoices.editing import DraftEditing, LineHandlers
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.loading import invoice_now, require_invoice
from ledger.invoices.manual import ManualHandlers
from ledger.invoices.numbering import numbers_stream
from ledger.invoices.thresholds import ThresholdHandlers
from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Handlers, Work
from ledger.subscriptions.commands import CheckThresholds
from ledger.subscriptions.cycle import boundary
from ledger.subscriptions.handlers import (
    SubscriptionHandlers,
    require_subscription,
    subscription_now,
)


@dataclass(frozen=True, slots=True)
class InvoiceHandlers:
    """The commands that need to read usage or to know the grace period."""

    billing: InvoiceBilling

    def close_period(self, work: Work, command: ClosePeriod) -> None:
        """Raises InvalidRequest if the period has not ended on the customer's clock."""
        subscription = require_subscription(work, command.subscription)
        end = boundary(subscription)
        if end is None or end != command.period_end:
            return
        customer = subscription.customer
        ended, _ = closing(subscription, end)
        drafted = period_invoice_id(command.subscription, shortest(ended))
        work.prefetch([customer, pending_stream(customer), drafted])
        now = subscription_now(work, subscription)
        if now < end:
            raise InvalidRequest("This period has not ended yet.", param="period_end")
        self.billing.close_at(work, command.subscription, subscription, end, now)

    def finalize_due(self, work: Work, command: FinalizeDueInvoice) -> None:
        """Raises InvalidRequest if the grace period is not over on the customer's clock."""
        invoice = require_invoice(work, command.invoice)
        due = invoice.draft.details.automatically_finalizes_at
        if invoice.status != "draft" or due is None:
            return
        customer, subscription = invoice.draft.customer, invoice.draft.subscription
        parts = [one for line in invoice.draft.lines for one in (line.price, line.meter)]
        streams = [customer, numbers_stream(customer), subscription, *parts]
        work.prefetch([one for one in streams if one is not None])
        now = invoice_now(work, invoice)
        if now < due:
            raise InvalidRequest("This invoice is not due to be finalized yet.")
        at = now if invoice.draft.test_clock is None else due
        self._finalize(work, command.invoice, invoice, at)

    def finalize(self, work: Work, command: FinalizeInvoice) -> None:
        invoice = require_invoice(work, command.invoice)
        aggregate.check_is_draft(invoice)
        at = invoice_now(work, invoice)
        self._finalize(work, command.invoice, invoice, at, command.auto_advance)

    def _finalize(
        self,
        work: Work,
        invoice_id: str,
        invoice: Invoice,
        at: datetime,
        auto_advance: bool | None = None,
    ) -> None:
        finalize_now(
            work, self.billing.readers, invoice_id, invoice.draft, at, auto_advance=auto_advance
        )


def pay_invoice(work: Work, command: PayInvoice) -> None:
    invoice = require_invoice(work, command.invoice)
    now = invoice_now(work, invoice)
    paid = aggregate.pay(invoice, out_of_band=command.paid_out_of_band, now=now)
    work.append(command.invoice, paid)


def void_invoice(work: Work, command: VoidInvoice) -> None:
    """The customer gets back the credit that the invoice used."""
    invoice = require_invoice(work, command.invoice)
    void_now(work, command.invoice, invoice, invoice_now(work, invoice))


def mark_invoice_uncollectible(work: Work, command: MarkInvoiceUncollectible) -> None:
    invoice = require_invoice(work, command.invoice)
    now = invoice_now(work, invoice)
    work.append(command.invoice, aggregate.mark_uncollectible(invoice, now))


def subscription_handlers(readers: UsageReaders, grace: timedelta) -> SubscriptionHandlers:
    """The commands on subscriptions, billed on invoices."""
    return SubscriptionHandlers(InvoiceBilling(readers, grace))


def handlers(readers: UsageReaders, grace: timedelta) -> Handlers:
    """The handlers, given who reads usage and how long a draft takes late usage."""
    invoices = InvoiceHandlers(InvoiceBilling(readers, grace))
    items = InvoiceItemHandlers(DraftEditing())
    return {
        **items.by_command(),
        **LineHandlers(items).by_command(),
        **ManualHandlers(readers, grace).by_command(),
        ClosePeriod: invoices.close_period,
        FinalizeDueInvoice: invoices.finalize_due,
        FinalizeInvoice: invoices.finalize,
        PayInvoice: pay_invoice,
        VoidInvoice: void_invoice,
        MarkInvoiceUncollectible: mark_invoice_uncollectible,
        CheckThresholds: ThresholdHandlers(invoices.billing).check,
    }
