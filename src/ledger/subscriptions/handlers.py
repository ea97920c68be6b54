"""Commands on subscriptions: load, decide, append. What is billed is decided by `PeriodBilling`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.customers import aggregate as customers
from ledger.customers.aggregate import Customer
from ledger.customers.handlers import customer_now, require_customer
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.store.work import Handlers, Work
from ledger.subscriptions import changes, ending, pausing
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import (
    AddedCharge,
    CancelSubscription,
    CreateSubscription,
    MigrateSubscription,
    PauseSubscription,
    ResumeCollection,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.events import SubscriptionStarted
from ledger.subscriptions.item_effects import Named
from ledger.subscriptions.naming import named_in_change, prices_to_start, with_deductions
from ledger.subscriptions.prorating import Proration
from ledger.subscriptions.starting import MAX_ACTIVE, Surroundings, start
from ledger.test_clocks.aggregate import CycleLength, TestClock


class PeriodBilling(Protocol):
    """Closes periods and drafts their invoices, within a command on the subscription."""

    def bill_start(self, work: Work, subscription_id: str) -> None:
        """Bill what is due when a subscription starts."""
        ...

    def close_due(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close every period that has ended by now."""
        ...

    def close_early(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close the running periods now, and bill them."""
        ...

    def add_prorations(
        self, work: Work, subscription_id: str, prorations: Sequence[Proration], at: datetime
    ) -> None:
        """Charge and give back licensed time on the next invoice."""
        ...

    def add_charges(
        self, work: Work, subscription_id: str, charges: Sequence[AddedCharge], at: datetime
    ) -> None:
        """Bill one-time prices on the next invoice of the subscription."""
        ...

    def bill_waiting(self, work: Work, subscription_id: str, at: datetime) -> None:
        """Bill at once what waits for the next invoice of the subscription."""
        ...

    def release_items(self, work: Work, subscription_id: str) -> None:
        """Let what waits for an ended subscription's invoice wait for the customer's next one."""
        ...


def require_subscription(
    work: Work, subscription_id: str, *, param: str | None = None
) -> Subscription:
    """A subscription that exists, be it active or canceled. Raises NotFound."""
    if not subscription_id.startswith("sub_"):
        raise NotFound("subscription", subscription_id, param=param)
    return work.require(evolve, subscription_id, "subscription", param=param)


def subscription_now(work: Work, subscription: Subscription) -> datetime:
    """The time that the subscription's customer lives in."""
    customer = work.require(customers.evolve, subscription.customer, "customer")
    return customer_now(work, customer)


def plan_subscription(
    work: Work, command: CreateSubscription, customer: Customer
) -> SubscriptionStarted:
    """The start that a request would lead to, at a whole second, as all periods begin and end.

    Prices that it defines itself are appended. Raises LedgerError where it is refused.
    """
    prices = prices_to_start(work, command)
    now = customer_now(work, customer).replace(microsecond=0)
    surroundings = Surroundings(now, customer.test_clock, work.ledger.livemode)
    return with_deductions(work, command, start(command, prices, surroundings))


@dataclass(frozen=True, slots=True)
class SubscriptionHandlers:
    """The commands, and what deleting a customer and advancing a test clock need to know."""

    billing: PeriodBilling

    def create(self, work: Work, command: CreateSubscription) -> None:
        customer = require_customer(work, command.customer, param="customer")
        _check_active_count(work, customer)
        started = plan_subscription(work, command, customer)
        work.append(
            command.customer,
            customers.subscribe(customer, command.subscription, started.currency),
        )
        work.append(command.subscription, started)
        at = started.created
        self.billing.add_charges(work, command.subscription, command.add_invoice_items, at)
        self.billing.bill_start(work, command.subscription)

    def update(self, work: Work, command: UpdateSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        at = now.replace(microsecond=0)
        if subscription.ended:
            named = Named({}, {})
        else:
            named = named_in_change(work, subscription, command, at)
        change = changes.update(subscription, command, named, at)
        work.append(command.subscription, *change.events)
        self.billing.add_prorations(work, command.subscription, change.prorations, at)
        self.billing.add_charges(work, command.subscription, command.add_invoice_items, at)
        if change.invoice and not change.subscription.ended:
            self.billing.bill_waiting(work, command.subscription, at)

    def cancel(self, work: Work, command: CancelSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        if subscription.ended:
            raise NotFound("subscription", command.subscription)
        at = now.replace(microsecond=0)
        end = ending.cancel(subscription, command, at)
        self.billing.add_prorations(work, command.subscription, end.prorations, at)
        if command.invoice_now:
            self.billing.close_early(work, command.subscription, at)
        work.append(command.subscription, end.event)
        self.billing.release_items(work, command.subscription)

    def cancel_all(self, work: Work, customer: Customer) -> None:
        """Cancel what is active of a customer who is being deleted."""
        for subscription_id in customer.subscriptions:
            subscription, now = self._caught_up(work, subscription_id)
            if not subscription.ended:
                work.append(subscription_id, ending.end_with_customer(subscription, now))

    def pause(self, work: Work, command: PauseSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        at = now.replace(microsecond=0)
        self._carry_out(work, command.subscription, pausing.pause(subscription, command, at), at)

    def resume(self, work: Work, command: ResumeSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        at = now.replace(microsecond=0)
        self._carry_out(work, command.subscription, pausing.resume(subscription, command, at), at)

    def _carry_out(
        self, work: Work, subscription_id: str, decision: pausing.PauseDecision, at: datetime
    ) -> None:
        work.append(subscription_id, *decision.events)
        self.billing.add_prorations(work, subscription_id, decision.prorations, at)
        if decision.invoice:
            self.billing.bill_waiting(work, subscription_id, at)

    def migrate(self, work: Work, command: MigrateSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        work.append(command.subscription, changes.migrate(subscription, command, now))

    def resume_collection(self, work: Work, command: ResumeCollection) -> None:
        """Does nothing where the time is not over, or invoices are collected already."""
        subscription = require_subscription(work, command.subscription)
        until = subscription.pause_collection and subscription.pause_collection.resumes_at
        if until is None or subscription_now(work, subscription) < until:
            return
        event = changes.resume_collection(subscription)
        if event is not None:
            work.append(command.subscription, event)

    def cycles_of(self, work: Work, clock: TestClock) -> Iterator[CycleLength]:
        """How often the active subscriptions of a clock's customers are billed."""
        for customer_id in clock.customers:
            customer = work.require(customers.evolve, customer_id, "customer")
            for subscription_id in customer.subscriptions:
                subscription = require_subscription(work, subscription_id)
                if not subscription.ended:
                    yield from subscription.periods

    def _caught_up(self, work: Work, subscription_id: str) -> tuple[Subscription, datetime]:
        """The subscription with every period closed that has ended, so that nothing is skipped."""
        subscription = require_subscription(work, subscription_id)
        now = subscription_now(work, subscription)
        if not subscription.ended:
            self.billing.close_due(work, subscription_id, now)
        return require_subscription(work, subscription_id), now

    def by_command(self) -> Handlers:
        """Which handler executes which command."""
        return {
            CreateSubscription: self.create,
            UpdateSubscription: self.update,
            CancelSubscription: self.cancel,
            PauseSubscription: self.pause,
            ResumeSubscription: self.resume,
            MigrateSubscription: self.migrate,
            ResumeCollection: self.resume_collection,
        }


def _check_active_count(work: Work, customer: Customer) -> None:
    """Raises InvalidRequest for a customer who has as many subscriptions as they can have."""
    if len(customer.subscriptions) < MAX_ACTIVE:
        return
    if _count_running(work, customer.subscriptions) >= MAX_ACTIVE:
        raise InvalidRequest(
            f"A customer can have at most {MAX_ACTIVE} active subscriptions.", param="customer"
        )


def _count_running(work: Work, subscriptions: Iterable[str]) -> int:
    return sum(not require_subscription(work, one).ended for one in subscriptions)
