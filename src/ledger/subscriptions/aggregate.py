"""A subscription's state after its facts."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period
from ledger.subscriptions.events import (
    CancellationDetails,
    CancellationScheduled,
    CancellationWithdrawn,
    CollectionMethod,
    ItemDetailsChanged,
    PeriodClosed,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionItem,
    SubscriptionStarted,
)

SubscriptionStatus = Literal["active", "canceled"]
"""There is no other: no money moves, so that nothing is incomplete, past due or unpaid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`started` holds what never changes, the other fields what is so now.

    `cancel_at` is the time of a scheduled end, also of one at the period's end.
    """

    started: SubscriptionStarted
    items: tuple[SubscriptionItem, ...]
    current_period: Period
    collection_method: CollectionMethod
    days_until_due: int | None
    cancel_at: datetime | None
    cancel_at_period_end: bool
    canceled_at: datetime | None
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    settings: dict[str, JsonValue]
    cancellation: CancellationDetails
    status: SubscriptionStatus

    @property
    def customer(self) -> str:
        return self.started.customer


def evolve(subscription: Subscription | None, event: DomainEvent) -> Subscription:
    """The subscription after a fact. Raises ValueError if its start is missing."""
    if isinstance(event, SubscriptionStarted):
        return _start(event)
    if subscription is None:
        raise ValueError("a subscription's first event must be its start")
    match event:
        case SubscriptionDetailsChanged():
            return replace(
                subscription,
                collection_method=event.collection_method,
                days_until_due=event.days_until_due,
                default_payment_method=event.default_payment_method,
                description=event.description,
                metadata=event.metadata,
                settings=event.settings,
                cancellation=event.cancellation,
            )
        case ItemDetailsChanged():
            return replace(subscription, items=_with_metadata(subscription.items, event))
        case CancellationScheduled():
            return replace(
                subscription,
                cancel_at=event.cancel_at,
                cancel_at_period_end=event.at_period_end,
                canceled_at=event.scheduled_at,
                cancellation=event.details,
            )
        case CancellationWithdrawn():
            return replace(
                subscription,
                cancel_at=None,
                cancel_at_period_end=False,
                canceled_at=None,
                cancellation=CancellationDetails(),
            )
        case PeriodClosed():
            return replace(
                subscription, current_period=event.next_period or subscription.current_period
            )
        case SubscriptionCanceled():
            return replace(
                subscription,
                status="canceled",
                canceled_at=event.canceled_at,
                cancellation=event.details,
            )
        case _:
            return subscription


def _start(event: SubscriptionStarted) -> Subscription:
    return Subscription(
        started=event,
        items=event.items,
        current_period=event.current_period,
        collection_method=event.collection_method,
        days_until_due=event.days_until_due,
        cancel_at=event.cancel_at,
        cancel_at_period_end=event.cancel_at_period_end,
        canceled_at=None if event.cancel_at is None else event.created,
        default_payment_method=event.default_payment_method,
        description=event.description,
        metadata=event.metadata,
        settings=event.settings,
        cancellation=CancellationDetails(),
        status="active",
    )


def _with_metadata(
    items: tuple[SubscriptionItem, ...], event: ItemDetailsChanged
) -> tuple[SubscriptionItem, ...]:
    return tuple(
        item.model_copy(update={"metadata": event.metadata}) if item.id == event.item else item
        for item in items
    )
