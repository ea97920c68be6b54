"""The decision to start a subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata
from ledger.prices.aggregate import Price
from ledger.subscriptions.commands import CreateSubscription
from ledger.subscriptions.cycle import begin
from ledger.subscriptions.events import CollectionMethod, SubscriptionStarted
from ledger.subscriptions.items import fill_basket

_LONGEST_DUE: Final = 3650
"""Days; a bound against slips of the hand."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a subscription is started in: its customer's time and clock, and the ledger's mode."""

    now: datetime
    test_clock: str | None
    livemode: bool


def start(
    command: CreateSubscription, prices: Sequence[Price], surroundings: Surroundings
) -> SubscriptionStarted:
    """The start of a subscription to these prices, which come in the order of the items.

    Raises InvalidRequest where the request breaks a rule of contract §8.
    """
    now = surroundings.now
    basket = fill_basket(command.items, prices, command.currency, now)
    interval, count = basket.recurring.interval, basket.recurring.interval_count
    beginning = begin(command, interval, count, now)
    current = beginning.cycle.period_at(now, since=beginning.start)
    check_cancellation(command.cancel_at, command.cancel_at_period_end, now)
    check_collection(command.collection_method, command.days_until_due)
    return SubscriptionStarted(
        customer=command.customer,
        items=basket.items,
        currency=basket.currency,
        interval=interval,
        interval_count=count,
        billing_mode=command.billing_mode,
        billing_cycle_anchor=beginning.cycle.anchor,
        start_date=beginning.start,
        created=now,
        current_period=current,
        collection_method=command.collection_method,
        days_until_due=command.days_until_due,
        cancel_at=current.end if command.cancel_at_period_end else command.cancel_at,
        cancel_at_period_end=command.cancel_at_period_end,
        proration_behavior=command.proration_behavior,
        default_payment_method=command.default_payment_method,
        description=command.description,
        metadata=merge_metadata({}, command.metadata),
        settings=command.settings,
        test_clock=surroundings.test_clock,
        livemode=surroundings.livemode,
    )


def check_cancellation(cancel_at: datetime | None, at_period_end: bool, now: datetime) -> None:
    """Raises InvalidRequest for an end in the past, or for two ends at once."""
    if cancel_at is None:
        return
    if at_period_end:
        raise InvalidRequest(
            "You may only specify one of these parameters: cancel_at, cancel_at_period_end.",
            param="cancel_at",
            code="parameters_exclusive",
        )
    if cancel_at <= now:
        raise InvalidRequest("The cancel_at timestamp must be in the future.", param="cancel_at")


def check_collection(method: CollectionMethod, days_until_due: int | None) -> None:
    """Raises InvalidRequest unless there are days until due exactly where invoices are sent."""
    if method == "charge_automatically":
        if days_until_due is not None:
            raise InvalidRequest(
                "days_until_due can only be given with collection_method=send_invoice.",
                param="days_until_due",
            )
    elif days_until_due is None:
        raise InvalidRequest(
            "Missing required param: days_until_due. Invoices that are sent need to be due in a "
            "number of days.",
            param="days_until_due",
            code="parameter_missing",
        )
    elif not 0 <= days_until_due <= _LONGEST_DUE:
        raise InvalidRequest(
            f"days_until_due must be from 0 to {_LONGEST_DUE}.", param="days_until_due"
        )
