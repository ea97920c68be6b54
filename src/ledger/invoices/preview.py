"""Bills that are not issued: what a subscription comes to next, running or yet to be created.

Nothing is appended to the log. A change is previewed by deciding it, with the functions that decide
it for good, on a `Work` that is thrown away; the invoice that it makes, or else the one that comes
next, is the preview.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from ledger.customers.handlers import customer_now, require_customer
from ledger.invoice_items.aggregate import waiting_items
from ledger.invoice_items.pending import pending_stream
from ledger.invoices.bill import Bill
from ledger.invoices.close_period import InvoiceBilling
from ledger.invoices.drafting import (
    closing,
    items_draft,
    period_invoice_id,
    recurring_draft,
    shortest,
)
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.finalizing import bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import (
    CancelSubscription,
    CreateSubscription,
    PauseSubscription,
    ResumeSubscription,
    UpdateSubscription,
)
from ledger.subscriptions.cycle import boundary
from ledger.subscriptions.handlers import (
    SubscriptionHandlers,
    require_subscription,
    subscription_now,
)

_NO_GRACE: Final = timedelta(0)

Mode = Literal["next", "recurring"]
"""The invoice that comes next, or what a whole period costs without what is billed once."""

Changing = UpdateSubscription | CancelSubscription | PauseSubscription | ResumeSubscription
"""What may be done to a subscription, to see what would be billed."""


@dataclass(frozen=True, slots=True)
class Previewing:
    """The circumstances of a preview: a view of the log that appends nothing, and who reads usage.

    `alter` changes the draft before it is rated, as a preview may ask for further lines.
    """

    work: Work
    readers: UsageReaders
    mode: Mode = "next"
    alter: Callable[[InvoiceDrafted], InvoiceDrafted] = lambda draft: draft

    @property
    def _billing(self) -> InvoiceBilling:
        return InvoiceBilling(self.readers, _NO_GRACE, finalizes=False)

    def upcoming(self, subscription_id: str) -> Bill:
        """The next invoice of a subscription: usage so far, and licensed items for what follows.

        Raises NotFound, and InvalidRequest where no invoice is to come.
        """
        subscription = require_subscription(self.work, subscription_id, param="subscription")
        end = boundary(subscription)
        if end is None:
            raise nothing_upcoming()
        self._prefetch(subscription_id, subscription, end)
        if self.mode == "recurring":
            return self.bill(recurring_draft(self.work, subscription_id, subscription, end))
        seen = len(self.work.pending)
        self._billing.close_at(self.work, subscription_id, subscription, end, end)
        made = self._made_since(seen)
        if made is None:
            raise nothing_upcoming()
        return self.bill(made)

    def _prefetch(self, subscription_id: str, subscription: Subscription, end: datetime) -> None:
        """Read at once most of what the invoice of a boundary is made of."""
        customer = subscription.started.customer
        ended, _ = closing(subscription, end)
        invoices = [period_invoice_id(subscription_id, shortest(ended))] if ended else []
        items = [one for item in subscription.items for one in (item.price, item.meter)]
        streams = [customer, pending_stream(customer), *invoices, *items]
        self.work.prefetch([one for one in streams if one is not None])

    def of_change(self, command: Changing) -> Bill:
        """The invoice that a change makes at once, or else the next one after it.

        Raises what the change would raise, and InvalidRequest where no invoice is to come.
        """
        subscription_id = command.subscription
        subscription = require_subscription(self.work, subscription_id, param="subscription")
        now = subscription_now(self.work, subscription)
        self._billing.close_due(self.work, subscription_id, now)
        return self._of(command, subscription_id)

    def of_creation(self, command: CreateSubscription) -> Bill:
        """The first invoice of a subscription that might be created.

        One that has nothing to bill at once is previewed at the end of its first period. Raises
        what creating it would raise.
        """
        require_customer(self.work, command.customer, param="customer")
        return self._of(command, command.subscription)

    def _of(self, command: Changing | CreateSubscription, subscription_id: str) -> Bill:
        seen = len(self.work.pending)
        SubscriptionHandlers(self._billing).by_command()[type(command)](self.work, command)
        made = self._made_since(seen)
        if made is not None and self.mode == "next":
            return self.bill(made)
        return self.upcoming(subscription_id)

    def next_of(self, customer_id: str) -> str | None:
        """The subscription of a customer that is invoiced next; None if there is none."""
        customer = require_customer(self.work, customer_id, param="customer")
        ends: list[tuple[datetime, str]] = []
        for subscription_id in customer.subscriptions:
            end = boundary(require_subscription(self.work, subscription_id))
            if end is not None:
                ends.append((end, subscription_id))
        return min(ends)[1] if ends else None

    def of_items(self, customer_id: str, currency: str) -> Bill:
        """An invoice of what waits for a customer's next one, and of nothing else."""
        customer = require_customer(self.work, customer_id, param="customer")
        now = customer_now(self.work, customer)
        return self.bill(items_draft(self.work, customer_id, customer, currency, now))

    def currency_of(self, customer_id: str) -> str | None:
        """The currency that a customer was billed in or will be; None if nothing says."""
        customer = require_customer(self.work, customer_id, param="customer")
        waiting = self.work.load(waiting_items, pending_stream(customer_id)) or ()
        return customer.currency or next((item.currency for item in waiting), None)

    def bill(self, draft: InvoiceDrafted) -> Bill:
        """What a draft, with what the preview asks for beside it, comes to.

        Raises InvalidRequest where that is nothing.
        """
        draft = self.alter(draft)
        if not draft.lines:
            raise nothing_upcoming()
        return bill_now(self.work, self.readers, draft)

    def _made_since(self, seen: int) -> InvoiceDrafted | None:
        """The invoice that was drafted here by what was decided last."""
        made = (recorded.event for recorded in self.work.pending[seen:])
        drafts = [event for event in made if isinstance(event, InvoiceDrafted)]
        return drafts[-1] if drafts else None


def nothing_upcoming() -> InvalidRequest:
    """The refusal of a preview where no invoice is to come."""
    return InvalidRequest("There is no upcoming invoice to preview.", code="invoice_upcoming_none")
