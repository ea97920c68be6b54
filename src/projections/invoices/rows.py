"""Rows of invoices. Times are epoch seconds, amounts minor units of the invoice's currency.

A draft's row holds what it will bill, and no amounts: those are rated when it is read. A bill that
is not recorded, of a draft or of an invoice to come, is a row of the same shape with amounts.
"""

from typing import Any

import msgspec

from ledger.coupons.discounts import DiscountSource
from ledger.invoices.aggregate import InvoiceStatus
from ledger.invoices.events import LineKind, TaxabilityReason
from ledger.rating.steps import StepModel
from ledger.subscriptions.events import CollectionMethod
from projections.runtime.tables import Table


class StepPart(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a rating as `ledger.rating.steps.RatedStep` has it."""

    model: StepModel
    quantity: str
    unit_amount: str
    flat_amount: str
    amount: str
    above: str | None
    up_to: str | None


class DiscountPart(msgspec.Struct, frozen=True):
    """A coupon applied to the invoice or to a line."""

    id: str
    coupon: str
    source: DiscountSource
    start: int
    end: int | None


class LineDiscountPart(msgspec.Struct, frozen=True):
    discount: str
    amount: int


class LineTaxPart(msgspec.Struct, frozen=True):
    tax_rate: str
    amount: int
    taxable_amount: int
    inclusive: bool
    reason: TaxabilityReason


class LateUsagePart(msgspec.Struct, frozen=True):
    """The finalized line that this one adjusts."""

    invoice: str
    line: str
    quantity_before: str
    quantity_after: str


class LinePart(msgspec.Struct, frozen=True, kw_only=True):
    """A line; `quantity` is canonical decimal text. It and the amount are None until rated.

    `product_name` is the product's name when the invoice was finalized, None for no product.
    `tax_rates` None means the invoice's default ones; the taxes that came of them are `taxes`.
    """

    id: str
    kind: LineKind
    subscription_item: str | None
    invoice_item: str | None
    subscription: str | None
    price: str | None
    product: str | None
    product_name: str | None
    meter: str | None
    period_start: int
    period_end: int
    prorated: bool
    proration: bool
    whole_start: int | None
    whole_end: int | None
    credit: bool
    unit_amount_decimal: str | None
    description: str | None
    metadata: dict[str, str]
    discountable: bool
    own_discounts: tuple[DiscountPart, ...]
    tax_rates: tuple[str, ...] | None
    late_usage: LateUsagePart | None
    quantity: str | None = None
    amount: int | None = None
    meter_events: int | None = None
    price_version: int | None = None
    steps: tuple[StepPart, ...] = ()
    discounts: tuple[LineDiscountPart, ...] = ()
    taxes: tuple[LineTaxPart, ...] = ()


class AmountsPart(msgspec.Struct, frozen=True):
    """The sums, each 0 until rated. Balances are the customer's, below 0 when in credit.

    `amount_due` is as it was issued. Credit notes that stand took `pre_payment_credited` off what
    remains of it, and gave back `post_payment_credited` beside.
    """

    subtotal: int = 0
    discount_total: int = 0
    tax_exclusive: int = 0
    tax_inclusive: int = 0
    total: int = 0
    starting_balance: int = 0
    ending_balance: int | None = None
    amount_due: int = 0
    amount_paid: int = 0
    pre_payment_credited: int = 0
    post_payment_credited: int = 0

    @property
    def amount_remaining(self) -> int:
        """What is still to be paid."""
        return self.amount_due - self.pre_payment_credited - self.amount_paid


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
    footer: str | None
    metadata: dict[str, str]
    default_tax_rates: tuple[str, ...]
    discounts: tuple[DiscountPart, ...]
    test_clock: str | None
    custom_fields: tuple[dict[str, str], ...] | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict[str, Any])
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
    version=2,
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
