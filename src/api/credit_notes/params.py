"""Parameters of the credit note routes (contract §9)."""

from decimal import Decimal
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from api.http.errors import ApiError
from api.http.lists import CreatedListParams, ListParams
from api.http.metadata import MetadataParam
from api.http.params import Params, RequestParams, exclusive
from api.http.unsupported import Unsupported
from api.http.wire_types import (
    ArrayOf,
    Clearable,
    Id,
    NonNegativeDecimal,
    NonNegativeInt,
    PositiveInt,
    WireInt,
    WireTimestamp,
    text,
)
from ledger.credit_notes.events import CreditLineKind, CreditNoteReason

LongText = Annotated[str, text(5000)]
Refund: TypeAlias = Annotated[
    None,
    Unsupported(
        "no money moves through this ledger. Credit the customer's balance with credit_amount, or "
        "record with out_of_band_amount what is given back elsewhere.",
        ("0",),
    ),
]
Shipping: TypeAlias = Annotated[None, Unsupported("invoices have no shipping cost.")]
TaxAmounts: TypeAlias = Annotated[
    None, Unsupported("taxes follow from the invoice line, or from tax_rates.")
]
MAX_LINES = 250


class CreditNoteLineParams(Params):
    amount: WireInt | None = None
    description: LongText | None = None
    invoice_line_item: Id | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    quantity: PositiveInt | None = None
    tax_amounts: TaxAmounts = None
    tax_rates: Clearable[Annotated[ArrayOf[Id], Field(max_length=20)]] = None
    type: CreditLineKind
    unit_amount: NonNegativeInt | None = None
    unit_amount_decimal: NonNegativeDecimal | None = None

    @property
    def unit(self) -> Decimal | None:
        """The unit amount, however it was given."""
        return self.unit_amount_decimal if self.unit_amount is None else Decimal(self.unit_amount)

    def foreign(self) -> list[str]:
        """Names of the fields given that are only of the other type of line."""
        custom = ("unit_amount", "unit_amount_decimal", "tax_rates", "description")
        of_other = custom if self.type == "invoice_line_item" else ("amount", "invoice_line_item")
        return [name for name in of_other if getattr(self, name) not in (None, [])]


class CreditNoteFields(RequestParams):
    """What creation and preview have in common."""

    amount: WireInt | None = None
    credit_amount: NonNegativeInt = 0
    effective_at: WireTimestamp | None = None
    email_type: Literal["credit_note", "none"] = "credit_note"
    invoice: Id
    lines: Annotated[ArrayOf[CreditNoteLineParams], Field(max_length=MAX_LINES)] = Field(
        default_factory=list[CreditNoteLineParams]
    )
    memo: LongText | None = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])
    out_of_band_amount: NonNegativeInt = 0
    reason: CreditNoteReason | None = None
    refund_amount: Refund = None
    refunds: Refund = None
    shipping_cost: Shipping = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        exclusive(self, "amount", "lines")
        for index, line in enumerate(self.lines):
            _check_line(index, line)
        return self


def _check_line(index: int, line: CreditNoteLineParams) -> None:
    for name in line.foreign():
        raise ApiError(
            f"lines[{index}][{name}] is not valid for a line of type {line.type}.",
            param=f"lines[{index}][{name}]",
        )
    for one, other in (("amount", "quantity"), ("unit_amount", "unit_amount_decimal")):
        if getattr(line, one) is not None and getattr(line, other) is not None:
            raise ApiError(
                f"You may only specify one of these parameters: {one} and {other}.",
                code="parameters_exclusive",
                param=f"lines[{index}][{other}]",
            )


class CreditNoteCreate(CreditNoteFields):
    """A credit note of an amount in all, or of lines."""


class CreditNotePreview(CreditNoteFields):
    """A credit note that is not issued."""


class CreditNotePreviewLines(CreditNoteFields, ListParams):
    """A page of its lines."""


class CreditNoteList(CreatedListParams):
    customer: Id | None = None
    customer_account: Annotated[None, Unsupported("customers are not accounts.")] = None
    invoice: Id | None = None


class CreditNoteLines(ListParams):
    """Lines come in the order of the credit note."""


class CreditNoteUpdate(RequestParams):
    memo: Clearable[LongText] = None
    metadata: MetadataParam = Field(default_factory=dict[str, str])


def changes(asked: CreditNoteUpdate) -> dict[str, Any]:
    """The fields that the request gives."""
    return {"memo": asked.memo} if asked.given("memo") else {}
