"""Usage that subscriptions drop, as their facts say it."""

from collections.abc import Sequence
from datetime import datetime

from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import derived_id
from ledger.subscriptions.events import (
    BillingCycleReset,
    ItemsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionPaused,
    SubscriptionResumed,
)
from ledger.subscriptions.parts import DroppedUsage
from projections.late_usage.rows import NOT_BILLED, SUBSCRIBERS, NotBilledRow
from projections.runtime.rows import Rows


def follow_dropped(recorded: RecordedEvent, rows: Rows) -> None:
    """Keep what a fact of a subscription drops, if it drops anything."""
    match recorded.event:
        case (
            ItemsChanged(dropped=dropped, changed_at=at)
            | BillingCycleReset(dropped=dropped, reset_at=at)
            | PeriodClosed(dropped=dropped, closed_at=at)
            | SubscriptionPaused(dropped=dropped, paused_at=at)
            | SubscriptionResumed(dropped=dropped, resumed_at=at)
            | SubscriptionCanceled(dropped=dropped, canceled_at=at)
        ):
            _drop(recorded, rows, dropped, at)
        case _:
            pass


def _drop(
    recorded: RecordedEvent, rows: Rows, dropped: Sequence[DroppedUsage], at: datetime
) -> None:
    subscription = recorded.originator_id
    for number, usage in enumerate(dropped):
        subscriber = rows.get(SUBSCRIBERS, subscription)
        if subscriber is None:
            raise LookupError(f"subscription {subscription} was never started")
        row = NotBilledRow(
            id=derived_id("unb", subscription, recorded.originator_version, number),
            sequence=recorded.position,
            created=to_epoch(at),
            customer=subscriber.customer,
            subscription=subscription,
            subscription_item=usage.item,
            meter=usage.meter,
            price=usage.price,
            period_start=to_epoch(usage.period.start),
            period_end=to_epoch(usage.period.end),
            reason=usage.reason,
        )
        rows.put(NOT_BILLED, row)
