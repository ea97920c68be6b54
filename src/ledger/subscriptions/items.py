"""The items of a subscription: which prices go together, and with what quantity."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount
from ledger.prices.aggregate import Price
from ledger.prices.terms import Recurring
from ledger.subscriptions.commands import ItemRequest
from ledger.subscriptions.parts import BillingMode, Rhythm, SubscriptionItem

MAX_ITEMS: Final = 100
"""Items that one subscription may have; the compatible API allows 20 (contract §8)."""


def check_count(count: int) -> None:
    """Raises InvalidRequest for no items, or too many."""
    if not count:
        raise InvalidRequest(
            "Missing required param: items.", param="items", code="parameter_missing"
        )
    if count > MAX_ITEMS:
        raise InvalidRequest(f"A subscription can have at most {MAX_ITEMS} items.", param="items")


def check_items(items: Sequence[SubscriptionItem], params: Sequence[str]) -> None:
    """Raises InvalidRequest for no items, too many, or the same price twice.

    `params` name the requests' prices, in the items' order.
    """
    check_count(len(items))
    first: dict[str, int] = {}
    for i, item in enumerate(items):
        if first.setdefault(item.price, i) != i:
            raise InvalidRequest(
                f"Cannot add multiple subscription items with the same price: {item.price}.",
                param=params[i] or params[first[item.price]],
            )


def check_rhythms(
    items: Iterable[SubscriptionItem], mode: BillingMode, params: Sequence[str]
) -> None:
    """Raises InvalidRequest for items of several intervals in classic mode."""
    rhythms: list[Rhythm] = []
    for item, param in zip(items, params, strict=True):
        rhythms.append(item.rhythm)
        if mode == "classic" and item.rhythm != rhythms[0]:
            raise InvalidRequest(
                "All prices of a subscription must have the same recurring[interval] and "
                "recurring[interval_count], unless its billing_mode is flexible.",
                param=param,
            )


def check_currency(price: Price, currency: str, param: str) -> None:
    """Raises InvalidRequest for a price that is not sold in the subscription's currency."""
    if currency == price.terms.currency or currency in price.details.currency_options:
        return
    raise InvalidRequest(
        f"The price specified is in {price.terms.currency}, but the subscription is in "
        f"{currency}. All items have one currency.",
        param=param,
    )


def recurring_terms(price: Price, param: str) -> Recurring:
    """How often a price is billed. Raises InvalidRequest for one archived or one-time."""
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


def new_item(
    asked: ItemRequest, price: Price, param: str, *, created: datetime, since: datetime
) -> SubscriptionItem:
    """The item for a request. `param` is the request's own name, `items[0]`.

    Raises InvalidRequest for a price or a quantity that it cannot have.
    """
    recurring = recurring_terms(price, f"{param}[price]")
    return SubscriptionItem(
        id=asked.id,
        price=asked.price,
        product=price.product,
        meter=recurring.meter,
        quantity=quantity_of(price, asked.quantity, f"{param}[quantity]"),
        interval=recurring.interval,
        interval_count=recurring.interval_count,
        created=created,
        since=since,
        metadata=merge_metadata({}, asked.metadata, param=f"{param}[metadata]"),
        tax_rates=asked.tax_rates,
        usage_gte=threshold_of(price, asked.usage_gte, f"{param}[billing_thresholds][usage_gte]"),
    )


def quantity_of(price: Price, asked: int | None, param: str) -> int | None:
    """The quantity of an item: None of metered usage, 1 where nothing is said.

    Raises InvalidRequest for a negative one, and for one of a metered price.
    """
    if price.terms.is_metered:
        if asked is not None:
            item = param.rpartition("[")[0] or "the item"
            raise InvalidRequest(
                "Quantity should not be specified where usage_type is metered. Remove quantity "
                f"from {item}.",
                param=param,
            )
        return None
    quantity = 1 if asked is None else asked
    if quantity < 0:
        raise InvalidRequest("This value must be greater than or equal to 0.", param=param)
    return check_amount(quantity, param=param)


def threshold_of(price: Price, asked: int | None, param: str) -> int | None:
    """Raises InvalidRequest for a threshold of usage that is not above 0, or of no usage."""
    if asked is None:
        return None
    if not price.terms.is_metered:
        raise InvalidRequest(
            "usage_gte can only be given for items with a metered price.", param=param
        )
    if asked <= 0:
        raise InvalidRequest("This value must be greater than 0.", param=param)
    return check_amount(asked, param=param)
