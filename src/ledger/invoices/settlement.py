"""What became of an invoice's amount due: credited, paid, or still to be paid (contract §9)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ledger.invoices.events import InvoiceCredited, InvoiceCreditVoided, InvoiceFinalized


@dataclass(frozen=True, slots=True)
class Credit:
    """What a credit note takes off an invoice, in minor units; nothing any more once voided."""

    credit_note: str
    pre_payment: int
    post_payment: int
    voided: bool = False

    def void(self, now: datetime) -> InvoiceCreditVoided:
        """The fact that the note counts no more."""
        return InvoiceCreditVoided(
            credit_note=self.credit_note,
            pre_payment=self.pre_payment,
            post_payment=self.post_payment,
            voided_at=now,
        )


def credits_after(
    before: Sequence[Credit], event: InvoiceCredited | InvoiceCreditVoided
) -> tuple[Credit, ...]:
    """The credits of an invoice, in the order of their notes' numbers, after one came or went."""
    note = event.credit_note
    if isinstance(event, InvoiceCredited):
        return (*before, Credit(note, event.pre_payment, event.post_payment))
    return tuple(
        replace(credit, voided=True) if credit.credit_note == note else credit for credit in before
    )


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of an invoice's amount due, in minor units.

    `due`, as it was issued, is always `credited` + `paid` + `remaining`: what credit notes took off
    before payment, what was paid, and what is still to be paid. `creditable` is how much of the
    total no credit note has credited, before payment or after it.
    """

    due: int
    credited: int
    paid: int
    remaining: int
    creditable: int


def settle(final: InvoiceFinalized | None, paid: int, credited: Sequence[Credit]) -> Settlement:
    """How far an invoice is settled. Of a draft nothing is due yet."""
    if final is None:
        return Settlement(0, 0, 0, 0, 0)
    standing = [credit for credit in credited if not credit.voided]
    before = sum(credit.pre_payment for credit in standing)
    after = sum(credit.post_payment for credit in standing)
    return Settlement(
        due=final.amount_due,
        credited=before,
        paid=paid,
        remaining=final.amount_due - before - paid,
        creditable=max(final.total - before - after, 0),
    )
