"""What a step asks of the items that a subscription has."""

from typing import Any

from ledger.subscriptions.commands import ItemChange
from tests.lives.stories import Change, Life


def item_change(life: Life, count: int, step: Change, told: dict[str, Any]) -> ItemChange | None:
    """The change that a step asks for, None where there is nothing of the kind to change.

    `count` makes the ids of new items.
    """
    items = list(told["items"])
    item = items[step.item % len(items)]
    number = step.price % len(life.prices)
    old = life.prices[int(told["items"][item]["price"].removeprefix("price_"))]
    new = life.prices[number]
    metered = new.meter is not None
    quantity: dict[str, Any] = {} if metered else {"quantity": step.quantity}
    if step.kind == "add":
        if told["mode"] == "classic" and new.rhythm != old.rhythm:
            return None
        new_id = f"si_{count}_{number}"
        return ItemChange(id=new_id, added=True, price=f"price_{number}", **quantity)
    if step.kind == "remove":
        return ItemChange(id=item, deleted=True)
    if step.kind == "price":
        if new.rhythm != old.rhythm or (new.meter is None) != (old.meter is None):
            return None
        return ItemChange(id=item, price=f"price_{number}", **quantity)
    return None if old.meter is not None else ItemChange(id=item, quantity=step.quantity)
