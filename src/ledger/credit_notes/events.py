"""Facts about credit notes. Streams are named by the credit note's id (`cn_…`).

What a note takes off its invoice, and whether it still does, stands in the invoice's stream
(`invoice.credited.v1`, `invoice.credit_voided.v1`). Amounts are minor units.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from ledger.invoices.events import LineDiscount, LineTax
from ledger.kernel.events import DomainEvent, Fact
from ledger.kernel.personal import PersonalMetadata, PersonalText

CreditNoteReason = Literal["duplicate", "fraudulent", "order_change", "product_unsatisfactory"]
CreditLineKind = Literal["invoice_line_item", "custom_line_item"]


class CreditNoteLine(Fact):
    """What a note credits of an invoice line, or beside them.

    `amount` is before discounts and exclusive taxes, as an invoice line's is.
    """

    id: str
    kind: CreditLineKind
    invoice_line_item: str | None
    amount: int
    quantity: int | None
    unit_amount_decimal: str | None
    description: PersonalText
    metadata: PersonalMetadata
    discounts: tuple[LineDiscount, ...]
    taxes: tuple[LineTax, ...]


class CreditNoteIssued(DomainEvent):
    """A note was issued. `total` = `pre_payment` + `post_payment`.

    `pre_payment` lowers what remains to be paid. `post_payment` is given back: `credit_amount` to
    the customer's balance and `out_of_band_amount` outside of the ledger. `issued_at` is on the
    customer's own clock.
    """

    TOPIC: ClassVar[str] = "credit_note.issued.v2"

    invoice: str
    customer: str
    number: str
    currency: str
    lines: tuple[CreditNoteLine, ...]
    subtotal: int
    discount_total: int
    tax_exclusive: int
    tax_inclusive: int
    total: int
    pre_payment: int
    post_payment: int
    credit_amount: int
    out_of_band_amount: int
    balance_transaction: str | None
    reason: CreditNoteReason | None
    memo: PersonalText
    metadata: PersonalMetadata
    effective_at: AwareDatetime | None
    issued_at: AwareDatetime
    livemode: bool


class CreditNoteDetailsChanged(DomainEvent):
    """Details were changed; both fields hold the whole new values."""

    TOPIC: ClassVar[str] = "credit_note.details_changed.v2"

    memo: PersonalText
    metadata: PersonalMetadata


EVENTS: tuple[type[DomainEvent], ...] = (CreditNoteIssued, CreditNoteDetailsChanged)
