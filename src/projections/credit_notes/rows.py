"""Rows of credit notes. Times are epoch seconds, amounts minor units of the invoice's currency."""

from typing import Literal

import msgspec

from ledger.credit_notes.events import CreditLineKind, CreditNoteReason
from projections.invoices.rows import LineDiscountPart, LineTaxPart
from projections.runtime.tables import Table


class CreditLinePart(msgspec.Struct, frozen=True, kw_only=True):
    """A line; `amount` is before discounts and exclusive taxes."""

    id: str
    kind: CreditLineKind
    invoice_line_item: str | None
    amount: int
    quantity: int | None
    unit_amount_decimal: str | None
    description: str | None
    metadata: dict[str, str]
    discounts: tuple[LineDiscountPart, ...]
    taxes: tuple[LineTaxPart, ...]


class CreditNoteRow(msgspec.Struct, frozen=True, kw_only=True):
    """A credit note as it stands."""

    id: str
    sequence: int
    created: int
    livemode: bool
    invoice: str
    customer: str
    number: str
    currency: str
    lines: tuple[CreditLinePart, ...]
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
    memo: str | None
    metadata: dict[str, str]
    effective_at: int | None
    status: Literal["issued", "void"] = "issued"
    voided_at: int | None = None


CREDIT_NOTES = Table(
    "credit_notes",
    CreditNoteRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "invoice": "text",
    },
    indexes=(("sequence",), ("customer",), ("invoice",)),
)
