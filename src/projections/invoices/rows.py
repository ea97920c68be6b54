"""Rows of invoices. Times are epoch seconds, amounts minor units of the invoice's currency.

A draft's row holds what it will bill, and no amounts: those are rated when it is read. A bill that
is not recorded, of a draft or of an invoice to come, is a row of the same shape with amounts.
"""

import msgspec

from ledger.invoices.aggregate import InvoiceStatus
from ledger.invoices.events import LineKind
from ledger.subscriptions.events import CollectionMethod
from projections.runtime.tables import Table


class LinePart(msgspec.Struct, frozen=True, kw_only=True):
    """A line; `quantity` is canonical decimal text. It and the amount are None until rated.

    `product_name` is the product's name when the invoice was finalized.
    """

    id: str
    kind: LineKind
    subscription_item: str
    price: str
    product: str
    product_name: str
    meter: str | None
    period_start: int
    period_end: int
    prorated: bool
    quantity: str | None = None
    amount: int | None = None
    meter_events: int | None = None


class AmountsPart(msgspec.Struct, frozen=True):
    """The sums, each 0 until rated. Balances are the customer's, below 0 when in credit."""

    subtotal: int = 0
    total: int = 0
    starting_balance: int = 0
    ending_balance: int | None = None
    amount_due: int = 0
    amount_paid: int = 0


class InvoiceRow(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice as it stands. `billing_reason` is `upcoming` for a preview.

    `finalization_error` is why a draft that was read cannot be rated, and so has no amounts.
    """

    id: str
    sequence: int
    created: int
    livemode: bool
    customer: str
    subscription: str | None
    subscription_metadata: dict[str, str]
    billing_reason: str
    currency: str
    period_start: int
    period_end: int
    lines: tuple[LinePart, ...]
    collection_method: CollectionMethod
    days_until_due: int | None
    auto_advance: bool
    automatically_finalizes_at: int | None
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    test_clock: str | None
    status: InvoiceStatus = "draft"
    amounts: AmountsPart = AmountsPart()
    number: str | None = None
    due_date: int | None = None
    finalized_at: int | None = None
    paid_at: int | None = None
    voided_at: int | None = None
    marked_uncollectible_at: int | None = None
    paid_out_of_band: bool = False
    finalization_error: str | None = None
    through_position: int | None = None
    engine_version: int | None = None
    document_sha256: str | None = None


class ProductNameRow(msgspec.Struct, frozen=True):
    """What a product is called now, for the lines of invoices yet to be finalized."""

    id: str
    name: str


INVOICES = Table(
    "invoices",
    InvoiceRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "subscription": "text",
        "status": "text",
        "collection_method": "text",
        "due_date": "bigint",
        "test_clock": "text",
    },
    indexes=(("sequence",), ("customer",), ("subscription",)),
)

PRODUCT_NAMES = Table("invoice_product_names", ProductNameRow)
