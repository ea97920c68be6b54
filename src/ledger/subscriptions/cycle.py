"""When a subscription's periods begin and end.

Times are on the customer's own clock. A stub is a period shorter than the cycle's own: before the
anchor, after a backdated start, or before a cancellation. Items of different rhythms have periods
of their own, counted from one anchor.
"""

from collections.abc import Iterable
from datetime import datetime

from ledger.kernel.periods import Cycle, Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.parts import (
    CurrentPeriod,
    Rhythm,
    Segment,
    SubscriptionItem,
    cut,
    cycle_from,
)


def cycle_of(subscription: Subscription, rhythm: Rhythm) -> Cycle:
    """The boundaries of one rhythm's periods, counted from the subscription's anchor."""
    return cycle_from(subscription.anchor, subscription.anchor_config, rhythm)


def past_periods(subscription: Subscription, item: SubscriptionItem) -> list[Period]:
    """The periods that an item of a backdated subscription had behind it when it was created."""
    started = subscription.started
    if started.trial_end is not None:
        return []
    cycle = cycle_from(started.billing_cycle_anchor, started.anchor_config, item.rhythm)
    return list(cycle.periods_between(started.start_date, started.created))


def whole_period(subscription: Subscription, item: SubscriptionItem, part: Period) -> Period:
    """The cycle's own period of which an item's one is the whole or a stub."""
    return cycle_of(subscription, item.rhythm).period_at(part.start)


def boundary(subscription: Subscription) -> datetime | None:
    """When the next period ends or the subscription does, whichever comes first.

    While it is paused no period ends. None where it goes on for ever, or is over.
    """
    if subscription.ended:
        return None
    if subscription.status == "paused":
        return subscription.cancel_at
    end = min(period.end for period in subscription.periods.values())
    return min(end, subscription.cancel_at or end)


def ends_at(subscription: Subscription, moment: datetime) -> bool:
    """Whether a scheduled end comes by this moment."""
    return subscription.cancel_at is not None and subscription.cancel_at <= moment


def ending_periods(subscription: Subscription, at: datetime) -> tuple[CurrentPeriod, ...]:
    """The periods that end at a boundary, cut to it: all of them where the subscription ends."""
    every = ends_at(subscription, at)
    return tuple(
        current(rhythm, cut(period, at))
        for rhythm, period in subscription.periods.items()
        if every or period.end == at
    )


def periods_cut_at(subscription: Subscription, at: datetime) -> tuple[CurrentPeriod, ...]:
    """All current periods, ended early."""
    return tuple(
        current(rhythm, cut(period, at)) for rhythm, period in subscription.periods.items()
    )


def following_periods(
    subscription: Subscription, ended: Iterable[CurrentPeriod]
) -> tuple[CurrentPeriod, ...]:
    """The periods after the ended ones of the same rhythms; none where the subscription ends."""
    return tuple(
        current(rhythm, cycle_of(subscription, rhythm).period_at(at, since=at))
        for one in ended
        for rhythm, at in ((rhythm_of(one), one.period.end),)
        if not ends_at(subscription, at)
    )


def current(rhythm: Rhythm, period: Period) -> CurrentPeriod:
    return CurrentPeriod(interval=rhythm[0], interval_count=rhythm[1], period=period)


def rhythm_of(one: CurrentPeriod) -> Rhythm:
    """Raises ValueError for a fact from before items could differ."""
    if one.interval is None or one.interval_count is None:
        raise ValueError("this period names no rhythm")
    return one.interval, one.interval_count


def open_part(item: SubscriptionItem, period: Period) -> Period:
    """The stretch of a metered item's period at its present price."""
    return Period(min(max(period.start, item.since), period.end), period.end)


def open_segments(subscription: Subscription, at: datetime) -> list[Segment]:
    """The usage of every metered item that is not in a segment yet, up to `at`."""
    return [
        segment
        for item in subscription.items
        if (segment := open_segment(subscription, item, at)) is not None
    ]


def open_segment(
    subscription: Subscription, item: SubscriptionItem, at: datetime
) -> Segment | None:
    """One item's usage that is not in a segment yet, up to `at`; None if no time has passed.

    While the subscription is paused its periods do not end.
    """
    period = subscription.period_of(item)
    part = open_part(item, cut(period, at))
    if subscription.status == "paused":
        part = Period(min(item.since, at), at)
    if item.meter is None or not part.length:
        return None
    return Segment(
        item=item.id,
        price=item.price,
        product=item.product,
        meter=item.meter,
        period=part,
        whole=whole_period(subscription, item, period),
        tax_rates=item.tax_rates,
        discounts=item.discounts,
    )
