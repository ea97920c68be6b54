"""An invoice item's state after its facts, and the list of those that wait."""

from dataclasses import dataclass, replace

from ledger.invoice_items.charges import Charge
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
    ItemsTaken,
    ItemsWaiting,
    WaitingItem,
)
from ledger.kernel.events import DomainEvent


@dataclass(frozen=True, slots=True)
class InvoiceItem:
    """`invoice` is the invoice that it is on, `line` its line there; both None while it waits."""

    created: InvoiceItemCreated
    charge: Charge
    invoice: str | None = None
    line: str | None = None
    deleted: bool = False


def evolve(item: InvoiceItem | None, event: DomainEvent) -> InvoiceItem:
    """The item after a fact. Raises ValueError if its creation is missing."""
    if isinstance(event, InvoiceItemCreated):
        return InvoiceItem(event, event.charge)
    if item is None:
        raise ValueError("an invoice item's first event must be its creation")
    match event:
        case InvoiceItemChanged():
            return replace(item, charge=event.charge)
        case InvoiceItemInvoiced():
            return replace(item, invoice=event.invoice, line=event.line)
        case InvoiceItemReleased():
            return replace(item, invoice=None, line=None)
        case InvoiceItemDeleted():
            return replace(item, deleted=True)
        case _:
            return item


Waiting = tuple[WaitingItem, ...]


def waiting_items(waiting: Waiting | None, event: DomainEvent) -> Waiting:
    """What waits after a fact of a customer's list, in the order in which it came."""
    known = waiting or ()
    match event:
        case ItemsWaiting():
            return known + event.items
        case ItemsTaken():
            return tuple(item for item in known if item.id not in event.items)
        case _:
            return known
