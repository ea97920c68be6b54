"""What a change of one item does to its usage and to its licensed time.

The rules and their reasons are decision record 21.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ledger.coupons.discounts import Discount
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Period
from ledger.prices.aggregate import Price
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import ItemChange, UpdateSubscription
from ledger.subscriptions.cycle import cycle_of, open_segment
from ledger.subscriptions.parts import (
    Charged,
    DroppedUsage,
    DropReason,
    Rhythm,
    Segment,
    SubscriptionItem,
)
from ledger.subscriptions.prorating import Proration, charge_of, credit_of, proration


@dataclass(frozen=True, slots=True)
class Moment:
    """When a change takes effect: for usage `now`, for what is prorated `prorated_from`."""

    now: datetime
    prorated_from: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names: prices by id, and the discounts that each item is to have, by its id,
    with the subscription's own under ""."""

    prices: Mapping[str, Price]
    discounts: Mapping[str, tuple[Discount, ...]]


@dataclass(slots=True)
class ItemsDecision:
    """Facts of changed items, and what is charged and given back for them.

    `resets` says that a classic subscription got another interval, so that its cycle begins anew.
    """

    items: list[SubscriptionItem]
    segments: list[Segment]
    charged: dict[str, Charged]
    dropped: list[DroppedUsage] = field(default_factory=list[DroppedUsage])
    prorations: list[Proration] = field(default_factory=list[Proration])
    details: list[DomainEvent] = field(default_factory=list[DomainEvent])
    changed: bool = False
    resets: bool = False


def replace(
    subscription: Subscription,
    command: UpdateSubscription,
    old: SubscriptionItem,
    new: SubscriptionItem,
    moment: Moment,
    decision: ItemsDecision,
    *,
    cleared: bool,
) -> None:
    """An item changed: its usage so far is a stretch of its own, its licensed time is prorated."""
    if (old.price, old.quantity) == (new.price, new.quantity):
        return
    if old.is_metered and old.price != new.price and not cleared:
        _end_usage(subscription, old, moment.now, "classic_price_change", decision)
    if old.rhythm != new.rhythm and subscription.billing_mode == "classic":
        decision.resets = True
    _credit(subscription, old, command, moment, decision, goes=new.is_metered)
    charge(subscription, new, command, moment, decision)


def remove(
    subscription: Subscription,
    command: UpdateSubscription,
    i: int,
    change: ItemChange,
    old: SubscriptionItem,
    moment: Moment,
    decision: ItemsDecision,
) -> None:
    if change.clear_usage:
        check_clears(old, command.param(i, "clear_usage"))
    decision.items.remove(old)
    decision.changed = True
    if old.is_metered:
        if change.clear_usage:
            drop_waiting(subscription, old, moment.now, "usage_cleared", decision)
        elif command.proration_behavior == "none":
            drop_waiting(subscription, old, moment.now, "item_removed", decision)
        else:
            _end_usage(subscription, old, moment.now, "item_removed", decision)
    _credit(subscription, old, command, moment, decision, goes=True)


def _end_usage(
    subscription: Subscription,
    item: SubscriptionItem,
    now: datetime,
    classic_reason: DropReason,
    decision: ItemsDecision,
) -> None:
    """The usage so far of a price that is no more in force waits for the next invoice; a classic
    subscription never bills it, and a trial or a pause has none that is billed."""
    segment = open_segment(subscription, item, now)
    reason = unbilled_reason(subscription)
    if reason is None and subscription.billing_mode == "classic":
        reason = classic_reason
    if segment is None:
        return
    if reason is None:
        decision.segments.append(segment)
    else:
        decision.dropped.append(dropped(segment, reason))


def drop_waiting(
    subscription: Subscription,
    item: SubscriptionItem,
    now: datetime,
    reason: DropReason,
    decision: ItemsDecision,
) -> None:
    """None of an item's unbilled usage is billed."""
    waiting = [segment for segment in decision.segments if segment.item == item.id]
    decision.segments[:] = [s for s in decision.segments if s.item != item.id]
    decision.dropped += [dropped(segment, reason) for segment in waiting]
    segment = open_segment(subscription, item, now)
    if segment is not None:
        decision.dropped.append(dropped(segment, unbilled_reason(subscription) or reason))


def dropped(segment: Segment, reason: DropReason) -> DroppedUsage:
    """A stretch of usage that is not billed."""
    return DroppedUsage(
        item=segment.item,
        price=segment.price,
        meter=segment.meter,
        period=segment.period,
        reason=reason,
    )


def unbilled_reason(subscription: Subscription) -> DropReason | None:
    """Why usage of now is not billed; None where it is."""
    if subscription.status == "trialing":
        return "trial"
    return "paused" if subscription.status == "paused" else None


def _credit(
    subscription: Subscription,
    old: SubscriptionItem,
    command: UpdateSubscription,
    moment: Moment,
    decision: ItemsDecision,
    *,
    goes: bool,
) -> None:
    """Without prorations what was charged stays so, unless the item `goes`."""
    if command.proration_behavior != "none":
        credit = credit_of(subscription, old, moment.prorated_from)
        if credit is not None:
            decision.prorations.append(credit)
    if goes or command.proration_behavior != "none":
        decision.charged.pop(old.id, None)


def charge(
    subscription: Subscription,
    new: SubscriptionItem,
    command: UpdateSubscription,
    moment: Moment,
    decision: ItemsDecision,
) -> None:
    if command.proration_behavior == "none":
        return
    period = period_of(subscription, new.rhythm, moment.now)
    charged = charge_of(subscription, new, period, moment.prorated_from)
    if charged is not None:
        decision.charged[new.id] = charged
        decision.prorations.append(proration(subscription, new, charged, charged.period))


def check_clears(item: SubscriptionItem, param: str) -> None:
    if not item.is_metered:
        raise InvalidRequest(
            "clear_usage can only be used with items whose price has usage_type=metered.",
            param=param,
        )


def period_of(subscription: Subscription, rhythm: Rhythm, now: datetime) -> Period:
    """That of a rhythm which is new holds the moment of the change, counted from the anchor.

    On trial all have the trial's.
    """
    known = subscription.periods.get(rhythm)
    if known is not None:
        return known
    if subscription.status == "trialing":
        return next(iter(subscription.periods.values()))
    since = min(subscription.started.start_date, now)
    return cycle_of(subscription, rhythm).period_at(now, since=since)
