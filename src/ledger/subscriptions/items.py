"""The items of a new subscription: which prices go together, and with what quantity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount
from ledger.prices.aggregate import Price
from ledger.prices.terms import Recurring
from ledger.subscriptions.commands import ItemRequest
from ledger.subscriptions.events import SubscriptionItem

MAX_ITEMS: Final = 20
"""Items that one subscription may have (contract §8)."""


@dataclass(frozen=True, slots=True)
class Basket:
    """Items that are billed together, in one currency and at one interval."""

    items: tuple[SubscriptionItem, ...]
    currency: str
    recurring: Recurring


def check_count(items: Sequence[ItemRequest]) -> None:
    """Raises InvalidRequest for no items, too many, or the same price twice."""
    if not items:
        raise InvalidRequest(
            "Missing required param: items.", param="items", code="parameter_missing"
        )
    if len(items) > MAX_ITEMS:
        raise InvalidRequest(f"A subscription can have at most {MAX_ITEMS} items.", param="items")
    prices = [item.price for item in items]
    for i, price in enumerate(prices):
        if price in prices[:i]:
            raise InvalidRequest(
                f"Cannot add multiple subscription items with the same price: {price}.",
                param=f"items[{i}][price]",
            )


def fill_basket(
    asked: Sequence[ItemRequest], prices: Sequence[Price], currency: str | None, now: datetime
) -> Basket:
    """The items for requests and their prices, which come in the same order.

    Raises InvalidRequest, naming the item, for a price that is archived or one-time, for a mix of
    currencies or intervals, and for a quantity that the price does not take.
    """
    recurring = [_recurring(i, price) for i, price in enumerate(prices)]
    for i, price in enumerate(prices):
        if price.terms.currency != (currency or prices[0].terms.currency):
            raise InvalidRequest(
                f"The price specified is in {price.terms.currency}, but the subscription is in "
                f"{currency or prices[0].terms.currency}. All items have one currency.",
                param=f"items[{i}][price]",
            )
        if _rhythm(recurring[i]) != _rhythm(recurring[0]):
            raise InvalidRequest(
                "All prices of a subscription must have the same recurring[interval] and "
                "recurring[interval_count].",
                param=f"items[{i}][price]",
            )
    items = tuple(
        _item(i, request, price, now)
        for i, (request, price) in enumerate(zip(asked, prices, strict=True))
    )
    return Basket(items, prices[0].terms.currency, recurring[0])


def _recurring(i: int, price: Price) -> Recurring:
    param = f"items[{i}][price]"
    if not price.active:
        raise InvalidRequest(
            "The price specified is inactive. This field only accepts active prices.", param=param
        )
    if price.terms.recurring is None:
        raise InvalidRequest(
            "The price specified is set to `type=one_time` but this field only accepts prices "
            "with `type=recurring`.",
            param=param,
        )
    return price.terms.recurring


def _rhythm(recurring: Recurring) -> tuple[str, int]:
    return recurring.interval, recurring.interval_count


def _item(i: int, asked: ItemRequest, price: Price, now: datetime) -> SubscriptionItem:
    return SubscriptionItem(
        id=asked.id,
        price=asked.price,
        product=price.product,
        meter=price.terms.recurring.meter if price.terms.recurring else None,
        quantity=_quantity(i, asked, price),
        created=now,
        metadata=merge_metadata({}, asked.metadata, param=f"items[{i}][metadata]"),
    )


def _quantity(i: int, asked: ItemRequest, price: Price) -> int | None:
    param = f"items[{i}][quantity]"
    if price.terms.is_metered:
        if asked.quantity is not None:
            raise InvalidRequest(
                "Quantity should not be specified where usage_type is metered. Remove quantity "
                f"from items[{i}].",
                param=param,
            )
        return None
    quantity = 1 if asked.quantity is None else asked.quantity
    if quantity < 0:
        raise InvalidRequest("This value must be greater than or equal to 0.", param=param)
    return check_amount(quantity, param=param)
