"""What is asked of invoices, by people and by the ledger's own schedule."""

from typing import Literal

from pydantic import AwareDatetime, Field, JsonValue

from ledger.coupons.commands import DiscountRequest
from ledger.customers.events import CustomField
from ledger.invoice_items.commands import ChargeRequest
from ledger.kernel.commands import Command
from ledger.subscriptions.events import CollectionMethod


class ClosePeriod(Command):
    """Close a subscription's period that has ended. Does nothing if it is closed already."""

    subscription: str
    period_end: AwareDatetime


class FinalizeDueInvoice(Command):
    """Finalize a draft whose grace period is over. Does nothing if it is no draft any more."""

    invoice: str


class FinalizeInvoice(Command):
    """Finalize a draft now, at someone's request."""

    invoice: str
    auto_advance: bool | None = None


class PayInvoice(Command):
    """Record that an invoice was paid outside of the ledger."""

    invoice: str
    paid_out_of_band: bool = False


class VoidInvoice(Command):
    invoice: str


class MarkInvoiceUncollectible(Command):
    invoice: str


class DetailsRequest(Command):
    """Details of an invoice. A field that was not set stays; None, where set, clears it.

    `metadata` is merged as `merge_metadata` does, `settings` key by key.
    """

    auto_advance: bool | None = None
    automatically_finalizes_at: AwareDatetime | None = None
    collection_method: CollectionMethod | None = None
    days_until_due: int | None = None
    due_date: AwareDatetime | None = None
    default_payment_method: str | None = None
    description: str | None = None
    footer: str | None = None
    custom_fields: tuple[CustomField, ...] | None = None
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[DiscountRequest, ...] = ()
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class CreateInvoice(Command):
    """Begin an invoice of a customer, or for what waits for a subscription, by hand."""

    invoice: str
    details: DetailsRequest
    customer: str | None = None
    subscription: str | None = None
    currency: str | None = None
    include_pending: bool = False


class UpdateInvoice(Command):
    """Change a draft's details, or what may still change of a finalized invoice."""

    invoice: str
    details: DetailsRequest


class DeleteInvoice(Command):
    """Delete a draft that is of no subscription; its items wait for another invoice."""

    invoice: str


class SendInvoice(Command):
    """Answer as if the invoice were sent: a draft is finalized, and nothing else happens."""

    invoice: str


class AddedLine(Command):
    """A line to add: the item `waiting`, changed by `charge`, or else the new item `item`."""

    item: str
    charge: ChargeRequest
    waiting: str | None = None


class AddInvoiceLines(Command):
    """Add lines at the end of a draft."""

    invoice: str
    lines: tuple[AddedLine, ...]
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])


class ChangedLine(Command):
    line: str
    charge: ChargeRequest


class UpdateInvoiceLines(Command):
    """Change lines of a draft, and the invoice items that they are of."""

    invoice: str
    lines: tuple[ChangedLine, ...]
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])


class UpdateInvoiceLine(Command):
    """Change one line of a draft."""

    invoice: str
    line: ChangedLine


class RemovedLine(Command):
    """A line to remove; its invoice item is deleted, or waits for another invoice."""

    line: str
    behavior: Literal["delete", "unassign"]


class RemoveInvoiceLines(Command):
    """Remove lines of invoice items from a draft."""

    invoice: str
    lines: tuple[RemovedLine, ...]
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
