"""Every adjustment of late usage is on the document that its fact names."""

from dataclasses import dataclass

from ledger.audit.ledger_check.identities import Identity
from ledger.credit_notes.events import CreditNoteIssued
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
)
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.kernel.events import DomainEvent
from ledger.late_usage.events import LateUsageAdjusted


@dataclass(slots=True)
class _Item:
    amount: int | None
    invoice: str | None = None
    line: str | None = None
    deleted: bool = False


class Adjustments:
    """What was adjusted, item by item and invoice by invoice."""

    def __init__(self) -> None:
        self.identity = Identity(
            "adjustments", "each adjustment is on the document that it names", "adjustments"
        )
        self._adjusted: list[LateUsageAdjusted] = []
        self._items: dict[str, _Item] = {}
        self._on_invoice: dict[str, dict[str, int]] = {}
        self._credited: dict[str, int] = {}
        self._void: set[str] = set()

    def adjust(self, event: LateUsageAdjusted) -> None:
        """A line was adjusted."""
        self._adjusted.append(event)

    def follow_item(self, item: str, event: DomainEvent) -> None:
        """A fact of an invoice item."""
        match event:
            case InvoiceItemCreated(charge=Charge(late_usage=late, amount=amount)):
                if late is not None:
                    self._items[item] = _Item(amount, event.invoice)
            case InvoiceItemChanged(charge=charge) if item in self._items:
                self._items[item].amount = charge.amount
            case InvoiceItemInvoiced() if item in self._items:
                self._items[item].invoice, self._items[item].line = event.invoice, event.line
            case InvoiceItemReleased() if item in self._items:
                self._items[item].invoice = self._items[item].line = None
            case InvoiceItemDeleted() if item in self._items:
                self._items[item].deleted = True
            case _:
                pass

    def finalize(self, invoice: str, draft: InvoiceDrafted, final: InvoiceFinalized) -> None:
        """An invoice was finalized; its lines of late usage are kept."""
        late = {line.id for line in draft.lines if line.late_usage is not None}
        billed = {line.id: line.amount for line in final.lines if line.id in late}
        if billed:
            self._on_invoice[invoice] = billed

    def credit(self, note: str, issued: CreditNoteIssued) -> None:
        """A credit note was issued."""
        self._credited[note] = issued.subtotal

    def void(self, document: str) -> None:
        """An invoice or a credit note was withdrawn, and what it billed or gave back with it."""
        self._void.add(document)

    def close(self) -> None:
        """After the last fact."""
        for event in self._adjusted:
            self.identity.checked += 1
            match event.outcome:
                case "next_invoice":
                    self._look_at_item(event, event.invoice_item or "")
                case "invoice":
                    billed = self._on_invoice.get(event.document or "", {})
                    self._compare(event, sum(billed.values()), event.document or "")
                    withdrawn = event.document in self._void
                    self._count("not billed: invoice_voided" if withdrawn else "billed", event)
                case "credit_note":
                    self._compare(event, -self._credited.get(event.document or "", 0), "credit")
                    withdrawn = event.document in self._void
                    self._count("credits withdrawn" if withdrawn else "credited", event)
                case "not_billed":
                    self._count(f"not billed: {event.reason}", event)
                case "unchanged":
                    self._compare(event, 0, "an unchanged amount")

    def _look_at_item(self, event: LateUsageAdjusted, item_id: str) -> None:
        item = self._items.get(item_id)
        if item is None:
            self.identity.require(event.id, holds=False, why=f"{item_id} does not exist")
            return
        self._compare(event, item.amount or 0, item_id)
        if item.deleted:
            self._count("not billed: item_deleted", event)
        elif item.invoice is None:
            self._count("pending", event)
        elif item.invoice in self._void:
            self._count("not billed: invoice_voided", event)
        elif item.invoice in self._on_invoice:
            billed = self._on_invoice[item.invoice].get(item.line or "", 0)
            self._compare(event, billed, f"{item.invoice} {item.line}")
            self._count("billed", event)
        else:
            self._count("on a draft", event)

    def _compare(self, event: LateUsageAdjusted, found: int, where: str) -> None:
        self.identity.compare(event.id, event.currency, event.amount, found, where)

    def _count(self, what: str, event: LateUsageAdjusted) -> None:
        self.identity.counts[f"{what}, {event.currency}"] += event.amount
