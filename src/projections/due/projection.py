"""Keeps what is due from the events that schedule it, and forgets it when it is done."""

from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.subscriptions.events import (
    BillingCycleReset,
    CancellationScheduled,
    CancellationWithdrawn,
    ItemsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionStarted,
    TrialEndChanged,
)
from ledger.subscriptions.parts import CurrentPeriod
from ledger.test_clocks.events import (
    TestClockAdvanced,
    TestClockCreated,
    TestClockDeleted,
    TestClockReady,
)
from projections.due.finalization import DraftEvent, follow_draft
from projections.due.rows import (
    CLOCKS,
    DUE,
    RESTING_DRAFTS,
    SUBSCRIPTION_ENDS,
    ClockRow,
    DueRow,
    SubscriptionEndRow,
)
from projections.runtime.rows import Rows


class DueProjection:
    name = "due"
    version = 3
    tables = (DUE, RESTING_DRAFTS, SUBSCRIPTION_ENDS, CLOCKS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case event if isinstance(event, DraftEvent):
                follow_draft(recorded, event, rows)
            case SubscriptionDetailsChanged() as event:
                _schedule_collection(rows, recorded, event)
            case _:
                _follow_subscription(recorded, rows)
                _follow_clock(recorded, rows)


def _follow_subscription(recorded: RecordedEvent, rows: Rows) -> None:
    subscription, event, at = recorded.originator_id, recorded.event, recorded.position
    match event:
        case SubscriptionStarted():
            _schedule_end(rows, _started(subscription, event), at)
        case PeriodClosed(begun=()) | SubscriptionCanceled():
            _forget_subscription(rows, subscription)
        case PeriodClosed():
            row = _end(rows, subscription)
            _schedule_end(rows, _with_ends(row, _ends(event.begun, row.period_ends)), at)
        case ItemsChanged() | BillingCycleReset() | TrialEndChanged() | SubscriptionResumed():
            row = _end(rows, subscription)
            paused = row.paused and not isinstance(event, SubscriptionResumed)
            ends = _ends(event.periods)
            _schedule_end(rows, replace(row, period_ends=ends, paused=paused), at)
        case SubscriptionPaused():
            _schedule_end(rows, replace(_end(rows, subscription), paused=True), at)
        case CancellationScheduled(cancel_at=moment):
            row = replace(_end(rows, subscription), cancel_at=to_epoch(moment))
            _schedule_end(rows, row, at)
        case CancellationWithdrawn():
            _schedule_end(rows, replace(_end(rows, subscription), cancel_at=None), at)
        case _:
            pass


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
                rows.put(CLOCKS, replace(row, advancing=False))
        case TestClockDeleted():
            rows.delete(CLOCKS, clock)
        case _:
            pass


def _started(subscription: str, event: SubscriptionStarted) -> SubscriptionEndRow:
    return SubscriptionEndRow(
        id=subscription,
        period_ends=_ends(event.periods),
        cancel_at=None if event.cancel_at is None else to_epoch(event.cancel_at),
        test_clock=event.test_clock or "",
    )


def _end(rows: Rows, subscription: str) -> SubscriptionEndRow:
    row = rows.get(SUBSCRIPTION_ENDS, subscription)
    if row is None:
        raise LookupError(f"subscription {subscription} was never started")
    return row


def _ends(
    periods: Iterable[CurrentPeriod], known: Mapping[str, int] | None = None
) -> dict[str, int]:
    """The ends of periods by rhythm; one that names none is of all the `known` ones."""
    ends: dict[str, int] = {}
    for one in periods:
        rhythm = f"{one.interval_count} {one.interval}"
        of = list(known or ()) if one.interval is None else [rhythm]
        ends |= dict.fromkeys(of, to_epoch(one.period.end))
    return ends


def _with_ends(row: SubscriptionEndRow, ends: Mapping[str, int]) -> SubscriptionEndRow:
    return replace(row, period_ends={**row.period_ends, **ends})


def _schedule_end(rows: Rows, row: SubscriptionEndRow, sequence: int) -> None:
    """A subscription is due at a period's end, or at its cancellation if that comes first."""
    rows.put(SUBSCRIPTION_ENDS, row)
    due_at, due_id = row.due_at, f"close_period:{row.id}"
    if due_at is None:
        rows.delete(DUE, due_id)
    else:
        due = DueRow(due_id, "close_period", row.id, due_at, row.test_clock, sequence)
        rows.put(DUE, due)


def _schedule_collection(
    rows: Rows, recorded: RecordedEvent, event: SubscriptionDetailsChanged
) -> None:
    """The collection of invoices goes on by itself when its pause is over."""
    subscription, sequence = recorded.originator_id, recorded.position
    due_id = f"resume_collection:{subscription}"
    pause, row = event.pause_collection, rows.get(SUBSCRIPTION_ENDS, subscription)
    if pause is None or pause.resumes_at is None or row is None:
        rows.delete(DUE, due_id)
        return
    due_at = to_epoch(pause.resumes_at)
    due = DueRow(due_id, "resume_collection", subscription, due_at, row.test_clock, sequence)
    rows.put(DUE, due)


def _forget_subscription(rows: Rows, subscription: str) -> None:
    rows.delete(DUE, f"close_period:{subscription}")
    rows.delete(DUE, f"resume_collection:{subscription}")
    rows.delete(SUBSCRIPTION_ENDS, subscription)
