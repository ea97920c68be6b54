"""A credit note's state and the pure decisions about it (contract §9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ledger.credit_notes.commands import IssueCreditNote, UpdateCreditNote
from ledger.credit_notes.events import CreditNoteDetailsChanged, CreditNoteIssued, CreditNoteLine
from ledger.credit_notes.sharing import discounted, taxed
from ledger.invoices.aggregate import Invoice, settlement
from ledger.invoices.events import InvoiceCredited, InvoiceCreditVoided
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.ids import derived_id
from ledger.kernel.metadata import merge_metadata
from ledger.kernel.money import check_amount, format_money

CREDITED_STATUSES: Final = ("open", "paid", "uncollectible")


@dataclass(frozen=True, slots=True)
class CreditNote:
    """`issued` is the note as it was issued; whether it stands is told by its invoice."""

    issued: CreditNoteIssued
    memo: str | None
    metadata: dict[str, str]


def evolve(note: CreditNote | None, event: DomainEvent) -> CreditNote:
    """The note after a fact. Raises ValueError if it was never issued."""
    if isinstance(event, CreditNoteIssued):
        return CreditNote(event, event.memo, event.metadata)
    if note is None:
        raise ValueError("a credit note's first event must be its issue")
    if isinstance(event, CreditNoteDetailsChanged):
        return replace(note, memo=event.memo, metadata=event.metadata)
    return note


def check_creditable(invoice: Invoice) -> None:
    """Raises InvalidRequest for a draft, a void invoice, and one with nothing left to credit."""
    if invoice.status not in CREDITED_STATUSES:
        state = "a draft" if invoice.status == "draft" else invoice.status
        raise InvalidRequest(
            "You can only credit invoices that are open, paid or uncollectible. This invoice is "
            f"{state}.",
            param="invoice",
        )
    if settlement(invoice).creditable <= 0:
        raise InvalidRequest(
            "Nothing is left to credit of this invoice.", code="amount_too_large", param="invoice"
        )


def check_total(invoice: Invoice, total: int, *, param: str) -> None:
    """Raises InvalidRequest for a note of nothing, and for more than is left to credit."""
    if total < 1:
        raise InvalidRequest(
            "A credit note must be of at least 1 minor unit.", code="amount_too_small", param=param
        )
    left, currency = settlement(invoice).creditable, invoice.draft.currency
    if total > left:
        raise InvalidRequest(
            f"The credit note's amount of {format_money(total, currency)} is more than the "
            f"{format_money(left, currency)} that is left to credit of this invoice.",
            code="amount_too_large",
            param=param,
        )


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a note's total goes; see `CreditNoteIssued`."""

    pre_payment: int
    credit_amount: int
    out_of_band_amount: int

    @property
    def post_payment(self) -> int:
        return self.credit_amount + self.out_of_band_amount


def part(invoice: Invoice, total: int, command: IssueCreditNote) -> Parting:
    """What remains to be paid is lowered first; the rest must be said to go somewhere.

    Raises InvalidRequest where what was said is not exactly that rest.
    """
    pre_payment = min(total, settlement(invoice).remaining)
    rest, currency = total - pre_payment, invoice.draft.currency
    if command.excess_to_balance:
        return Parting(pre_payment, rest, 0)
    said = command.credit_amount + command.out_of_band_amount
    if said != rest:
        raise InvalidRequest(
            f"The sum of credit_amount and out_of_band_amount ({format_money(said, currency)}) "
            f"must be what the credit note exceeds the invoice's remaining amount by "
            f"({format_money(rest, currency)}).",
            param="out_of_band_amount" if command.out_of_band_amount else "credit_amount",
        )
    return Parting(pre_payment, command.credit_amount, command.out_of_band_amount)


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and in which mode a note is issued; `now` is on the customer's own clock."""

    now: datetime
    livemode: bool


def issue(
    command: IssueCreditNote,
    invoice: Invoice,
    lines: Sequence[CreditNoteLine],
    occasion: Occasion,
) -> CreditNoteIssued:
    """The note of these lines. Raises InvalidRequest for amounts that do not fit the invoice."""
    subtotal = check_amount(sum(line.amount for line in lines))
    discounts = sum(discounted(line.discounts) for line in lines)
    exclusive = sum(taxed(line.taxes, inclusive=False) for line in lines)
    total = check_amount(subtotal - discounts + exclusive)
    check_total(invoice, total, param="amount" if command.amount is not None else "lines")
    parting = part(invoice, total, command)
    note = command.credit_note
    return CreditNoteIssued(
        invoice=command.invoice,
        customer=invoice.draft.customer,
        number=number_of(invoice),
        currency=invoice.draft.currency,
        lines=tuple(lines),
        subtotal=subtotal,
        discount_total=discounts,
        tax_exclusive=exclusive,
        tax_inclusive=sum(taxed(line.taxes, inclusive=True) for line in lines),
        total=total,
        pre_payment=parting.pre_payment,
        post_payment=parting.post_payment,
        credit_amount=parting.credit_amount,
        out_of_band_amount=parting.out_of_band_amount,
        balance_transaction=derived_id("cbtxn", note) if parting.credit_amount else None,
        reason=command.reason,
        memo=command.memo,
        metadata=merge_metadata({}, command.metadata),
        effective_at=command.effective_at,
        issued_at=occasion.now,
        livemode=occasion.livemode,
    )


def number_of(invoice: Invoice) -> str:
    """The number of an invoice's next note: `TALLY123-0001-CN-01` is the first, without gaps."""
    number = invoice.final.number if invoice.final is not None else ""
    return f"{number}-CN-{len(invoice.credits) + 1:02d}"


def credit(note_id: str, issued: CreditNoteIssued) -> InvoiceCredited:
    """What the note does to its invoice."""
    return InvoiceCredited(
        credit_note=note_id,
        pre_payment=issued.pre_payment,
        post_payment=issued.post_payment,
        credited_at=issued.issued_at,
    )


def void(note_id: str, invoice: Invoice, now: datetime) -> InvoiceCreditVoided:
    """Withdraw a note. Raises InvalidRequest unless it stands and its invoice is open.

    A note that gave something back made its invoice paid, and so cannot be withdrawn.
    """
    [found] = [each for each in invoice.credits if each.credit_note == note_id]
    if found.voided:
        raise InvalidRequest("This credit note is already void.")
    if invoice.status != "open":
        raise InvalidRequest(
            "You can only void credit notes of open invoices. The invoice of this one is "
            f"{invoice.status}."
        )
    return found.void(now)


def change_details(note: CreditNote, command: UpdateCreditNote) -> CreditNoteDetailsChanged | None:
    """The details after a change, None where they stay. Raises InvalidRequest."""
    given = "memo" in command.model_fields_set
    changed = CreditNoteDetailsChanged(
        memo=command.memo if given else note.memo,
        metadata=merge_metadata(note.metadata, command.metadata),
    )
    return None if (changed.memo, changed.metadata) == (note.memo, note.metadata) else changed
