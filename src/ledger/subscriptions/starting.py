"""The decision to start a subscription."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata
from ledger.prices.aggregate import Price
from ledger.subscriptions.beginning import Beginning, begin, resolved_end
from ledger.subscriptions.commands import CreateSubscription
from ledger.subscriptions.events import SubscriptionStarted
from ledger.subscriptions.items import check_currency, check_items, check_rhythms, new_item
from ledger.subscriptions.parts import CollectionMethod, CurrentPeriod, SubscriptionItem

MAX_ACTIVE: Final = 500
"""Subscriptions that a customer may have at a time (contract §8)."""

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
    items = _items(command, prices, now)
    rhythms = list(dict.fromkeys(item.rhythm for item in items))
    beginning = begin(command, rhythms, now)
    items = _since_start(items, beginning)
    periods = beginning.periods_at(now, rhythms)
    ends = [period.end for period in periods.values()]
    cancel_at = resolved_end(command.cancel_at, periods.values(), ())
    check_cancellation(cancel_at, command.cancel_at_period_end, now)
    check_collection(command.collection_method, command.days_until_due)
    return SubscriptionStarted(
        customer=command.customer,
        items=items,
        currency=currency_of(command, prices),
        interval=rhythms[0][0],
        interval_count=rhythms[0][1],
        billing_mode=command.billing_mode,
        billing_cycle_anchor=beginning.anchor,
        anchor_config=beginning.config,
        start_date=beginning.start,
        created=now,
        periods=tuple(
            CurrentPeriod(interval=interval, interval_count=count, period=period)
            for (interval, count), period in periods.items()
        ),
        trial_end=beginning.trial_end,
        collection_method=command.collection_method,
        days_until_due=command.days_until_due,
        cancel_at=max(ends) if command.cancel_at_period_end else cancel_at,
        cancel_at_period_end=command.cancel_at_period_end,
        proration_behavior=command.proration_behavior,
        default_payment_method=command.default_payment_method,
        description=command.description,
        metadata=merge_metadata({}, command.metadata),
        settings=command.settings,
        default_tax_rates=command.default_tax_rates,
        thresholds=command.thresholds,
        test_clock=surroundings.test_clock,
        livemode=surroundings.livemode,
    )


def currency_of(command: CreateSubscription, prices: Sequence[Price]) -> str:
    """The currency asked for, or else that of the first price."""
    return command.currency or prices[0].terms.currency


def _items(
    command: CreateSubscription, prices: Sequence[Price], now: datetime
) -> tuple[SubscriptionItem, ...]:
    items = tuple(
        new_item(asked, price, f"items[{i}]", created=now, since=now)
        for i, (asked, price) in enumerate(zip(command.items, prices, strict=True))
    )
    params = [f"items[{i}][price]" for i in range(len(items))]
    check_items(items, params)
    for price, param in zip(prices, params, strict=True):
        check_currency(price, currency_of(command, prices), param)
    check_rhythms(items, command.billing_mode, params)
    return items


def _since_start(
    items: tuple[SubscriptionItem, ...], beginning: Beginning
) -> tuple[SubscriptionItem, ...]:
    """The items of a backdated subscription, in force since its start."""
    return tuple(item.model_copy(update={"since": beginning.start}) for item in items)


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
