"""What happens to invoice items. Streams are named by their ids (`ii_…`).

Which items of a customer wait for an invoice is a stream of its own, `pending_invoice_items:cus_…`.
"""

from typing import ClassVar

from pydantic import AwareDatetime

from ledger.invoice_items.charges import Charge
from ledger.kernel.events import DomainEvent, Fact


class InvoiceItemCreated(DomainEvent):
    """Something is to be billed to a customer: on `invoice`, or else on the next one to come.

    `subscription_item` is the item whose change made it.
    """

    TOPIC: ClassVar[str] = "invoice_item.created.v2"

    customer: str
    currency: str
    charge: Charge
    invoice: str | None
    subscription_item: str | None = None
    created: AwareDatetime
    test_clock: str | None
    livemode: bool


class InvoiceItemChanged(DomainEvent):
    """`charge` holds the whole new values."""

    TOPIC: ClassVar[str] = "invoice_item.changed.v2"

    charge: Charge


class InvoiceItemInvoiced(DomainEvent):
    """The item became the line `line` of an invoice."""

    TOPIC: ClassVar[str] = "invoice_item.invoiced.v1"

    invoice: str
    line: str


class InvoiceItemReleased(DomainEvent):
    """The invoice or its line is gone; the item waits for another invoice."""

    TOPIC: ClassVar[str] = "invoice_item.released.v1"


class InvoiceItemDeleted(DomainEvent):
    """The item is not to be billed."""

    TOPIC: ClassVar[str] = "invoice_item.deleted.v1"

    deleted_at: AwareDatetime


class WaitingItem(Fact):
    """An item that waits for an invoice of `subscription`, or for any one if None."""

    id: str
    currency: str
    subscription: str | None


class ItemsWaiting(DomainEvent):
    """Items of the customer wait for an invoice, in this order after those that wait already."""

    TOPIC: ClassVar[str] = "pending_invoice_items.added.v1"

    items: tuple[WaitingItem, ...]


class ItemsTaken(DomainEvent):
    """Items of the customer wait no more."""

    TOPIC: ClassVar[str] = "pending_invoice_items.taken.v1"

    items: tuple[str, ...]


EVENTS: tuple[type[DomainEvent], ...] = (
    InvoiceItemCreated,
    InvoiceItemChanged,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
    InvoiceItemDeleted,
    ItemsWaiting,
    ItemsTaken,
)
