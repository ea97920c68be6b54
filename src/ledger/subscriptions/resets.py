"""New periods from a moment on: a new anchor, a trial that begins or ends at once."""

from dataclasses import replace
from datetime import datetime

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Cycle, Period
from ledger.subscriptions.cycle import current, open_segments
from ledger.subscriptions.events import BillingCycleReset, TrialEndChanged
from ledger.subscriptions.item_effects import dropped
from ledger.subscriptions.parts import Charged, Rhythm
from ledger.subscriptions.state import Subscription, charge_ahead


def reset_cycle(
    subscription: Subscription, at: datetime, trial_end: datetime | None = None
) -> BillingCycleReset:
    """The periods begin anew at `at`, or after a trial that begins then.

    Usage so far waits for the next invoice, that of a trial is not billed. Licensed items are
    charged for their new periods.
    """
    trialing = subscription.status == "trialing"
    waiting = open_segments(subscription, at)
    periods = fresh_periods(subscription, at, trial_end)
    return BillingCycleReset(
        reset_at=at,
        billing_cycle_anchor=trial_end or at,
        periods=tuple(current(rhythm, period) for rhythm, period in periods.items()),
        trial_end=trial_end,
        advances=() if trial_end else advances(subscription, at, periods),
        segments=subscription.segments if trialing else (*subscription.segments, *waiting),
        dropped=tuple(dropped(part, "trial") for part in waiting) if trialing else (),
    )


def fresh_periods(
    subscription: Subscription, at: datetime, trial_end: datetime | None = None
) -> dict[Rhythm, Period]:
    """The first period of every rhythm when they are counted from `at`."""
    rhythms = dict.fromkeys(item.rhythm for item in subscription.items)
    if trial_end is not None:
        return dict.fromkeys(rhythms, Period(at, trial_end))
    return {rhythm: Cycle(at, *rhythm).period_at(at) for rhythm in rhythms}


def advances(
    subscription: Subscription, anchor: datetime, periods: dict[Rhythm, Period]
) -> tuple[Charged, ...]:
    """The charges for periods counted from a new anchor."""
    anew = replace(
        subscription,
        anchor=anchor,
        anchor_config=None,
        cancel_at=None if subscription.cancel_at_period_end else subscription.cancel_at,
    )
    charges = (charge_ahead(anew, item, periods[item.rhythm]) for item in subscription.items)
    return tuple(charge for charge in charges if charge is not None)


def move_trial_end(
    subscription: Subscription, trial_end: datetime, at: datetime
) -> TrialEndChanged | None:
    """The running trial ends at another time; None if it does anyway."""
    if trial_end == subscription.trial_end:
        return None
    return TrialEndChanged(
        trial_end=trial_end,
        billing_cycle_anchor=trial_end,
        periods=tuple(
            current(rhythm, Period(period.start, trial_end))
            for rhythm, period in subscription.periods.items()
        ),
        changed_at=at,
    )


def check_anchor_can_move(subscription: Subscription) -> None:
    """Raises InvalidRequest on trial and while paused, when no period runs that could end."""
    if subscription.status == "trialing":
        raise InvalidRequest(
            "The billing cycle anchor cannot be reset during a trial. End it with trial_end=now.",
            param="billing_cycle_anchor",
        )
    if subscription.status == "paused":
        raise InvalidRequest(
            "The billing cycle anchor of a paused subscription is reset when it is resumed.",
            param="billing_cycle_anchor",
        )
