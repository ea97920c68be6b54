"""What steps ask of the ledger, in its own commands. `count` makes the ids of what is new."""

from typing import Any

from ledger.coupons.commands import DiscountRequest
from ledger.credit_notes.commands import CreditLine, IssueCreditNote
from ledger.invoices.events import InvoiceFinalized
from ledger.kernel.clock import from_epoch
from ledger.subscriptions.commands import CreateSubscription, ItemChange, ItemRequest
from tests.lives.stories import Change, Credit, Life, Subscribe


def create_subscription(life: Life, count: int, step: Subscribe, now: int) -> CreateSubscription:
    """Each price once; in classic mode those of one rhythm."""
    chosen = sorted({n % len(life.prices) for n in step.prices})
    if step.mode == "classic":
        rhythm = life.prices[chosen[0]].rhythm
        chosen = [n for n in chosen if life.prices[n].rhythm == rhythm]
    anchor = None if step.anchor_in is None else from_epoch(now + step.anchor_in)
    return CreateSubscription(
        subscription=f"sub_{count}",
        customer=f"cus_{step.customer}",
        items=tuple(_item(life, count, n, step.quantity) for n in chosen),
        billing_mode=step.mode,
        billing_cycle_anchor=anchor,
        backdate_start_date=from_epoch(now - step.backdated) if step.backdated else None,
        trial_period_days=step.trial_days or None,
        discounts=tuple(
            DiscountRequest(id=f"di_{count}_{n}", coupon=f"OFF{n}") for n in step.coupons
        ),
        default_tax_rates=tuple(f"txr_{n}" for n in step.tax_rates),
    )


def _item(life: Life, count: int, price: int, quantity: int) -> ItemRequest:
    metered = life.prices[price].meter is not None
    return ItemRequest(
        id=f"si_{count}_{price}",
        price=f"price_{price}",
        quantity=None if metered else quantity,
    )


def item_change(life: Life, count: int, step: Change, told: dict[str, Any]) -> ItemChange | None:
    """The change that a step asks for, None where there is nothing of the kind to change."""
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


def credited_part(step: Credit, final: InvoiceFinalized) -> tuple[int | None, int]:
    """The line of an invoice of which something is credited, None for all of it; and how much."""
    line = None if step.line is None or not final.lines else step.line % len(final.lines)
    of = final.total if line is None else final.lines[line].amount
    return line, max(of * step.percent // 100, 1)


def credit_note(
    note: str, invoice: str, final: InvoiceFinalized, line: int | None, amount: int
) -> IssueCreditNote:
    """A credit note; what is not to be paid any more goes to the customer's balance."""
    command = IssueCreditNote(credit_note=note, invoice=invoice, excess_to_balance=True)
    asked: dict[str, Any] = {"amount": amount}
    if line is not None:
        of = final.lines[line].id
        asked = {
            "lines": (CreditLine(kind="invoice_line_item", invoice_line_item=of, amount=amount),)
        }
    return command.model_copy(update=asked)
