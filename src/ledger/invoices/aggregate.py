"""An invoice's state and its transitions: draft, open, paid, uncollectible, void (contract §9)."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ledger.invoices.events import (
    DraftLine,
    InvoiceCredited,
    InvoiceCreditVoided,
    InvoiceDeleted,
    InvoiceDetailsChanged,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
    InvoiceMarkedUncollectible,
    InvoicePaid,
    InvoiceVoided,
)
from ledger.invoices.settlement import Credit, Settlement, credits_after, settle
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent

InvoiceStatus = Literal["draft", "open", "paid", "uncollectible", "void"]


@dataclass(frozen=True, slots=True)
class Invoice:
    """`draft` has every change of the invoice folded in; `final` is None until it is finalized."""

    draft: InvoiceDrafted
    final: InvoiceFinalized | None = None
    status: InvoiceStatus = "draft"
    deleted: bool = False
    paid: int = 0
    credits: tuple[Credit, ...] = ()


def evolve(invoice: Invoice | None, event: DomainEvent) -> Invoice:
    """The invoice after a fact. Raises ValueError if its draft is missing."""
    if isinstance(event, InvoiceDrafted):
        return Invoice(event)
    if invoice is None:
        raise ValueError("an invoice's first event must be its draft")
    match event:
        case InvoiceLinesChanged() | InvoiceDetailsChanged():
            return replace(invoice, draft=edited(invoice.draft, event))
        case InvoiceDeleted():
            return replace(invoice, deleted=True)
        case InvoiceFinalized():
            return replace(invoice, final=event, status="open")
        case InvoicePaid():
            return replace(invoice, status="paid", paid=event.amount)
        case InvoiceVoided():
            return replace(invoice, status="void")
        case InvoiceMarkedUncollectible():
            return replace(invoice, status="uncollectible")
        case InvoiceCredited() | InvoiceCreditVoided():
            return replace(invoice, credits=credits_after(invoice.credits, event))
        case _:
            return invoice


def edited(
    draft: InvoiceDrafted, event: InvoiceLinesChanged | InvoiceDetailsChanged
) -> InvoiceDrafted:
    """The draft after a change: new lines at the end, changed ones in their places."""
    if isinstance(event, InvoiceDetailsChanged):
        return draft.model_copy(update={"details": event.details})
    changed = {line.id: line for line in event.changed}
    kept = (line for line in draft.lines if line.id not in event.removed)
    lines: tuple[DraftLine, ...] = tuple(changed.get(line.id, line) for line in kept)
    return draft.model_copy(update={"lines": lines + event.added})


def settlement(invoice: Invoice) -> Settlement:
    """How far the invoice is settled. Of a draft nothing is due yet."""
    return settle(invoice.final, invoice.paid, invoice.credits)


def check_is_draft(invoice: Invoice) -> None:
    """Raises InvalidRequest for an invoice that was finalized already."""
    if invoice.status != "draft":
        raise InvalidRequest(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        )


def pay(invoice: Invoice, *, out_of_band: bool, now: datetime) -> InvoicePaid:
    """Raises InvalidRequest for an invoice that is not to be paid, or not out of band."""
    if invoice.status == "paid":
        raise InvalidRequest("Invoice is already paid.")
    if invoice.status == "void":
        raise InvalidRequest("This invoice is voided, so it cannot be paid.")
    _finalized(invoice, "This invoice is a draft. Finalize it before it is paid.")
    if not out_of_band:
        raise InvalidRequest(
            "No money moves through this ledger. Record a payment made elsewhere with "
            "paid_out_of_band=true.",
            param="paid_out_of_band",
        )
    remaining = settlement(invoice).remaining
    return InvoicePaid(paid_at=now, paid_out_of_band=True, amount=remaining)


def paid_at_once(final: InvoiceFinalized) -> InvoicePaid | None:
    """An invoice with nothing due is paid by being finalized; None if something is due."""
    if final.amount_due:
        return None
    return InvoicePaid(paid_at=final.finalized_at, paid_out_of_band=False, amount=0)


def paid_by_credit(invoice: Invoice, now: datetime) -> InvoicePaid | None:
    """An invoice of which credit notes leave nothing to pay is paid; None if something remains."""
    if invoice.status not in ("open", "uncollectible") or settlement(invoice).remaining:
        return None
    return InvoicePaid(paid_at=now, paid_out_of_band=False, amount=0)


def void(invoice: Invoice, now: datetime) -> list[DomainEvent]:
    """The invoice and the credit notes that it has are withdrawn.

    Raises InvalidRequest unless the invoice is open or uncollectible.
    """
    if invoice.status not in ("open", "uncollectible"):
        raise InvalidRequest(
            "You can only void open or uncollectible invoices. This invoice is "
            f"{_described(invoice)}."
        )
    withdrawn = [credit.void(now) for credit in invoice.credits if not credit.voided]
    return [*withdrawn, InvoiceVoided(voided_at=now)]


def mark_uncollectible(invoice: Invoice, now: datetime) -> InvoiceMarkedUncollectible:
    """Raises InvalidRequest unless the invoice is open."""
    if invoice.status != "open":
        raise InvalidRequest(
            f"You can only mark open invoices uncollectible. This invoice is {_described(invoice)}."
        )
    return InvoiceMarkedUncollectible(marked_at=now)


def credit_used(invoice: Invoice) -> int:
    """How far finalizing the invoice raised the customer's balance, in minor units."""
    if invoice.final is None:
        return 0
    return invoice.final.ending_balance - invoice.final.starting_balance


def _finalized(invoice: Invoice, sentence: str) -> None:
    if invoice.final is None:
        raise InvalidRequest(sentence)


def _described(invoice: Invoice) -> str:
    return "a draft" if invoice.status == "draft" else invoice.status
