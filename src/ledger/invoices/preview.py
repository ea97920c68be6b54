"""Bills that are not issued: what a subscription comes to next, running or yet to be created.

Nothing is appended. `work` only reads.
"""

from datetime import timedelta

from ledger.customers.handlers import require_customer
from ledger.invoices.bill import Bill
from ledger.invoices.drafting import period_draft, start_draft
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.finalizing import bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import CreateSubscription
from ledger.subscriptions.cycle import following_period, running_period
from ledger.subscriptions.handlers import plan_subscription, require_subscription

_NO_GRACE = timedelta(0)


def preview_upcoming(work: Work, readers: UsageReaders, subscription_id: str) -> Bill:
    """The running period's usage so far, and licensed items for the next one.

    Raises NotFound, and InvalidRequest where no invoice is to come.
    """
    subscription = require_subscription(work, subscription_id, param="subscription")
    if subscription.status == "canceled":
        raise _nothing_upcoming()
    draft = _end_of_running(subscription_id, subscription)
    if not draft.lines:
        raise _nothing_upcoming()
    return bill_now(work, readers, draft)


def preview_customer(work: Work, readers: UsageReaders, customer_id: str) -> Bill:
    """The next invoice of a customer: of the subscription whose period ends first.

    Raises NotFound, and InvalidRequest where no invoice is to come.
    """
    customer = require_customer(work, customer_id, param="customer")
    active = [
        (running_period(subscription).end, subscription_id)
        for subscription_id in customer.subscriptions
        if (subscription := require_subscription(work, subscription_id)).status == "active"
    ]
    if not active:
        raise _nothing_upcoming()
    return preview_upcoming(work, readers, min(active)[1])


def preview_new(work: Work, readers: UsageReaders, command: CreateSubscription) -> Bill:
    """The first invoice of a subscription that might be created.

    One that has only metered items ahead of it is previewed at the end of its first period.
    Raises what creating it would raise.
    """
    customer = require_customer(work, command.customer, param="customer")
    subscription = evolve(None, plan_subscription(work, command, customer))
    draft = start_draft(command.subscription, subscription, _NO_GRACE)
    first = bill_now(work, readers, draft)
    if first.lines:
        return first
    return bill_now(work, readers, _end_of_running(command.subscription, subscription))


def _end_of_running(subscription_id: str, subscription: Subscription) -> InvoiceDrafted:
    period, following = running_period(subscription), following_period(subscription)
    return period_draft(
        subscription_id,
        subscription,
        period,
        following,
        created=period.end,
        grace=_NO_GRACE,
    )


def _nothing_upcoming() -> InvalidRequest:
    return InvalidRequest("There is no upcoming invoice to preview.", code="invoice_upcoming_none")
