"""Closing periods: the ended one is drafted on an invoice, and the next one begins."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.invoices.drafting import period_draft, period_invoice_id, start_draft, start_invoice_id
from ledger.invoices.finalizing import append_final, bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.changes import end_as_scheduled
from ledger.subscriptions.cycle import following_period, running_period
from ledger.subscriptions.events import PeriodClosed
from ledger.subscriptions.handlers import require_subscription


@dataclass(frozen=True, slots=True)
class InvoiceBilling:
    """Bills subscriptions on invoices; drafts wait for `grace` before they are finalized."""

    readers: UsageReaders
    grace: timedelta

    def bill_start(self, work: Work, subscription_id: str) -> None:
        """Draft the first invoice if there is anything to bill.

        Where payment would be automatic it is finalized in the same append (contract §8).
        """
        subscription = require_subscription(work, subscription_id)
        invoice_id = start_invoice_id(subscription_id)
        draft = start_draft(subscription_id, subscription, self.grace)
        if not draft.lines:
            return
        bill = bill_now(work, self.readers, draft)
        if not bill.lines:
            return
        work.append(invoice_id, draft)
        if draft.details.automatically_finalizes_at is None:
            append_final(work, invoice_id, bill, draft.created)

    def close_due(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close every period that has ended by now, oldest first."""
        subscription = require_subscription(work, subscription_id)
        while subscription.status == "active" and running_period(subscription).end <= now:
            subscription = self.close_running(work, subscription_id, subscription, now)

    def close_running(
        self, work: Work, subscription_id: str, subscription: Subscription, now: datetime
    ) -> Subscription:
        """Close the running period, which has ended; the subscription as it is after that.

        On a test clock that happens at the period's end itself, however far the clock went.
        """
        period = running_period(subscription)
        following = following_period(subscription)
        at = now if subscription.started.test_clock is None else period.end
        closed = self._close(work, subscription_id, subscription, period, following, at)
        events: list[DomainEvent] = [closed]
        if following is None:
            events.append(end_as_scheduled(subscription, period.end))
        work.append(subscription_id, *events)
        for event in events:
            subscription = evolve(subscription, event)
        return subscription

    def close_early(self, work: Work, subscription_id: str, now: datetime) -> None:
        """Close the running period at this moment, if any of it has passed; nothing follows."""
        subscription = require_subscription(work, subscription_id)
        period = Period(subscription.current_period.start, now)
        if not period.length:
            return
        closed = self._close(work, subscription_id, subscription, period, None, now)
        work.append(subscription_id, closed)

    def _close(
        self,
        work: Work,
        subscription_id: str,
        subscription: Subscription,
        period: Period,
        following: Period | None,
        at: datetime,
    ) -> PeriodClosed:
        invoice_id = period_invoice_id(subscription_id, period)
        draft = period_draft(
            subscription_id, subscription, period, following, created=at, grace=self.grace
        )
        if draft.lines:
            work.append(invoice_id, draft)
        return PeriodClosed(
            period=period,
            closed_at=at,
            invoice=invoice_id if draft.lines else None,
            next_period=following,
        )
