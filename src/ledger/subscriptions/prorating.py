"""Prorations: licensed time that is given back and charged when something changes midway.

A share is by the second, of the price of the item's whole period (contract §8).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from ledger.coupons.discounts import Discount, discounts_in_force
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import whole_period
from ledger.subscriptions.parts import Charged, SubscriptionItem, cut


class Proration(NamedTuple):
    """A charge, or the `credit` of one, for the part `period` of the period `whole`."""

    item: str
    price: str
    product: str
    quantity: int
    period: Period
    whole: Period
    credit: bool
    tax_rates: tuple[str, ...] | None
    discounts: tuple[Discount, ...]


def credit_of(
    subscription: Subscription, item: SubscriptionItem, since: datetime
) -> Proration | None:
    """What is given back of a licensed item from a moment on: in flexible mode of what was
    charged, in classic mode of its present price, whether or not that was.

    None on trial, while paused, and where nothing is left of the period.
    """
    if subscription.status in ("trialing", "paused"):
        charged = None if subscription.status == "trialing" else _charged(subscription, item)
    elif subscription.billing_mode == "classic":
        charged = _as_if_charged(subscription, item)
    else:
        charged = _charged(subscription, item)
    if charged is None or since >= charged.period.end:
        return None
    unused = Period(max(since, charged.period.start), charged.period.end)
    back = proration(subscription, item, charged, unused)
    return back._replace(credit=True, discounts=discounts_of_charge(subscription, item, charged))


def charge_of(
    subscription: Subscription, item: SubscriptionItem, period: Period, since: datetime
) -> Charged | None:
    """What a licensed item costs from a moment on to the end of its period, or of the
    subscription; None on trial, while paused, and where nothing is left."""
    if item.quantity is None or subscription.status in ("trialing", "paused"):
        return None
    end = cut(period, subscription.cancel_at).end
    if since >= end:
        return None
    return Charged(
        item=item.id,
        price=item.price,
        product=item.product,
        quantity=item.quantity,
        period=Period(max(since, period.start), end),
        whole=whole_period(subscription, item, period),
    )


def proration(
    subscription: Subscription, item: SubscriptionItem, charged: Charged, part: Period
) -> Proration:
    """A part of what is charged for an item, with the taxes and discounts that the item has."""
    return Proration(
        item=charged.item,
        price=charged.price,
        product=charged.product,
        quantity=charged.quantity,
        period=part,
        whole=charged.whole,
        credit=False,
        tax_rates=item.tax_rates,
        discounts=discounts_in_force(item.discounts, part.start, subscription.spent),
    )


def discounts_of_charge(
    subscription: Subscription, item: SubscriptionItem, charged: Charged
) -> tuple[Discount, ...]:
    """The discounts, also of the subscription, with which something was charged in advance: what
    is given back of it is less by them, even if they are over by now."""
    every = (*item.discounts, *subscription.discounts)
    since = max(charged.period.start, subscription.started.created)
    spent = set(subscription.spent) - set(subscription.spent_on_charges)
    begun = (discount for discount in every if discount.start <= since)
    return discounts_in_force(begun, charged.period.start, spent)


def credits_of(
    subscription: Subscription, items: Iterable[SubscriptionItem], since: datetime
) -> list[Proration]:
    """What is given back of several items."""
    found = (credit_of(subscription, item, since) for item in items)
    return [credit for credit in found if credit is not None]


def _charged(subscription: Subscription, item: SubscriptionItem) -> Charged | None:
    return subscription.charged_for(item.id)


def _as_if_charged(subscription: Subscription, item: SubscriptionItem) -> Charged | None:
    period = subscription.period_of(item)
    return charge_of(subscription, item, period, period.start)
