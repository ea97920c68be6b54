"""How facts change what of a subscription is in force, paid in advance, and still to be billed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from ledger.coupons.discounts import spent_by
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period
from ledger.subscriptions.events import (
    BillingCycleReset,
    ChargedInAdvance,
    ItemsChanged,
    PeriodClosed,
    SubscriptionInvoiced,
    SubscriptionPaused,
    SubscriptionResumed,
    SubscriptionStarted,
    ThresholdReached,
    TrialEndChanged,
)
from ledger.subscriptions.parts import (
    CancellationDetails,
    Charged,
    CurrentPeriod,
    Rhythm,
    SubscriptionItem,
)
from ledger.subscriptions.state import Subscription, charge_ahead


def begin_with(event: SubscriptionStarted) -> Subscription:
    """A subscription at its start: on trial, or charged in advance for its first periods."""
    subscription = Subscription(
        started=event,
        items=event.items,
        periods=_by_rhythm(event.periods),
        anchor=event.billing_cycle_anchor,
        anchor_config=event.anchor_config,
        billing_mode=event.billing_mode,
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
        status="active" if event.trial_end is None else "trialing",
        default_tax_rates=event.default_tax_rates,
        discounts=event.discounts,
        thresholds=event.thresholds,
        trial_end=event.trial_end,
    )
    if event.trial_end is not None:
        return subscription
    ahead = [(item, subscription.period_of(item)) for item in event.items]
    return replace(subscription, charged=_charges(subscription, ahead))


def billing_after(subscription: Subscription, event: DomainEvent) -> Subscription | None:
    """After a fact about items, periods and what was billed of them; None for any other."""
    match event:
        case ItemsChanged():
            return replace(
                subscription,
                items=event.items,
                periods=_by_rhythm(event.periods),
                charged=event.charged,
                segments=event.segments,
            )
        case ChargedInAdvance():
            return replace(subscription, charged=event.charged)
        case BillingCycleReset():
            return _reset(subscription, event)
        case TrialEndChanged():
            return replace(
                subscription,
                trial_end=event.trial_end,
                anchor=event.billing_cycle_anchor,
                periods=_by_rhythm(event.periods),
            )
        case SubscriptionInvoiced():
            return _invoiced(subscription)
        case ThresholdReached():
            billed = subscription.billed_early + event.billed
            return replace(_invoiced(subscription), billed_early=billed)
        case PeriodClosed():
            return _closed(subscription, event)
        case SubscriptionPaused():
            return replace(
                subscription,
                status="paused",
                paused_at=event.paused_at,
                items=_since(subscription.items, event.paused_at),
                segments=event.segments,
                charged=event.charged,
            )
        case SubscriptionResumed():
            return _resumed(subscription, event)
        case _:
            return None


def _resumed(subscription: Subscription, event: SubscriptionResumed) -> Subscription:
    return replace(
        subscription,
        status="active",
        paused_at=None,
        items=_since(subscription.items, event.resumed_at),
        anchor=event.billing_cycle_anchor,
        anchor_config=event.anchor_config,
        periods=_by_rhythm(event.periods),
        advances=event.advances,
        charged=event.charged,
    )


def _closed(subscription: Subscription, event: PeriodClosed) -> Subscription:
    """A trial is over with its period. What begins is charged in advance."""
    periods = {**subscription.periods}
    for one in event.begun:
        periods |= dict.fromkeys(_rhythms(subscription, one), one.period)
    closed = {rhythm for one in event.ended for rhythm in _rhythms(subscription, one)}
    begun = {rhythm for one in event.begun for rhythm in _rhythms(subscription, one)}
    if begun:
        subscription = replace(subscription, spent_on_charges=())
    after = replace(
        _invoiced(subscription) if event.invoice else subscription,
        periods=periods,
        status="active" if subscription.status == "trialing" else subscription.status,
    )
    in_closed = {item.id for item in subscription.items if item.rhythm in closed}
    ahead = [(item, periods[item.rhythm]) for item in subscription.items if item.rhythm in begun]
    return replace(
        after,
        billed_early=tuple(b for b in after.billed_early if b.item not in in_closed),
        charged=tuple(c for c in after.charged if c.item not in in_closed) + _charges(after, ahead),
    )


def _reset(subscription: Subscription, event: BillingCycleReset) -> Subscription:
    return replace(
        subscription,
        status="active" if event.trial_end is None else "trialing",
        anchor=event.billing_cycle_anchor,
        anchor_config=event.anchor_config,
        periods=_by_rhythm(event.periods),
        trial_end=event.trial_end or subscription.trial_end,
        charged=event.advances,
        advances=event.advances,
        segments=event.segments,
    )


def _invoiced(subscription: Subscription) -> Subscription:
    """What waited for an invoice is on one, and discounts that count once have counted."""
    applied = [*subscription.discounts]
    for item in subscription.items:
        applied += item.discounts
    spent = tuple(one for one in dict.fromkeys(spent_by(applied)) if one not in subscription.spent)
    return replace(
        subscription,
        segments=(),
        advances=(),
        billed_early=tuple(
            early
            for early in subscription.billed_early
            if not any(
                segment.covers(early.item, early.period) for segment in subscription.segments
            )
        ),
        spent=subscription.spent + spent,
        spent_on_charges=subscription.spent_on_charges + spent,
    )


def _charges(
    subscription: Subscription, ahead: Iterable[tuple[SubscriptionItem, Period]]
) -> tuple[Charged, ...]:
    charges = (charge_ahead(subscription, item, period) for item, period in ahead)
    return tuple(charge for charge in charges if charge is not None)


def _by_rhythm(periods: Iterable[CurrentPeriod]) -> dict[Rhythm, Period]:
    return {
        (one.interval, one.interval_count): one.period
        for one in periods
        if one.interval is not None and one.interval_count is not None
    }


def _rhythms(subscription: Subscription, one: CurrentPeriod) -> list[Rhythm]:
    """Whose period it is: of every rhythm where none is named."""
    if one.interval is None or one.interval_count is None:
        return list(subscription.periods)
    return [(one.interval, one.interval_count)]


def _since(items: tuple[SubscriptionItem, ...], moment: datetime) -> tuple[SubscriptionItem, ...]:
    """The items with usage that counts from a moment on."""
    return tuple(
        item.model_copy(update={"since": moment}) if item.is_metered else item for item in items
    )
