"""What is asked of credit notes."""

from decimal import Decimal

from pydantic import AwareDatetime, Field

from ledger.credit_notes.events import CreditLineKind, CreditNoteReason
from ledger.kernel.commands import Command


class CreditLine(Command):
    """A line to credit.

    Of an `invoice_line_item`, either an `amount` before discounts and exclusive taxes, or a part of
    its `quantity`. A `custom_line_item` is `quantity` times `unit_amount`, taxed at `tax_rates`.
    """

    kind: CreditLineKind
    invoice_line_item: str | None = None
    amount: int | None = None
    quantity: int | None = None
    unit_amount: Decimal | None = None
    tax_rates: tuple[str, ...] = ()
    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class IssueCreditNote(Command):
    """Credit an `amount` in all, with taxes, or `lines`: one of the two.

    What exceeds the invoice's remaining amount has to be said: `credit_amount` of it goes to the
    customer's balance, `out_of_band_amount` is given back elsewhere. With `excess_to_balance` all
    of it goes to the balance.
    """

    credit_note: str
    invoice: str
    amount: int | None = None
    lines: tuple[CreditLine, ...] = ()
    credit_amount: int = 0
    out_of_band_amount: int = 0
    excess_to_balance: bool = False
    reason: CreditNoteReason | None = None
    memo: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])
    effective_at: AwareDatetime | None = None


class UpdateCreditNote(Command):
    """`memo` changes only if it is set; `metadata` is merged, None clears all."""

    credit_note: str
    memo: str | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])


class VoidCreditNote(Command):
    credit_note: str
