"""A customer's state and the pure decisions about it."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, NamedTuple

from ledger.customers.commands import BillingChange, CreateCustomer, UpdateCustomer
from ledger.customers.events import (
    BalanceChangeKind,
    BalanceNotes,
    BillingFields,
    CustomerBalanceChanged,
    CustomerCreated,
    CustomerDeleted,
    CustomerDetailsChanged,
    CustomerForgotten,
    CustomerSubscribed,
    InvoicePrefixClaimed,
    PaymentMethodAttached,
    PersonalFields,
)
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount

_PREFIX_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PREFIX_LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Customer:
    """`balance` is in minor units of `currency`, below 0 when in credit.

    `personal` is None once the customer's key was destroyed. `subscriptions` are all they ever had.
    """

    personal: PersonalFields | None
    billing: BillingFields
    balance: int
    test_clock: str | None
    created: datetime
    currency: str | None = None
    subscriptions: tuple[str, ...] = ()
    deleted: bool = False
    forgotten: bool = False

    @property
    def invoice_prefix(self) -> str:
        """What the numbers of the customer's invoices begin with."""
        return self.billing.invoice_prefix


def evolve(customer: Customer | None, event: DomainEvent) -> Customer:
    """The customer after a fact."""
    match event:
        case CustomerCreated():
            return Customer(
                event.personal, event.billing, event.balance, event.test_clock, event.created
            )
        case CustomerDetailsChanged():
            return replace(_known(customer), personal=event.personal, billing=event.billing)
        case CustomerBalanceChanged():
            customer = _known(customer)
            return replace(
                customer, balance=event.balance, currency=customer.currency or event.currency
            )
        case CustomerSubscribed():
            customer = _known(customer)
            return replace(
                customer,
                currency=customer.currency or event.currency,
                subscriptions=(*customer.subscriptions, event.subscription),
            )
        case CustomerDeleted():
            return replace(_known(customer), deleted=True)
        case CustomerForgotten():
            return replace(_known(customer), personal=None, forgotten=True)
        case _:
            return _known(customer)


def _known(customer: Customer | None) -> Customer:
    if customer is None:
        raise ValueError("a customer's first event must be their creation")
    return customer


class Placement(NamedTuple):
    """Where a new customer stands: on which time, in which mode."""

    now: datetime
    livemode: bool


def create(command: CreateCustomer, placement: Placement) -> list[DomainEvent]:
    """The facts of a new customer, `placement.now` being on their own clock.

    Raises InvalidRequest for metadata or a balance beyond the limits.
    """
    metadata = merge_metadata({}, command.personal.metadata)
    prefix = command.billing.invoice_prefix or derived_invoice_prefix(command.customer)
    created = CustomerCreated(
        personal=command.personal.model_copy(update={"metadata": metadata}),
        billing=changed_billing(BillingFields(invoice_prefix=prefix), command.billing),
        balance=check_amount(command.balance, param="balance"),
        test_clock=command.test_clock,
        created=placement.now,
        livemode=placement.livemode,
    )
    if command.payment_method is None:
        return [created]
    attached = PaymentMethodAttached(
        payment_method=command.payment_method, attached_at=placement.now
    )
    return [created, attached]


def update(customer: Customer, command: UpdateCustomer, now: datetime) -> list[DomainEvent]:
    """The facts of a change, none where everything stays as it is.

    `now` is on the customer's own clock. Raises InvalidRequest.
    """
    events: list[DomainEvent] = []
    old = customer.personal or PersonalFields()
    update: dict[str, Any] = {
        name: getattr(command.personal, name)
        for name in command.personal.model_fields_set - {"metadata"}
    }
    update["metadata"] = merge_metadata(old.metadata, command.metadata)
    personal = old.model_copy(update=update)
    billing = changed_billing(customer.billing, command.billing)
    if (personal, billing) != (old, customer.billing):
        events.append(CustomerDetailsChanged(personal=personal, billing=billing))
    if command.balance is not None and command.balance != customer.balance:
        change = BalanceChange("adjustment", command.balance - customer.balance, now)
        events.append(change_balance(customer, change, param="balance"))
    return events


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceCause:
    """What a change of a balance is about: its own id, and the documents that led to it."""

    transaction: str | None = None
    currency: str | None = None
    invoice: str | None = None
    credit_note: str | None = None
    notes: BalanceNotes | None = None


@dataclass(frozen=True, slots=True)
class BalanceChange:
    """By how many minor units a balance moves, and why. `at` is on the customer's own clock."""

    kind: BalanceChangeKind
    change: int
    at: datetime
    cause: BalanceCause = BalanceCause()


def change_balance(
    customer: Customer, change: BalanceChange, *, param: str | None = None
) -> CustomerBalanceChanged:
    """Move the balance. Raises InvalidRequest beyond 64 bits, and for another currency."""
    cause = change.cause
    if cause.currency is not None:
        check_currency(customer, cause.currency)
    return CustomerBalanceChanged(
        transaction=cause.transaction,
        kind=change.kind,
        balance=check_amount(customer.balance + change.change, param=param),
        change=check_amount(change.change, param=param),
        currency=cause.currency,
        invoice=cause.invoice,
        credit_note=cause.credit_note,
        personal=cause.notes,
        at=change.at,
    )


def check_currency(customer: Customer, currency: str, *, param: str = "currency") -> None:
    """Raises InvalidRequest for another currency than the customer's, which their balance is in."""
    if customer.currency not in (None, currency):
        raise InvalidRequest(
            f"You cannot combine currencies on a single customer. This customer's currency is "
            f"{customer.currency}, which their balance is in.",
            param=param,
        )


def subscribe(customer: Customer, subscription: str, currency: str) -> CustomerSubscribed:
    """The customer gets a subscription.

    Raises InvalidRequest for another currency than the customer's, which their balance is in.
    """
    check_currency(customer, currency)
    return CustomerSubscribed(subscription=subscription, currency=currency)


def changed_billing(old: BillingFields, change: BillingChange) -> BillingFields:
    """The billing fields after a change; a prefix or exemption that is unset gets its default."""
    update: dict[str, Any] = {name: getattr(change, name) for name in change.model_fields_set}
    if update.get("invoice_prefix", "") is None:
        del update["invoice_prefix"]
    if update.get("tax_exempt", "") is None:
        update["tax_exempt"] = "none"
    return old.model_copy(update=update)


def holder_of_prefix(_: str | None, event: DomainEvent) -> str:
    """Whose an invoice prefix is after a fact in the prefix's stream."""
    return event.customer if isinstance(event, InvoicePrefixClaimed) else ""


def derived_invoice_prefix(customer_id: str) -> str:
    """Eight capital letters and digits that follow from the customer's id."""
    number = int.from_bytes(hashlib.blake2b(customer_id.encode(), digest_size=8).digest())
    letters: list[str] = []
    for _ in range(_PREFIX_LENGTH):
        number, digit = divmod(number, len(_PREFIX_LETTERS))
        letters.append(_PREFIX_LETTERS[digit])
    return "".join(letters)
