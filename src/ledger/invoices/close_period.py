"""Closing periods: the ended ones are drafted on an invoice, and the next ones begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.invoice_items.pending import take_items
from ledger.invoices.collection import finalize_now
from ledger.invoices.drafting import (
    at_once_or_after,
    closing,
    period_draft,
    period_invoice_id,
    shortest,
    start_draft,
    start_invoice_id,
    waiting_draft,
    waiting_invoice_id,
)
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.finalizing import bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.proration_items import (
    add_charges,
    add_prorations,
    release_items,
)
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import AddedCharge
from ledger.subscriptions.cycle import boundary, ends_at, open_segments, periods_cut_at
from ledger.subscriptions.ending import end_as_scheduled
from ledger.subscriptions.events import PeriodClosed, SubscriptionInvoiced, ThresholdReached
from ledger.subscriptions.handlers import require_subscription
from ledger.subscriptions.item_effects import dropped, unbilled_reason
from ledger.subscriptions.parts import CurrentPeriod, DroppedUsage
from ledger.subscriptions.prorating import Proration, credits_of


@dataclass(frozen=True, slots=True)
class InvoiceBilling:
    """Bills subscriptions on invoices; drafts wait for `grace` before they are finalized.

    Without `finalizes` all stay drafts, as where an invoice is only looked at.
    """

    readers: UsageReaders
    grace: timedelta
    finalizes: bool = True

    def bill_start(self, work: Work, subscription_id: str) -> None:
        """Draft the first invoice if there is anything to bill.

        Where payment would be automatic it is finalized in the same append (contract §8).
        """
        subscription = require_subscription(work, subscription_id)
        draft = start_draft(work, subscription_id, subscription, self.grace)
        if not draft.lines or not bill_now(work, self.readers, draft).lines:
            return
        invoice_id = start_invoice_id(subscription_id)
        self.issue(work, subscription_id, invoice_id, draft, _invoiced(invoice_id, draft))

    def bill_waiting(self, work: Work, subscription_id: str, at: datetime) -> None:
        """Invoice at once what waits for the subscription's next invoice, if anything does."""
        subscription = require_subscription(work, subscription_id)
        draft = waiting_draft(
            work,
            subscription_id,
            subscription,
            created=at,
            finalizes_at=at_once_or_after(subscription, at, self.grace),
        )
        if not draft.lines:
            return
        invoice_id = waiting_invoice_id(subscription_id, subscription, draft.billing_reason)
        self.issue(work, subscription_id, invoice_id, draft, _invoiced(invoice_id, draft))

    def close_due(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close every period that has ended by now, oldest first."""
        subscription = require_subscription(work, subscription_id)
        while (end := boundary(subscription)) is not None and end <= now:
            self.close_at(work, subscription_id, subscription, end, now)
            subscription = require_subscription(work, subscription_id)

    def close_at(
        self,
        work: Work,
        subscription_id: str,
        subscription: Subscription,
        end: datetime,
        now: datetime,
    ) -> None:
        """Close the periods that end at this boundary, which has come.

        On a test clock that happens at the boundary itself, however far the clock went.
        """
        at = now if subscription.started.test_clock is None else end
        ends = ends_at(subscription, end)
        if ends and subscription.prorates_end:
            unused = credits_of(subscription, subscription.items, end)
            add_prorations(work, subscription_id, subscription, unused, at)
        ended, begun = closing(subscription, end)
        unbilled = _dropped(subscription, end) if ends or ended else ()
        self._close(work, subscription_id, ended, begun, at, unbilled)
        if ends:
            work.append(subscription_id, end_as_scheduled(subscription, end))
            release_items(work, subscription_id, subscription)

    def close_early(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close the running periods at this moment, with all that waits; nothing follows."""
        subscription = require_subscription(work, subscription_id)
        ended = periods_cut_at(subscription, now)
        self._close(work, subscription_id, ended, (), now, _dropped(subscription, now))

    def _close(
        self,
        work: Work,
        subscription_id: str,
        ended: tuple[CurrentPeriod, ...],
        begun: tuple[CurrentPeriod, ...],
        at: datetime,
        unbilled: tuple[DroppedUsage, ...],
    ) -> None:
        subscription = require_subscription(work, subscription_id)
        invoice_id = period_invoice_id(subscription_id, shortest(ended))
        draft = period_draft(
            work, subscription_id, subscription, ended, begun, created=at, grace=self.grace
        )
        if draft.lines:
            self._append(work, invoice_id, draft)
        closed = PeriodClosed(
            ended=ended,
            begun=begun,
            closed_at=at,
            invoice=invoice_id if draft.lines else None,
            dropped=unbilled,
        )
        work.append(subscription_id, closed)

    def _append(self, work: Work, invoice_id: str, draft: InvoiceDrafted) -> None:
        work.append(invoice_id, draft)
        items = [line.invoice_item for line in draft.lines if line.invoice_item is not None]
        take_items(work, draft.customer, invoice_id, items)

    def issue(
        self,
        work: Work,
        subscription_id: str,
        invoice_id: str,
        draft: InvoiceDrafted,
        invoiced: SubscriptionInvoiced | ThresholdReached,
    ) -> None:
        """Append an invoice between periods, final unless it waits or its collection is paused."""
        self._append(work, invoice_id, draft)
        work.append(subscription_id, invoiced)
        at_once = draft.details.automatically_finalizes_at is None and draft.details.auto_advance
        if at_once and self.finalizes:
            finalize_now(work, self.readers, invoice_id, draft, draft.created)

    def add_prorations(
        self, work: Work, subscription_id: str, prorations: Sequence[Proration], at: datetime
    ) -> None:
        """Charge and give back licensed time on the next invoice."""
        if prorations:
            subscription = require_subscription(work, subscription_id)
            add_prorations(work, subscription_id, subscription, prorations, at)

    def add_charges(
        self, work: Work, subscription_id: str, charges: Sequence[AddedCharge], at: datetime
    ) -> None:
        """Bill one-time prices on the next invoice of the subscription."""
        if charges:
            subscription = require_subscription(work, subscription_id)
            add_charges(work, subscription_id, subscription, charges, at)

    def release_items(self, work: Work, subscription_id: str) -> None:
        """Let what waits for an ended subscription's invoice wait for the customer's next one."""
        release_items(work, subscription_id, require_subscription(work, subscription_id))


def _invoiced(invoice_id: str, draft: InvoiceDrafted) -> SubscriptionInvoiced:
    return SubscriptionInvoiced(invoice=invoice_id, invoiced_at=draft.created)


def _dropped(subscription: Subscription, at: datetime) -> tuple[DroppedUsage, ...]:
    """Usage up to the end of a trial or of a pause, which is not billed."""
    reason = unbilled_reason(subscription)
    if reason is None:
        return ()
    return tuple(dropped(segment, reason) for segment in open_segments(subscription, at))
