"""Invoices that someone begins by hand: creating, changing, deleting and sending them."""

from dataclasses import dataclass
from datetime import timedelta

from ledger.coupons.discounts import Discount
from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.customers.aggregate import Customer, check_currency
from ledger.customers.handlers import customer_now, require_customer
from ledger.invoice_items.aggregate import InvoiceItem
from ledger.invoice_items.charging import DEFAULT_CURRENCY
from ledger.invoice_items.pending import pending_items, release_item, take_items
from ledger.invoices.collection import finalize_now
from ledger.invoices.commands import (
    CreateInvoice,
    DeleteInvoice,
    DetailsRequest,
    SendInvoice,
    UpdateInvoice,
)
from ledger.invoices.details import Timing, changed_details, first_details, issued_details
from ledger.invoices.drafting import MAX_LINES
from ledger.invoices.editing import line_of
from ledger.invoices.events import (
    InvoiceDeleted,
    InvoiceDetails,
    InvoiceDetailsChanged,
    InvoiceDrafted,
)
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.loading import invoice_now, require_draft, require_invoice
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Period
from ledger.store.work import Handlers, Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.handlers import require_subscription
from ledger.tax_rates.handlers import applicable_tax_rates


@dataclass(frozen=True, slots=True)
class ManualHandlers:
    """The commands; a draft that advances waits for `grace` before it is finalized."""

    readers: UsageReaders
    grace: timedelta

    def create(self, work: Work, command: CreateInvoice) -> None:
        subscription = _subscription_of(work, command)
        customer_id = _customer_of(command, subscription)
        customer = require_customer(work, customer_id, param="customer")
        currency = _currency_of(command, subscription, customer)
        now = customer_now(work, customer)
        items = _waiting(work, command, customer_id, currency) if command.include_pending else []
        holder = DiscountHolder("invoice", command.invoice, customer_id, currency, now)
        discounts = _applied(work, command.details, holder, None)
        work.append(
            command.invoice,
            InvoiceDrafted(
                customer=customer_id,
                subscription=command.subscription,
                subscription_metadata=subscription.metadata if subscription else {},
                billing_reason="manual",
                currency=currency,
                period=Period(now, now),
                lines=tuple(line_of(command.invoice, item_id, item) for item_id, item in items),
                details=first_details(command.details, Timing(now, self.grace), discounts),
                created=now,
                test_clock=customer.test_clock,
                livemode=work.ledger.livemode,
            ),
        )
        take_items(work, customer_id, command.invoice, [item_id for item_id, _ in items])

    def update(self, work: Work, command: UpdateInvoice) -> None:
        invoice = require_invoice(work, command.invoice)
        before = invoice.draft.details
        if invoice.status == "draft":
            draft, now = invoice.draft, invoice_now(work, invoice)
            holder = DiscountHolder("invoice", command.invoice, draft.customer, draft.currency, now)
            discounts = _applied(work, command.details, holder, before)
            timing = Timing(now, self.grace)
            after = changed_details(before, command.details, timing, discounts)
        else:
            after = issued_details(before, command.details)
        if after != before:
            work.append(command.invoice, InvoiceDetailsChanged(details=after))

    def delete(self, work: Work, command: DeleteInvoice) -> None:
        """Raises InvalidRequest for one that is finalized or of a subscription."""
        invoice = require_draft(work, command.invoice)
        if invoice.draft.subscription is not None:
            raise InvalidRequest(
                "Only drafts that are of no subscription can be deleted. Finalize this one and "
                "void it."
            )
        for line in invoice.draft.lines:
            if line.invoice_item is not None:
                release_item(work, line.invoice_item)
        work.append(command.invoice, InvoiceDeleted(deleted_at=invoice_now(work, invoice)))

    def send(self, work: Work, command: SendInvoice) -> None:
        """No mail is sent. Raises InvalidRequest for one that is to be charged, or is void."""
        invoice = require_invoice(work, command.invoice)
        if invoice.draft.details.collection_method != "send_invoice":
            raise InvalidRequest(
                "You can only manually send an invoice if its collection method is 'send_invoice'."
            )
        if invoice.status == "void":
            raise InvalidRequest("This invoice is voided, so it cannot be sent.")
        if invoice.status == "draft":
            now = invoice_now(work, invoice)
            finalize_now(work, self.readers, command.invoice, invoice.draft, now)

    def by_command(self) -> Handlers:
        """Which handler executes which command."""
        return {
            CreateInvoice: self.create,
            UpdateInvoice: self.update,
            DeleteInvoice: self.delete,
            SendInvoice: self.send,
        }


def _subscription_of(work: Work, command: CreateInvoice) -> Subscription | None:
    if command.subscription is None:
        return None
    return require_subscription(work, command.subscription, param="subscription")


def _customer_of(command: CreateInvoice, subscription: Subscription | None) -> str:
    if subscription is None:
        if command.customer is None:
            raise InvalidRequest(
                "Missing required param: customer.", param="customer", code="parameter_missing"
            )
        return command.customer
    if command.customer not in (None, subscription.customer):
        raise InvalidRequest(
            f"The subscription {command.subscription} is not of the customer {command.customer}.",
            param="subscription",
        )
    return subscription.customer


def _currency_of(
    command: CreateInvoice, subscription: Subscription | None, customer: Customer
) -> str:
    if subscription is not None:
        currency = subscription.started.currency
        if command.currency not in (None, currency):
            raise InvalidRequest(
                f"You cannot combine currencies: the subscription is in {currency}.",
                param="currency",
            )
        return currency
    currency = command.currency or customer.currency or DEFAULT_CURRENCY
    check_currency(customer, currency)
    return currency


def _applied(
    work: Work, asked: DetailsRequest, holder: DiscountHolder, before: InvoiceDetails | None
) -> tuple[Discount, ...]:
    """The discounts that a draft is to have; its tax rates are checked along.

    Raises LedgerError for coupons and tax rates that cannot be applied.
    """
    had = before.default_tax_rates if before else ()
    applicable_tax_rates(work, asked.default_tax_rates, param="default_tax_rates", kept=had)
    kept = before.discounts if before else ()
    if "discounts" not in asked.model_fields_set:
        return kept
    return give_discounts(work, asked.discounts, holder, kept)


def _waiting(
    work: Work, command: CreateInvoice, customer_id: str, currency: str
) -> list[tuple[str, InvoiceItem]]:
    """What the invoice takes: for a subscription only what waits for it, and never more than there
    is room for."""
    waiting = pending_items(work, customer_id, currency, command.subscription)
    wanted = [
        (item_id, item)
        for item_id, item in waiting
        if item.charge.subscription == command.subscription
    ]
    return wanted[:MAX_LINES]
