"""Commands on subscriptions: load, decide, append. What is billed is decided by `PeriodBilling`."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ledger.customers import aggregate as customers
from ledger.customers.aggregate import Customer
from ledger.customers.handlers import customer_now, require_customer
from ledger.kernel.errors import NotFound
from ledger.prices.handlers import require_price
from ledger.store.work import Handlers, Work
from ledger.subscriptions import changes
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import (
    CancelSubscription,
    CreateSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.events import SubscriptionStarted
from ledger.subscriptions.items import check_count
from ledger.subscriptions.starting import Surroundings, start
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
        """Close the running period now, and bill it."""
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

    Raises LedgerError where it is refused.
    """
    check_count(command.items)
    prices = [
        require_price(work, item.price, param=f"items[{i}][price]")
        for i, item in enumerate(command.items)
    ]
    now = customer_now(work, customer).replace(microsecond=0)
    return start(command, prices, Surroundings(now, customer.test_clock, work.ledger.livemode))


@dataclass(frozen=True, slots=True)
class SubscriptionHandlers:
    """The commands, and what deleting a customer and advancing a test clock need to know."""

    billing: PeriodBilling

    def create(self, work: Work, command: CreateSubscription) -> None:
        customer = require_customer(work, command.customer, param="customer")
        started = plan_subscription(work, command, customer)
        work.append(
            command.customer,
            customers.subscribe(customer, command.subscription, started.currency),
        )
        work.append(command.subscription, started)
        self.billing.bill_start(work, command.subscription)

    def update(self, work: Work, command: UpdateSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        work.append(command.subscription, *changes.update(subscription, command, now))

    def cancel(self, work: Work, command: CancelSubscription) -> None:
        subscription, now = self._caught_up(work, command.subscription)
        if subscription.status == "canceled":
            raise NotFound("subscription", command.subscription)
        end = changes.cancel(subscription, command, now)
        if command.invoice_now:
            self.billing.close_early(work, command.subscription, now)
        work.append(command.subscription, end)

    def cancel_all(self, work: Work, customer: Customer) -> None:
        """Cancel what is active of a customer who is being deleted."""
        for subscription_id in customer.subscriptions:
            subscription, now = self._caught_up(work, subscription_id)
            if subscription.status == "active":
                work.append(subscription_id, changes.end_with_customer(now))

    def cycles_of(self, work: Work, clock: TestClock) -> Iterator[CycleLength]:
        """How often the active subscriptions of a clock's customers are billed."""
        for customer_id in clock.customers:
            customer = work.require(customers.evolve, customer_id, "customer")
            for subscription_id in customer.subscriptions:
                subscription = require_subscription(work, subscription_id)
                if subscription.status == "active":
                    started = subscription.started
                    yield started.interval, started.interval_count

    def _caught_up(self, work: Work, subscription_id: str) -> tuple[Subscription, datetime]:
        """The subscription with every period closed that has ended, so that nothing is skipped."""
        subscription = require_subscription(work, subscription_id)
        now = subscription_now(work, subscription)
        if subscription.status == "active":
            self.billing.close_due(work, subscription_id, now)
        return require_subscription(work, subscription_id), now

    def by_command(self) -> Handlers:
        """Which handler executes which command."""
        return {
            CreateSubscription: self.create,
            UpdateSubscription: self.update,
            CancelSubscription: self.cancel,
        }
