"""Items that wait for a customer's next invoice: putting them there and taking them away."""

from collections.abc import Sequence
from typing import Final

from ledger.invoice_items.aggregate import InvoiceItem, Waiting, evolve, waiting_items
from ledger.invoice_items.events import (
    InvoiceItemCreated,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
    ItemsTaken,
    ItemsWaiting,
    WaitingItem,
)
from ledger.kernel.ids import derived_id
from ledger.store.work import Work

_STREAM: Final = "pending_invoice_items:"


def pending_stream(customer_id: str) -> str:
    """The stream of what waits for a customer's invoices."""
    return f"{_STREAM}{customer_id}"


def create_item(work: Work, item_id: str, created: InvoiceItemCreated) -> None:
    """Record an item. One for no invoice yet waits for the next."""
    work.append(item_id, created)
    if created.invoice is None:
        _wait(work, created, item_id)


def pending_items(
    work: Work, customer_id: str, currency: str, subscription: str | None
) -> list[tuple[str, InvoiceItem]]:
    """What an invoice in this currency would take, in the order in which it came.

    An invoice of a subscription takes what waits for it, and what waits for any; one of no
    subscription only the latter.
    """
    waiting = work.load(waiting_items, pending_stream(customer_id)) or ()
    return [
        (waits.id, work.require(evolve, waits.id, "invoice item"))
        for waits in _matching(waiting, currency, subscription)
    ]


def _matching(waiting: Waiting, currency: str, subscription: str | None) -> list[WaitingItem]:
    return [
        waits
        for waits in waiting
        if waits.currency == currency and waits.subscription in (None, subscription)
    ]


def line_of_item(invoice_id: str, item_id: str) -> str:
    """The id of the line that an item becomes on an invoice."""
    return derived_id("il", invoice_id, item_id)


def take_items(work: Work, customer_id: str, invoice_id: str, items: Sequence[str]) -> None:
    """Record that items became lines of an invoice and wait no more."""
    if not items:
        return
    for item_id in items:
        line = line_of_item(invoice_id, item_id)
        work.append(item_id, InvoiceItemInvoiced(invoice=invoice_id, line=line))
    work.append(pending_stream(customer_id), ItemsTaken(items=tuple(items)))


def forget_item(work: Work, customer_id: str, item_id: str) -> None:
    """Record that an item waits no more, although no invoice took it."""
    work.append(pending_stream(customer_id), ItemsTaken(items=(item_id,)))


def release_item(work: Work, item_id: str) -> None:
    """Record that an item's invoice is gone; it waits again, behind the others."""
    item = work.require(evolve, item_id, "invoice item")
    work.append(item_id, InvoiceItemReleased())
    _wait(work, item.created, item_id)


def _wait(work: Work, created: InvoiceItemCreated, item_id: str) -> None:
    waits = WaitingItem(
        id=item_id, currency=created.currency, subscription=created.charge.subscription
    )
    work.append(pending_stream(created.customer), ItemsWaiting(items=(waits,)))
