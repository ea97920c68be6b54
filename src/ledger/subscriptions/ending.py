"""The end of a subscription: scheduled, withdrawn, come, or at once; what it leaves unbilled."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.beginning import resolved_end
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from ledger.subscriptions.cycle import open_segments
from ledger.subscriptions.events import (
    CancellationScheduled,
    CancellationWithdrawn,
    ChargedInAdvance,
    SubscriptionCanceled,
)
from ledger.subscriptions.item_effects import dropped, unbilled_reason
from ledger.subscriptions.parts import CancellationDetails, Charged, DroppedUsage, cut
from ledger.subscriptions.prorating import Proration, credits_of, proration
from ledger.subscriptions.starting import check_cancellation


class Ending(NamedTuple):
    """The end of a subscription, and what is given back by it."""

    event: SubscriptionCanceled
    prorations: list[Proration]


def cancel(subscription: Subscription, command: CancelSubscription, now: datetime) -> Ending:
    """The end on request, at once. Usage that no invoice bills by then is dropped."""
    details = CancellationDetails(comment=command.comment, feedback=command.feedback)
    event = SubscriptionCanceled(
        canceled_at=now,
        ended_at=now,
        details=_requested(subscription, details),
        dropped=() if command.invoice_now else left_unbilled(subscription, now),
    )
    prorations = credits_of(subscription, subscription.items, now) if command.prorate else []
    return Ending(event, prorations)


def end_with_customer(subscription: Subscription, now: datetime) -> SubscriptionCanceled:
    """The end of a subscription whose customer is deleted."""
    return SubscriptionCanceled(
        canceled_at=now,
        ended_at=now,
        details=CancellationDetails(),
        dropped=left_unbilled(subscription, now),
    )


def end_as_scheduled(subscription: Subscription, ended_at: datetime) -> SubscriptionCanceled:
    """The end that was scheduled before."""
    return SubscriptionCanceled(
        canceled_at=subscription.canceled_at or ended_at,
        ended_at=ended_at,
        details=_requested(subscription, CancellationDetails()),
    )


def left_unbilled(subscription: Subscription, at: datetime) -> tuple[DroppedUsage, ...]:
    """All usage that waits for an invoice that will not come."""
    reason = unbilled_reason(subscription) or "canceled_without_invoice"
    return (
        *(dropped(segment, "canceled_without_invoice") for segment in subscription.segments),
        *(dropped(segment, reason) for segment in open_segments(subscription, at)),
    )


def scheduled_end(
    subscription: Subscription, command: UpdateSubscription, now: datetime
) -> list[DomainEvent]:
    """The facts of an end that is scheduled, moved or withdrawn. Raises InvalidRequest."""
    given = command.model_fields_set
    cancel_at = resolved_end(
        command.cancel_at,
        subscription.periods.values(),
        (charged.period.end for charged in subscription.charged),
    )
    check_cancellation(cancel_at, command.cancel_at_period_end, now)
    if command.cancel_at_period_end:
        cancel_at = period_end(subscription)
    if cancel_at is not None:
        asked = (cancel_at, command.cancel_at_period_end)
        if asked == (subscription.cancel_at, subscription.cancel_at_period_end):
            return []
        details = CancellationDetails(comment=command.comment, feedback=command.feedback)
        return [
            CancellationScheduled(
                cancel_at=cancel_at,
                at_period_end=command.cancel_at_period_end,
                scheduled_at=now,
                details=_requested(subscription, details),
                prorate=command.proration_behavior != "none",
            )
        ]
    withdrawn = "cancel_at" in given or (
        "cancel_at_period_end" in given and subscription.cancel_at_period_end
    )
    if withdrawn and subscription.cancel_at is not None:
        return [CancellationWithdrawn(withdrawn_at=now)]
    return []


def period_end(subscription: Subscription) -> datetime:
    """The end of the current period; of the longest one where items differ, as that is paid."""
    return max(period.end for period in subscription.periods.values())


def follow_period_end(subscription: Subscription, now: datetime) -> list[DomainEvent]:
    """An end that was scheduled for the period's end moves with it."""
    end = period_end(subscription)
    if not subscription.cancel_at_period_end or subscription.cancel_at == end:
        return []
    return [
        CancellationScheduled(
            cancel_at=end,
            at_period_end=True,
            scheduled_at=subscription.canceled_at or now,
            details=subscription.cancellation,
            prorate=subscription.prorates_end,
        )
    ]


def charge_longer(subscription: Subscription) -> tuple[list[DomainEvent], list[Proration]]:
    """Where periods had been charged up to an end that is off or later now, the rest of them."""
    charged: list[Charged] = []
    prorations: list[Proration] = []
    items = {item.id: item for item in subscription.items}
    for one in subscription.charged:
        item = items.get(one.item)
        end = one.period.end if item is None else _end_for(subscription, one, item.rhythm)
        if item is None or end <= one.period.end:
            charged.append(one)
            continue
        longer = Period(one.period.start, end)
        if one.whole == one.period:
            charged.append(one.model_copy(update={"period": longer, "whole": longer}))
            continue
        charged.append(one.model_copy(update={"period": longer}))
        rest = Period(one.period.end, end)
        prorations.append(proration(subscription, item, one, rest))
    if tuple(charged) == subscription.charged:
        return [], []
    return [ChargedInAdvance(charged=tuple(charged))], prorations


def _end_for(subscription: Subscription, charged: Charged, rhythm: Any) -> datetime:
    period = subscription.periods[rhythm]
    if charged.period.start not in period:
        return charged.period.end
    return cut(period, subscription.cancel_at).end


def _requested(subscription: Subscription, details: CancellationDetails) -> CancellationDetails:
    told: Iterable[Any] = subscription.cancellation.model_dump().items()
    given = details.model_dump(exclude_none=True)
    return CancellationDetails.model_validate(
        {**dict(told), **given, "reason": "cancellation_requested"}
    )
