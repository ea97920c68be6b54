"""Commands on customers, and the deletion of a test clock, which takes its customers along."""

from datetime import datetime
from typing import Protocol

from ledger.customers import aggregate, balance
from ledger.customers.aggregate import BalanceCause, BalanceChange, Customer, Placement
from ledger.customers.commands import (
    AttachPaymentMethod,
    ChangeCustomerBalance,
    CreateCustomer,
    DeleteCustomer,
    ForgetCustomer,
    UpdateBalanceTransaction,
    UpdateCustomer,
)
from ledger.customers.events import (
    BalanceNotes,
    CustomerDeleted,
    CustomerForgotten,
    InvoicePrefixClaimed,
    PaymentMethodAttached,
)
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.metadata import merge_metadata
from ledger.store.work import Handlers, Work
from ledger.test_clocks import aggregate as test_clocks
from ledger.test_clocks.commands import DeleteTestClock
from ledger.test_clocks.events import CustomerPlaced, TestClockDeleted
from ledger.test_clocks.handlers import require_test_clock


class CustomerSubscriptions(Protocol):
    """Cancels the active subscriptions of a customer who is being deleted."""

    def cancel_all(self, work: Work, customer: Customer) -> None: ...


def require_customer(work: Work, customer_id: str, *, param: str | None = None) -> Customer:
    """A customer who exists and is not deleted. Raises NotFound."""
    if not customer_id.startswith("cus_"):
        raise NotFound("customer", customer_id, param=param)
    customer = work.require(aggregate.evolve, customer_id, "customer", param=param)
    if customer.deleted:
        raise NotFound("customer", customer_id, param=param)
    return customer


def customer_now(work: Work, customer: Customer) -> datetime:
    """The time that the customer lives in: their test clock's, or the system's.

    What a deleted clock leaves behind stays at the time at which it stopped.
    """
    if customer.test_clock is None:
        return work.now
    return work.require(test_clocks.evolve, customer.test_clock, "test clock").frozen_time


def create_customer(work: Work, command: CreateCustomer) -> None:
    now = work.now
    if command.test_clock is not None:
        now = require_test_clock(work, command.test_clock, param="test_clock").frozen_time
        work.append(command.test_clock, CustomerPlaced(customer=command.customer))
    events = aggregate.create(command, Placement(now, work.ledger.livemode))
    _claim_prefix(work, command.customer, command.billing.invoice_prefix)
    work.append(command.customer, *events)


def update_customer(work: Work, command: UpdateCustomer) -> None:
    customer = require_customer(work, command.customer)
    if command.billing.invoice_prefix != customer.invoice_prefix:
        _claim_prefix(work, command.customer, command.billing.invoice_prefix)
    now = customer_now(work, customer)
    work.append(command.customer, *aggregate.update(customer, command, now))


def _claim_prefix(work: Work, customer_id: str, prefix: str | None) -> None:
    if prefix is None:
        return
    stream = f"invoice_prefix:{prefix}"
    holder = work.load(aggregate.holder_of_prefix, stream)
    if holder is None:
        work.append(stream, InvoicePrefixClaimed(customer=customer_id))
    elif holder != customer_id:
        raise InvalidRequest(
            f"A customer already uses the invoice prefix '{prefix}'.", param="invoice_prefix"
        )


def change_customer_balance(work: Work, command: ChangeCustomerBalance) -> None:
    customer = require_customer(work, command.customer)
    metadata = merge_metadata({}, command.metadata)
    notes = BalanceNotes(description=command.description, metadata=metadata)
    cause = BalanceCause(
        transaction=command.transaction,
        currency=command.currency,
        notes=None if notes == BalanceNotes() else notes,
    )
    change = BalanceChange("adjustment", command.amount, customer_now(work, customer), cause)
    work.append(command.customer, aggregate.change_balance(customer, change, param="amount"))


def update_balance_transaction(work: Work, command: UpdateBalanceTransaction) -> None:
    require_customer(work, command.customer)
    sought = work.load(balance.seek(command.customer, command.transaction), command.customer)
    if sought is None or not sought.found:
        raise NotFound("customer balance transaction", command.transaction)
    changed = balance.change_notes(sought.notes, command)
    if changed is not None:
        work.append(command.customer, changed)


def attach_payment_method(work: Work, command: AttachPaymentMethod) -> None:
    customer = require_customer(work, command.customer, param="customer")
    now = customer_now(work, customer)
    work.append(
        command.customer,
        PaymentMethodAttached(payment_method=command.payment_method, attached_at=now),
    )


def handlers(subscriptions: CustomerSubscriptions) -> Handlers:
    """The handlers, given who cancels subscriptions."""

    def delete(work: Work, customer_id: str, customer: Customer) -> None:
        subscriptions.cancel_all(work, customer)
        work.append(customer_id, CustomerDeleted(deleted_at=customer_now(work, customer)))

    def delete_customer(work: Work, command: DeleteCustomer) -> None:
        delete(work, command.customer, require_customer(work, command.customer))

    def forget_customer(work: Work, command: ForgetCustomer) -> None:
        customer = work.require(aggregate.evolve, command.customer, "customer")
        if customer.forgotten and not command.again:
            return
        if not customer.deleted:
            delete(work, command.customer, customer)
        forgotten = CustomerForgotten(reason=command.reason, forgotten_at=work.now)
        work.append(command.customer, forgotten)

    def delete_test_clock(work: Work, command: DeleteTestClock) -> None:
        clock = require_test_clock(work, command.test_clock)
        for customer_id in clock.customers:
            customer = work.require(aggregate.evolve, customer_id, "customer")
            if not customer.deleted:
                delete(work, customer_id, customer)
        work.append(command.test_clock, TestClockDeleted(deleted_at=work.now))

    return {
        CreateCustomer: create_customer,
        UpdateCustomer: update_customer,
        ChangeCustomerBalance: change_customer_balance,
        UpdateBalanceTransaction: update_balance_transaction,
        AttachPaymentMethod: attach_payment_method,
        DeleteCustomer: delete_customer,
        ForgetCustomer: forget_customer,
        DeleteTestClock: delete_test_clock,
    }
