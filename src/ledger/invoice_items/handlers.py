"""Commands on invoice items: load, decide, append. Drafts that they are on are for `Drafts`."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ledger.coupons.redeeming import DiscountHolder, give_discounts
from ledger.customers.aggregate import Customer, check_currency
from ledger.customers.handlers import customer_now, require_customer
from ledger.invoice_items.aggregate import InvoiceItem, evolve
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.charging import (
    DEFAULT_CURRENCY,
    Named,
    Offer,
    changed_charge,
    new_charge,
)
from ledger.invoice_items.commands import (
    ChargeRequest,
    CreateInvoiceItem,
    DeleteInvoiceItem,
    UpdateInvoiceItem,
)
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
)
from ledger.invoice_items.pending import create_item, forget_item
from ledger.kernel.errors import InvalidRequest, LedgerError, NotFound
from ledger.prices.commands import CreatePrice
from ledger.prices.handlers import create_price, require_price
from ledger.store.work import Handlers, Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.handlers import require_subscription
from ledger.tax_rates.handlers import applicable_tax_rates


@dataclass(frozen=True, slots=True)
class OpenDraft:
    """What an item needs to know of the draft that it is to be put on."""

    customer: str
    currency: str
    subscription: str | None


class Drafts(Protocol):
    """Invoices that are not finalized yet, within a command on an item."""

    def require_draft(self, work: Work, invoice_id: str, *, param: str | None = None) -> OpenDraft:
        """Raises NotFound, and InvalidRequest for an invoice that is finalized."""
        ...

    def put_on(self, work: Work, invoice_id: str, item_id: str) -> None:
        """Make the item a line at the draft's end. Raises InvalidRequest for too many lines."""
        ...

    def change_on(self, work: Work, item_id: str, item: InvoiceItem) -> None:
        """Bring the item's line to what the item is now. Raises InvalidRequest if finalized."""
        ...

    def take_off(self, work: Work, item: InvoiceItem) -> None:
        """Remove the item's line. Raises InvalidRequest for an invoice that is finalized."""
        ...


def require_item(work: Work, item_id: str, *, param: str | None = None) -> InvoiceItem:
    """An item that exists and is not deleted. Raises NotFound."""
    if not item_id.startswith("ii_"):
        raise NotFound("invoiceitem", item_id, param=param)
    item = work.require(evolve, item_id, "invoiceitem", param=param)
    if item.deleted:
        raise NotFound("invoiceitem", item_id, param=param)
    return item


@contextmanager
def inside(param: str) -> Generator[None]:
    """Name the field of a refusal as a part of this one: `lines[0]` and then `[amount]`."""
    try:
        yield
    except LedgerError as refusal:
        head, bracket, rest = (refusal.param or "").partition("[")
        refusal.param = f"{param}[{head}]{bracket}{rest}" if head else param
        raise


def resolve_offer(work: Work, asked: ChargeRequest) -> Offer | None:
    """The price that is asked for, made now if it is not there yet. Raises LedgerError."""
    if asked.price is None:
        return None
    if isinstance(asked.price, CreatePrice):
        with inside("price_data"):
            create_price(work, asked.price)
        price_id = asked.price.price
        return Offer(price_id, require_price(work, price_id), "price_data[currency]")
    return Offer(asked.price, require_price(work, asked.price, param="pricing[price]"))


def _present_offer(work: Work, charge: Charge) -> Offer | None:
    return None if charge.price is None else Offer(charge.price, require_price(work, charge.price))


def look_up(
    work: Work,
    asked: ChargeRequest,
    offer: Offer | None,
    holder: DiscountHolder,
    charge: Charge | None = None,
) -> Named:
    """The coupons that are asked for, redeemed, and tax rates that exist. Raises LedgerError.

    `charge` is what is billed so far, with the discounts and tax rates that it has.
    """
    had = charge.discounts if charge else ()
    if asked.tax_rates is not None:
        kept = (charge.tax_rates if charge else None) or ()
        applicable_tax_rates(work, asked.tax_rates, kept=kept)
    if "discounts" not in asked.model_fields_set:
        return Named(holder.currency, offer)
    return Named(holder.currency, offer, give_discounts(work, asked.discounts, holder, had))


