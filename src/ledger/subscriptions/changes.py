"""Changes of a running subscription: its details, its scheduled end, its end."""

from datetime import datetime
from typing import Any

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from ledger.subscriptions.events import (
    CancellationDetails,
    CancellationScheduled,
    CancellationWithdrawn,
    ItemDetailsChanged,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
)
from ledger.subscriptions.starting import check_cancellation, check_collection

_AFTER_THE_END = {"subscription", "metadata", "comment", "feedback"}


def update(
    subscription: Subscription, command: UpdateSubscription, now: datetime
) -> list[DomainEvent]:
    """The facts of a change, none where everything stays as it is. Raises InvalidRequest."""
    if subscription.status == "canceled" and command.model_fields_set - _AFTER_THE_END:
        raise InvalidRequest(
            "A canceled subscription can only update its cancellation_details and metadata."
        )
    events = _items(subscription, command) + _scheduled_end(subscription, command, now)
    for event in events:
        subscription = evolve(subscription, event)
    return events + _details(subscription, command)


def cancel(
    subscription: Subscription, command: CancelSubscription, now: datetime
) -> SubscriptionCanceled:
    """The end of a subscription on request, at once.

    Raises InvalidRequest where unused time of licensed items would have to be credited.
    """
    if command.prorate and any(not item.is_metered for item in subscription.items):
        raise InvalidRequest(
            "The unused time of licensed items cannot be credited: cancel with prorate=false.",
            param="prorate",
        )
    details = CancellationDetails(comment=command.comment, feedback=command.feedback)
    return SubscriptionCanceled(
        canceled_at=now, ended_at=now, details=_requested(subscription, details)
    )


def end_with_customer(now: datetime) -> SubscriptionCanceled:
    """The end of a subscription whose customer is deleted."""
    return SubscriptionCanceled(canceled_at=now, ended_at=now, details=CancellationDetails())


def end_as_scheduled(subscription: Subscription, ended_at: datetime) -> SubscriptionCanceled:
    """The end that was scheduled before."""
    return SubscriptionCanceled(
        canceled_at=subscription.canceled_at or ended_at,
        ended_at=ended_at,
        details=_requested(subscription, CancellationDetails()),
    )


def _requested(subscription: Subscription, details: CancellationDetails) -> CancellationDetails:
    told = subscription.cancellation.model_dump() | details.model_dump(exclude_none=True)
    return CancellationDetails.model_validate({**told, "reason": "cancellation_requested"})


def _items(subscription: Subscription, command: UpdateSubscription) -> list[DomainEvent]:
    known = {item.id: item for item in subscription.items}
    events: list[DomainEvent] = []
    for i, change in enumerate(command.items):
        item = known.get(change.id)
        if item is None:
            raise InvalidRequest(
                f"No such subscription item: '{change.id}'",
                param=f"items[{i}][id]",
                code="resource_missing",
            )
        metadata = merge_metadata(item.metadata, change.metadata, param=f"items[{i}][metadata]")
        if metadata != item.metadata:
            events.append(ItemDetailsChanged(item=item.id, metadata=metadata))
    return events


def _scheduled_end(
    subscription: Subscription, command: UpdateSubscription, now: datetime
) -> list[DomainEvent]:
    given = command.model_fields_set
    check_cancellation(command.cancel_at, command.cancel_at_period_end, now)
    cancel_at = command.cancel_at
    if command.cancel_at_period_end:
        cancel_at = subscription.current_period.end
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
            )
        ]
    withdrawn = "cancel_at" in given or (
        "cancel_at_period_end" in given and subscription.cancel_at_period_end
    )
    if withdrawn and subscription.cancel_at is not None:
        return [CancellationWithdrawn(withdrawn_at=now)]
    return []


def _details(subscription: Subscription, command: UpdateSubscription) -> list[DomainEvent]:
    method = command.collection_method or subscription.collection_method
    days = subscription.days_until_due if method == "send_invoice" else None
    if "days_until_due" in command.model_fields_set:
        days = command.days_until_due
    if {"collection_method", "days_until_due"} & command.model_fields_set:
        check_collection(method, days)
    details = subscription.cancellation.model_copy(update=_given(command, "comment", "feedback"))
    after: dict[str, Any] = {
        "collection_method": method,
        "days_until_due": days,
        "default_payment_method": subscription.default_payment_method,
        "description": subscription.description,
        **_given(command, "default_payment_method", "description"),
        "metadata": merge_metadata(subscription.metadata, command.metadata),
        "settings": {**subscription.settings, **command.settings},
        "cancellation": details,
    }
    if all(getattr(subscription, name) == value for name, value in after.items()):
        return []
    return [SubscriptionDetailsChanged(**after)]


def _given(command: UpdateSubscription, *names: str) -> dict[str, Any]:
    return {name: getattr(command, name) for name in names if name in command.model_fields_set}
