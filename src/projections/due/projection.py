"""Keeps what is due from the events that schedule it, and forgets it when it is done."""

import msgspec

from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized, InvoiceVoided
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import (
    CancellationScheduled,
    CancellationWithdrawn,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionStarted,
)
from ledger.test_clocks.events import (
    TestClockAdvanced,
    TestClockCreated,
    TestClockDeleted,
    TestClockReady,
)
from projections.due.rows import (
    CLOCKS,
    DUE,
    SUBSCRIPTION_ENDS,
    ClockRow,
    DueRow,
    SubscriptionEndRow,
)
from projections.runtime.rows import Rows


class DueProjection:
    name = "due"
    version = 1
    tables = (DUE, SUBSCRIPTION_ENDS, CLOCKS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        subject = recorded.originator_id
        match recorded.event:
            case SubscriptionStarted() as event:
                _schedule_end(rows, _started(subject, event))
            case PeriodClosed(next_period=None) | SubscriptionCanceled():
                _forget_subscription(rows, subject)
            case PeriodClosed(next_period=following) if following is not None:
                end = to_epoch(following.end)
                _schedule_end(rows, msgspec.structs.replace(_end(rows, subject), period_end=end))
            case CancellationScheduled(cancel_at=moment):
                at = to_epoch(moment)
                _schedule_end(rows, msgspec.structs.replace(_end(rows, subject), cancel_at=at))
            case CancellationWithdrawn():
                _schedule_end(rows, msgspec.structs.replace(_end(rows, subject), cancel_at=None))
            case InvoiceDrafted() as event:
                _schedule_finalization(rows, subject, event)
            case InvoiceFinalized() | InvoiceVoided():
                rows.delete(DUE, f"finalize_invoice:{subject}")
            case _:
                _follow_clock(recorded, rows)


def _follow_clock(recorded: RecordedEvent, rows: Rows) -> None:
    clock = recorded.originator_id
    match recorded.event:
        case TestClockCreated(frozen_time=moment):
            rows.put(CLOCKS, ClockRow(clock, to_epoch(moment), advancing=False))
        case TestClockAdvanced(frozen_time=moment):
            rows.put(CLOCKS, ClockRow(clock, to_epoch(moment), advancing=True))
        case TestClockReady():
            row = rows.get(CLOCKS, clock)
            if row is not None:
                rows.put(CLOCKS, msgspec.structs.replace(row, advancing=False))
        case TestClockDeleted():
            rows.delete(CLOCKS, clock)
        case _:
            pass


def _started(subscription: str, event: SubscriptionStarted) -> SubscriptionEndRow:
    return SubscriptionEndRow(
        id=subscription,
        period_end=to_epoch(event.current_period.end),
        cancel_at=None if event.cancel_at is None else to_epoch(event.cancel_at),
        test_clock=event.test_clock or "",
    )


def _end(rows: Rows, subscription: str) -> SubscriptionEndRow:
    row = rows.get(SUBSCRIPTION_ENDS, subscription)
    if row is None:
        raise LookupError(f"subscription {subscription} was never started")
    return row


def _schedule_end(rows: Rows, row: SubscriptionEndRow) -> None:
    """A subscription is due at its period's end, or at its cancellation if that comes first."""
    rows.put(SUBSCRIPTION_ENDS, row)
    due_at = row.period_end if row.cancel_at is None else min(row.period_end, row.cancel_at)
    rows.put(DUE, DueRow(f"close_period:{row.id}", "close_period", row.id, due_at, row.test_clock))


def _forget_subscription(rows: Rows, subscription: str) -> None:
    rows.delete(DUE, f"close_period:{subscription}")
    rows.delete(SUBSCRIPTION_ENDS, subscription)


def _schedule_finalization(rows: Rows, invoice: str, event: InvoiceDrafted) -> None:
    if event.details.automatically_finalizes_at is None:
        return
    due_at = to_epoch(event.details.automatically_finalizes_at)
    clock = event.test_clock or ""
    rows.put(DUE, DueRow(f"finalize_invoice:{invoice}", "finalize_invoice", invoice, due_at, clock))
