"""A subscription that is paused and resumed: while it is, nothing is billed and no period ends."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.subscriptions.aggregate import Subscription, evolve
from ledger.subscriptions.commands import PauseSubscription, ResumeSubscription
from ledger.subscriptions.cycle import current, cycle_of, open_segments
from ledger.subscriptions.ending import follow_period_end
from ledger.subscriptions.events import SubscriptionPaused, SubscriptionResumed
from ledger.subscriptions.item_effects import dropped
from ledger.subscriptions.parts import Charged, DroppedUsage
from ledger.subscriptions.prorating import Proration, charge_of, credit_of, proration
from ledger.subscriptions.resets import advances, fresh_periods

Dropped = tuple[DroppedUsage, ...]


class PauseDecision(NamedTuple):
    """The facts of a pause or of its end, what is charged and given back, and whether there is an
    invoice at once."""

    events: list[DomainEvent]
    prorations: list[Proration]
    invoice: bool


def pause(subscription: Subscription, command: PauseSubscription, now: datetime) -> PauseDecision:
    """Raises InvalidRequest unless the subscription is active."""
    if subscription.status != "active":
        raise InvalidRequest(
            f"Only an active subscription can be paused. This one is {subscription.status}."
        )
    usage = open_segments(subscription, now)
    back: list[Proration] = []
    if command.credit_from != "none":
        for item in subscription.items:
            whole_time = command.credit_from == "item_current_period_start"
            since = subscription.period_of(item).start if whole_time else now
            credit = credit_of(subscription, item, since)
            back += [] if credit is None else [credit]
    given_back = {credit.item for credit in back}
    event = SubscriptionPaused(
        paused_at=now,
        segments=(*subscription.segments, *usage) if command.bill_usage else subscription.segments,
        dropped=() if command.bill_usage else tuple(dropped(part, "paused") for part in usage),
        charged=tuple(one for one in subscription.charged if one.item not in given_back),
    )
    return PauseDecision([event], back, command.invoice)


def resume(subscription: Subscription, command: ResumeSubscription, now: datetime) -> PauseDecision:
    """Raises InvalidRequest unless the subscription is paused."""
    if subscription.status != "paused":
        raise InvalidRequest(
            f"Only a paused subscription can be resumed. This one is {subscription.status}."
        )
    unused = tuple(dropped(part, "paused") for part in open_segments(subscription, now))
    if command.billing_cycle_anchor == "now":
        return _resume_anew(subscription, unused, now)
    return _resume_unchanged(subscription, command, unused, now)


def _resume_anew(subscription: Subscription, unused: Dropped, now: datetime) -> PauseDecision:
    periods = fresh_periods(subscription, now)
    charges = advances(subscription, now, periods)
    event = SubscriptionResumed(
        resumed_at=now,
        billing_cycle_anchor=now,
        anchor_config=None,
        periods=tuple(current(rhythm, period) for rhythm, period in periods.items()),
        advances=charges,
        charged=charges,
        dropped=unused,
    )
    return PauseDecision(_with_end(subscription, event, now), [], invoice=True)


def _resume_unchanged(
    subscription: Subscription, command: ResumeSubscription, unused: Dropped, now: datetime
) -> PauseDecision:
    """The periods that run by now, from now on; what is still paid in them is not charged again."""
    periods = {
        rhythm: cycle_of(subscription, rhythm).period_at(now, since=now)
        for rhythm in dict.fromkeys(item.rhythm for item in subscription.items)
    }
    running = replace(subscription, status="active")
    charged: list[Charged] = []
    charges: list[Proration] = []
    for item in subscription.items:
        paid = subscription.charged_for(item.id)
        if paid is not None and paid.period.end > now:
            charged.append(paid)
            continue
        since = max(command.proration_date or now, periods[item.rhythm].start)
        charge = charge_of(running, item, periods[item.rhythm], since)
        if charge is not None and command.proration_behavior != "none":
            charged.append(charge)
            charges.append(proration(subscription, item, charge, charge.period))
    event = SubscriptionResumed(
        resumed_at=now,
        billing_cycle_anchor=subscription.anchor,
        anchor_config=subscription.anchor_config,
        periods=tuple(current(rhythm, period) for rhythm, period in periods.items()),
        advances=(),
        charged=tuple(charged),
        dropped=unused,
    )
    at_once = command.proration_behavior == "always_invoice"
    return PauseDecision(_with_end(subscription, event, now), charges, at_once)


def _with_end(
    subscription: Subscription, event: SubscriptionResumed, now: datetime
) -> list[DomainEvent]:
    return [event, *follow_period_end(evolve(subscription, event), now)]
