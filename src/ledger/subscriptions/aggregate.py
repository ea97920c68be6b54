"""A subscription's state after its facts."""

from dataclasses import replace

from ledger.kernel.events import DomainEvent
from ledger.subscriptions.events import (
    BillingModeMigrated,
    CancellationScheduled,
    CancellationWithdrawn,
    ItemDetailsChanged,
    SubscriptionCanceled,
    SubscriptionDetailsChanged,
    SubscriptionStarted,
)
from ledger.subscriptions.parts import CancellationDetails, SubscriptionItem
from ledger.subscriptions.progress import begin_with, billing_after
from ledger.subscriptions.state import Subscription, SubscriptionStatus

__all__ = ["Subscription", "SubscriptionStatus", "evolve"]


def evolve(subscription: Subscription | None, event: DomainEvent) -> Subscription:
    """The subscription after a fact. Raises ValueError if its start is missing."""
    if isinstance(event, SubscriptionStarted):
        return begin_with(event)
    if subscription is None:
        raise ValueError("a subscription's first event must be its start")
    after = billing_after(subscription, event) or _terms(subscription, event) or subscription
    return replace(after, revision=subscription.revision + 1)


def _terms(subscription: Subscription, event: DomainEvent) -> Subscription | None:
    """After a fact about how it is billed and until when."""
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
                default_tax_rates=event.default_tax_rates,
                discounts=event.discounts,
                thresholds=event.thresholds,
                pause_collection=event.pause_collection,
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
                prorates_end=event.prorate,
            )
        case CancellationWithdrawn():
            return replace(
                subscription,
                cancel_at=None,
                cancel_at_period_end=False,
                canceled_at=None,
                cancellation=CancellationDetails(),
                prorates_end=False,
            )
        case BillingModeMigrated():
            return replace(subscription, billing_mode="flexible", settings=event.settings)
        case SubscriptionCanceled():
            return _ended(subscription, event)
        case _:
            return None


def _ended(subscription: Subscription, event: SubscriptionCanceled) -> Subscription:
    return replace(
        subscription,
        status="canceled",
        canceled_at=event.canceled_at,
        cancellation=event.details,
        segments=(),
        advances=(),
        charged=(),
        billed_early=(),
    )


def _with_metadata(
    items: tuple[SubscriptionItem, ...], event: ItemDetailsChanged
) -> tuple[SubscriptionItem, ...]:
    return tuple(
        item.model_copy(update={"metadata": event.metadata}) if item.id == event.item else item
        for item in items
    )
