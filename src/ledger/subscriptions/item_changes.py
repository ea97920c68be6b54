"""Items added, changed and removed midway: what is in force, charged, segmented and dropped.

The rules and their reasons are decision record 21.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.periods import Period
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.commands import ItemChange, ItemRequest, UpdateSubscription
from ledger.subscriptions.cycle import current
from ledger.subscriptions.events import ItemDetailsChanged, ItemsChanged
from ledger.subscriptions.item_effects import (
    ItemsDecision,
    Moment,
    Named,
    charge,
    check_clears,
    drop_waiting,
    period_of,
    remove,
    replace,
)
from ledger.subscriptions.items import (
    check_currency,
    check_items,
    check_rhythms,
    new_item,
    quantity_of,
    recurring_terms,
    threshold_of,
)
from ledger.subscriptions.parts import (
    Rhythm,
    SubscriptionItem,
)

MAX_WAITING: Final = 200
"""Stretches of usage that may wait for one invoice, of the 250 lines that it may have."""


def change_items(
    subscription: Subscription,
    command: UpdateSubscription,
    named: Named,
    moment: Moment,
) -> ItemsDecision:
    """What a request makes of the items. `named` is what it names.

    Raises InvalidRequest for an item of another subscription, and where an item cannot be so.
    """
    decision = ItemsDecision(
        items=list(subscription.items),
        segments=list(subscription.segments),
        charged={one.item: one for one in subscription.charged},
    )
    for i, change in enumerate(command.items):
        _change_one(subscription, command, i, change, named, moment, decision)
    if decision.changed:
        _check(subscription, command, decision)
    return decision


def items_changed(
    subscription: Subscription, decision: ItemsDecision, moment: Moment
) -> list[DomainEvent]:
    """The facts of a decision, none where everything stays as it is."""
    if not decision.changed:
        return decision.details
    periods = _periods(subscription, decision.items, moment.now)
    return [
        *decision.details,
        ItemsChanged(
            items=tuple(decision.items),
            periods=tuple(current(rhythm, period) for rhythm, period in periods.items()),
            charged=tuple(decision.charged.values()),
            segments=tuple(decision.segments),
            dropped=tuple(decision.dropped),
            changed_at=moment.now,
        ),
    ]


def _change_one(
    subscription: Subscription,
    command: UpdateSubscription,
    i: int,
    change: ItemChange,
    named: Named,
    moment: Moment,
    decision: ItemsDecision,
) -> None:
    if change.added:
        new = _added(subscription, command, i, change, named, moment)
        decision.items.append(new)
        decision.changed = True
        charge(subscription, new, command, moment, decision)
        return
    old = next((item for item in decision.items if item.id == change.id), None)
    if old is None:
        raise InvalidRequest(
            f"No such subscription item: '{change.id}'",
            param=command.param(i, "id"),
            code="resource_missing",
        )
    if change.deleted:
        remove(subscription, command, i, change, old, moment, decision)
        return
    metadata = merge_metadata(old.metadata, change.metadata, param=command.param(i, "metadata"))
    new = _changed(subscription, command, i, change, old, named, moment.now)
    if change.clear_usage:
        check_clears(old, command.param(i, "clear_usage"))
        drop_waiting(subscription, old, moment.now, "usage_cleared", decision)
        new = new.model_copy(update={"since": moment.now})
    if new != old:
        at = decision.items.index(old)
        decision.items[at] = new.model_copy(update={"metadata": metadata})
        decision.changed = True
        replace(subscription, command, old, new, moment, decision, cleared=change.clear_usage)
    elif metadata != old.metadata:
        decision.items[decision.items.index(old)] = old.model_copy(update={"metadata": metadata})
        decision.details.append(ItemDetailsChanged(item=old.id, metadata=metadata))


def _added(
    subscription: Subscription,
    command: UpdateSubscription,
    i: int,
    change: ItemChange,
    named: Named,
    moment: Moment,
) -> SubscriptionItem:
    if change.price is None:
        raise InvalidRequest(
            f"Missing required param: {command.param(i, 'price')}.",
            param=command.param(i, "price"),
            code="parameter_missing",
        )
    request = ItemRequest(
        id=change.id,
        price=change.price,
        quantity=change.quantity,
        metadata=change.metadata or {},
        tax_rates=change.tax_rates,
        usage_gte=change.usage_gte,
    )
    price = named.prices[change.price]
    check_currency(price, subscription.started.currency, command.param(i, "price"))
    prefix = "" if command.one_item else f"items[{i}]"
    try:
        new = new_item(request, price, prefix, created=moment.now, since=moment.now)
    except InvalidRequest as refusal:
        refusal.param = _without_prefix(refusal.param) if command.one_item else refusal.param
        raise
    return new.model_copy(update={"discounts": named.discounts.get(change.id, ())})


def _without_prefix(param: str | None) -> str | None:
    """`[price]`, of an item that has no name in the request, is `price`."""
    return None if param is None else param.replace("[", "", 1).replace("]", "", 1)


def _changed(
    subscription: Subscription,
    command: UpdateSubscription,
    i: int,
    change: ItemChange,
    old: SubscriptionItem,
    named: Named,
    now: datetime,
) -> SubscriptionItem:
    """The item as it will be, but for its metadata. A new price has a quantity of 1 unless told."""
    given = change.model_fields_set
    update: dict[str, Any] = {"tax_rates": change.tax_rates} if "tax_rates" in given else {}
    if "discounts" in given:
        update["discounts"] = named.discounts.get(old.id, ())
    price = named.prices[change.price or old.price] if _needs_price(change, old) else None
    if price is not None and change.price not in (None, old.price):
        recurring = recurring_terms(price, command.param(i, "price"))
        check_currency(price, subscription.started.currency, command.param(i, "price"))
        update |= {
            "price": change.price,
            "product": price.product,
            "meter": recurring.meter,
            "quantity": quantity_of(price, change.quantity, command.param(i, "quantity")),
            "interval": recurring.interval,
            "interval_count": recurring.interval_count,
            "since": now,
        }
    elif price is not None and "quantity" in given:
        update["quantity"] = quantity_of(price, change.quantity, command.param(i, "quantity"))
    if price is not None and "usage_gte" in given:
        param = command.param(i, "billing_thresholds") + "[usage_gte]"
        update["usage_gte"] = threshold_of(price, change.usage_gte, param)
    return old.model_copy(update=update)


def _needs_price(change: ItemChange, old: SubscriptionItem) -> bool:
    return bool({"quantity", "usage_gte"} & change.model_fields_set) or (
        change.price not in (None, old.price)
    )


def _check(
    subscription: Subscription, command: UpdateSubscription, decision: ItemsDecision
) -> None:
    """Raises InvalidRequest for items that do not go together."""
    named = {change.id: command.param(i, "price") for i, change in enumerate(command.items)}
    params = [named.get(item.id, "") for item in decision.items]
    if not decision.items:
        raise InvalidRequest(
            "A subscription must have at least one item. Cancel the subscription instead.",
            param="items",
        )
    check_items(decision.items, params)
    changed = [param or "items" for param in params]
    check_rhythms(decision.items, subscription.billing_mode, changed)
    if len(decision.segments) > MAX_WAITING:
        raise InvalidRequest(
            f"Prices changed too often: more than {MAX_WAITING} stretches of usage wait for one "
            "invoice. Use proration_behavior=always_invoice.",
            param="items",
        )


def _periods(
    subscription: Subscription, items: Sequence[SubscriptionItem], now: datetime
) -> dict[Rhythm, Period]:
    """The current period of every rhythm that there is after a change."""
    rhythms = dict.fromkeys(item.rhythm for item in items)
    return {rhythm: period_of(subscription, rhythm, now) for rhythm in rhythms}