@dataclass(frozen=True, slots=True)
class InvoiceItemHandlers:
    """The commands, given the drafts that items are on."""

    drafts: Drafts

    def create(self, work: Work, command: CreateInvoiceItem) -> None:
        draft = None
        if command.invoice is not None:
            draft = self.drafts.require_draft(work, command.invoice, param="invoice")
        customer_id = _customer_of(command, draft)
        customer = require_customer(work, customer_id, param="customer")
        subscription = _subscription_of(work, command, customer_id)
        offer = resolve_offer(work, command.charge)
        currency = _currency_of(command, draft, subscription, offer, customer)
        now = customer_now(work, customer)
        holder = DiscountHolder("invoice_item", command.item, customer_id, currency, now)
        named = look_up(work, command.charge, offer, holder)
        created = InvoiceItemCreated(
            customer=customer_id,
            currency=currency,
            charge=new_charge(command.charge, named, now, command.subscription),
            invoice=command.invoice,
            created=now,
            test_clock=customer.test_clock,
            livemode=work.ledger.livemode,
        )
        create_item(work, command.item, created)
        if command.invoice is not None:
            self.drafts.put_on(work, command.invoice, command.item)

    def update(self, work: Work, command: UpdateInvoiceItem) -> None:
        """Nothing is recorded where everything stays as it is."""
        item = require_item(work, command.item)
        created = item.created
        if item.invoice is not None:
            self.drafts.require_draft(work, item.invoice)
        customer = require_customer(work, created.customer)
        now = customer_now(work, customer)
        holder = DiscountHolder(
            "invoice_item", command.item, created.customer, created.currency, now
        )
        offer = resolve_offer(work, command.charge) or _present_offer(work, item.charge)
        named = look_up(work, command.charge, offer, holder, item.charge)
        charge = changed_charge(item.charge, command.charge, named)
        if charge == item.charge:
            return
        work.append(command.item, InvoiceItemChanged(charge=charge))
        if item.invoice is not None:
            self.drafts.change_on(work, command.item, require_item(work, command.item))

    def delete(self, work: Work, command: DeleteInvoiceItem) -> None:
        """Raises InvalidRequest for an item of late usage, which has to be billed or given back."""
        item = require_item(work, command.item)
        if item.charge.late_usage is not None:
            raise InvalidRequest(
                "This invoice item adjusts usage that was recorded late, so it cannot be deleted. "
                "Credit the invoice instead."
            )
        if item.invoice is not None:
            self.drafts.take_off(work, item)
        else:
            forget_item(work, item.created.customer, command.item)
        customer = require_customer(work, item.created.customer)
        work.append(command.item, InvoiceItemDeleted(deleted_at=customer_now(work, customer)))

    def by_command(self) -> Handlers:
        """Which handler executes which command."""
        return {
            CreateInvoiceItem: self.create,
            UpdateInvoiceItem: self.update,
            DeleteInvoiceItem: self.delete,
        }


def _customer_of(command: CreateInvoiceItem, draft: OpenDraft | None) -> str:
    if draft is None:
        if command.customer is None:
            raise InvalidRequest(
                "Missing required param: customer.", param="customer", code="parameter_missing"
            )
        return command.customer
    if command.customer not in (None, draft.customer):
        raise InvalidRequest(
            f"The invoice {command.invoice} is not of the customer {command.customer}.",
            param="invoice",
        )
    if draft.subscription is not None and command.subscription not in (None, draft.subscription):
        raise InvalidRequest(
            f"The invoice {command.invoice} is not of the subscription {command.subscription}.",
            param="subscription",
        )
    return draft.customer


def _subscription_of(
    work: Work, command: CreateInvoiceItem, customer_id: str
) -> Subscription | None:
    if command.subscription is None:
        return None
    subscription = require_subscription(work, command.subscription, param="subscription")
    if subscription.customer != customer_id:
        raise InvalidRequest(
            f"The subscription {command.subscription} is not of the customer {customer_id}.",
            param="subscription",
        )
    if subscription.status == "canceled" and command.invoice is None:
        raise InvalidRequest(
            "This subscription is canceled, so no invoice of it will follow.", param="subscription"
        )
    return subscription


def _currency_of(
    command: CreateInvoiceItem,
    draft: OpenDraft | None,
    subscription: Subscription | None,
    offer: Offer | None,
    customer: Customer,
) -> str:
    """The currency to bill in. Raises InvalidRequest for another one than it has to be."""
    fixed = draft.currency if draft else subscription.started.currency if subscription else None
    if command.currency not in (None, fixed) and fixed is not None:
        raise InvalidRequest(
            f"You cannot combine currencies: what this is billed with is in {fixed}.",
            param="currency",
        )
    sold_in = offer.price.terms.currency if offer else None
    currency = fixed or command.currency or customer.currency or sold_in or DEFAULT_CURRENCY
    check_currency(customer, currency)
    return currency
