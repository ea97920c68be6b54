"""When a subscription's periods begin and end.

Times are on the customer's own clock. A stub is a period shorter than the cycle's own: before the
anchor, after a backdated start, or before a cancellation.
"""

from datetime import datetime
from typing import NamedTuple

from ledger.kernel.clock import to_epoch
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Cycle, Interval, Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import CreateSubscription


class Beginning(NamedTuple):
    """Where a new subscription's periods begin and what they are counted from."""

    start: datetime
    cycle: Cycle


def begin(command: CreateSubscription, interval: Interval, count: int, now: datetime) -> Beginning:
    """The start and the cycle that a request asks for.

    Without an anchor the periods are counted from now; a backdated subscription in flexible mode
    counts them from its start, so that they are whole ones (contract §8). Raises InvalidRequest.
    """
    backdate, anchor = command.backdate_start_date, command.billing_cycle_anchor
    if backdate is not None and backdate > now:
        raise InvalidRequest(
            "The backdate_start_date must be in the past.", param="backdate_start_date"
        )
    start = backdate or now
    if anchor is None:
        anchor = start if command.billing_mode == "flexible" else now
    elif anchor < start:
        raise InvalidRequest(
            "The billing_cycle_anchor must be in the future, or no earlier than the "
            "backdate_start_date.",
            param="billing_cycle_anchor",
        )
    elif anchor > (natural := Cycle(now, interval, count).boundary(1)):
        raise InvalidRequest(
            "The billing_cycle_anchor cannot be later than the next natural billing date "
            f"({to_epoch(natural)}).",
            param="billing_cycle_anchor",
        )
    return Beginning(start, Cycle(anchor, interval, count))


def cycle_of(subscription: Subscription) -> Cycle:
    """The boundaries of the subscription's periods, counted from its anchor."""
    started = subscription.started
    return Cycle(started.billing_cycle_anchor, started.interval, started.interval_count)


def past_periods(subscription: Subscription) -> list[Period]:
    """The periods that a backdated subscription had behind it when it was created."""
    started = subscription.started
    return list(cycle_of(subscription).periods_between(started.start_date, started.created))


def whole_period(subscription: Subscription, part: Period) -> Period:
    """The cycle's own period of which this one is the whole or a stub."""
    return cycle_of(subscription).period_at(part.start)


def running_period(subscription: Subscription) -> Period:
    """The current period, up to where it will be closed: at a cancellation if that is earlier."""
    return _cut(subscription.current_period, subscription.cancel_at)


def following_period(subscription: Subscription) -> Period | None:
    """The period after the current one, None if the subscription ends by then."""
    end, cancel_at = subscription.current_period.end, subscription.cancel_at
    if cancel_at is not None and cancel_at <= end:
        return None
    return cycle_of(subscription).period_at(end)


def billable_part(subscription: Subscription, period: Period) -> Period:
    """As much of a period as lies before the subscription's scheduled end."""
    return _cut(period, subscription.cancel_at)


def _cut(period: Period, end: datetime | None) -> Period:
    return Period(period.start, min(period.end, end or period.end))
