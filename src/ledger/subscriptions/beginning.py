"""When a new subscription's periods begin: its start, its anchor, its trial."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from dateutil.relativedelta import relativedelta

from ledger.kernel.clock import to_epoch
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.periods import Cycle, Period
from ledger.subscriptions.commands import CreateSubscription, PeriodEnd
from ledger.subscriptions.parts import AnchorConfig, Rhythm, cycle_from

LONGEST_TRIAL: Final = relativedelta(years=2)
LONGEST_TRIAL_DAYS: Final = 730


class Beginning(NamedTuple):
    """Where a new subscription's periods begin and what they are counted from."""

    start: datetime
    anchor: datetime
    config: AnchorConfig | None
    trial_end: datetime | None

    def periods_at(self, now: datetime, rhythms: Iterable[Rhythm]) -> dict[Rhythm, Period]:
        """The current period of each rhythm: the trial, or the one that holds `now`."""
        if self.trial_end is not None:
            return dict.fromkeys(rhythms, Period(self.start, self.trial_end))
        return {
            rhythm: cycle_from(self.anchor, self.config, rhythm).period_at(now, since=self.start)
            for rhythm in rhythms
        }


def begin(command: CreateSubscription, rhythms: Iterable[Rhythm], now: datetime) -> Beginning:
    """The start and the anchor that a request asks for.

    Without an anchor the periods are counted from the trial's end or from now; a backdated
    subscription in flexible mode counts them from its start, so that they are whole ones
    (contract §8). Raises InvalidRequest.
    """
    backdate = command.backdate_start_date
    if backdate is not None and backdate > now:
        raise InvalidRequest(
            "The backdate_start_date must be in the past.", param="backdate_start_date"
        )
    start = backdate or now
    trial_end = _trial_end(command, now)
    rhythms = list(rhythms)
    anchor = _asked_anchor(command, rhythms, trial_end or now)
    if anchor is None:
        anchor = trial_end or (start if command.billing_mode == "flexible" else now)
    else:
        _check_anchor(anchor, rhythms, start=start, trial_end=trial_end, now=now)
    return Beginning(start, anchor, command.anchor_config, trial_end)


def _trial_end(command: CreateSubscription, now: datetime) -> datetime | None:
    days = command.trial_period_days
    if command.trial_end is not None and days is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: trial_end, trial_period_days.",
            param="trial_period_days",
            code="parameters_exclusive",
        )
    if days is not None:
        if not 0 <= days <= LONGEST_TRIAL_DAYS:
            raise InvalidRequest(
                f"trial_period_days must be from 0 to {LONGEST_TRIAL_DAYS}.",
                param="trial_period_days",
            )
        return now + timedelta(days=days) if days else None
    if command.trial_end is not None:
        check_trial_end(command.trial_end, now)
    return command.trial_end


def check_trial_end(trial_end: datetime, now: datetime) -> None:
    """Raises InvalidRequest for a trial that ends in the past, or years ahead."""
    if trial_end <= now:
        raise InvalidRequest(
            "The trial_end must be in the future, or `now` to have no trial.", param="trial_end"
        )
    if trial_end > now + LONGEST_TRIAL:
        raise InvalidRequest("A trial can be at most two years long.", param="trial_end")


def _asked_anchor(
    command: CreateSubscription, rhythms: list[Rhythm], earliest: datetime
) -> datetime | None:
    config = command.anchor_config
    if config is None:
        return command.billing_cycle_anchor
    if command.billing_cycle_anchor is not None:
        raise InvalidRequest(
            "You may only specify one of these parameters: billing_cycle_anchor, "
            "billing_cycle_anchor_config.",
            param="billing_cycle_anchor_config",
            code="parameters_exclusive",
        )
    intervals = {interval for interval, _ in rhythms}
    if intervals - {"month", "year"}:
        raise InvalidRequest(
            "billing_cycle_anchor_config can only be used with monthly and yearly prices.",
            param="billing_cycle_anchor_config",
        )
    if config.month is not None and intervals == {"month"} and all(c == 1 for _, c in rhythms):
        raise InvalidRequest(
            "billing_cycle_anchor_config[month] can only be used with prices that are billed less "
            "often than every month.",
            param="billing_cycle_anchor_config[month]",
        )
    return next_occurrence(config, earliest)


def next_occurrence(config: AnchorConfig, earliest: datetime) -> datetime:
    """The first time at or after `earliest` that a configuration names, in UTC.

    What it leaves out is as in `earliest`; a day that the month does not have is its last.
    """
    step = relativedelta(months=1) if config.month is None else relativedelta(years=1)
    first = earliest + relativedelta(
        month=config.month,
        day=1,
        hour=config.hour,
        minute=config.minute,
        second=config.second,
        microsecond=0,
    )
    found = first + relativedelta(day=config.day_of_month)
    while found < earliest:
        first += step
        found = first + relativedelta(day=config.day_of_month)
    return found


def _check_anchor(
    anchor: datetime,
    rhythms: list[Rhythm],
    *,
    start: datetime,
    trial_end: datetime | None,
    now: datetime,
) -> None:
    if anchor < (trial_end or start):
        raise InvalidRequest(
            "The billing_cycle_anchor must not be earlier than the end of the trial."
            if trial_end
            else "The billing_cycle_anchor must be in the future, or no earlier than the "
            "backdate_start_date.",
            param="billing_cycle_anchor",
        )
    natural = min(Cycle(trial_end or now, *rhythm).boundary(1) for rhythm in rhythms)
    if anchor > natural:
        raise InvalidRequest(
            "The billing_cycle_anchor cannot be later than the next natural billing date "
            f"({to_epoch(natural)}).",
            param="billing_cycle_anchor",
        )


def resolved_end(
    asked: datetime | PeriodEnd | None, periods: Iterable[Period], billed_until: Iterable[datetime]
) -> datetime | None:
    """The time of a cancellation that may be named after the periods."""
    ends = [period.end for period in periods]
    match asked:
        case "min_period_end":
            return min(ends)
        case "max_period_end":
            return max(ends)
        case "max_billed_until":
            return max([*billed_until], default=max(ends))
        case _:
            return asked
