"""What happens to an invoice. Streams are named by its id (`in_…`).

Amounts are minor units of the invoice's currency, quantities canonical decimal text, times on the
customer's own clock.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, JsonValue

from ledger.coupons.discounts import Discount
from ledger.customers.events import CustomField
from ledger.invoice_items.charges import Charge
from ledger.kernel.events import DomainEvent, Fact
from ledger.kernel.periods import Period
from ledger.kernel.personal import Personal, PersonalMetadata, PersonalText
from ledger.rating.steps import RatedStep
from ledger.subscriptions.events import CollectionMethod

BillingReason = Literal[
    "manual",
    "subscription_create",
    "subscription_cycle",
    "subscription_threshold",
    "subscription_update",
]
LineKind = Literal["metered", "licensed", "opening", "invoice_item"]
TaxabilityReason = Literal["standard_rated", "zero_rated", "customer_exempt", "reverse_charge"]


class DraftLine(Charge):
    """What a line bills, before its quantity and amount are known.

    `metered` bills the usage of its period, `licensed` a quantity in advance, `invoice_item` what
    an invoice item or a person added, and `opening` names a metered item at 0 on a classic
    subscription's first invoice.
    """

    id: str
    kind: LineKind
    subscription_item: str | None = None
    invoice_item: str | None = None
    meter: str | None = None


class InvoiceDetails(Fact):
    """What may change about a draft beside its lines.

    `due_date` is one that was asked for; without it `days_until_due` counts from finalization.
    `automatically_finalizes_at` is None where someone has to finalize it. Without a footer and
    `custom_fields` the customer's own are shown. `settings` are payment parameters, kept as they
    came.
    """

    collection_method: CollectionMethod
    days_until_due: int | None
    due_date: AwareDatetime | None = None
    auto_advance: bool
    automatically_finalizes_at: AwareDatetime | None
    default_payment_method: str | None = None
    description: PersonalText = None
    footer: PersonalText = None
    custom_fields: Annotated[tuple[CustomField, ...] | None, Personal()] = None
    metadata: PersonalMetadata = Field(default_factory=dict[str, str])
    default_tax_rates: tuple[str, ...] = ()
    discounts: tuple[Discount, ...] = ()
    settings: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])


class InvoiceDrafted(DomainEvent):
    """An invoice was begun. Metered usage of its periods is counted until it is finalized.

    `subscription_metadata` is the subscription's metadata at that time.
    """

    TOPIC: ClassVar[str] = "invoice.drafted.v3"

    customer: str
    subscription: str | None
    subscription_metadata: PersonalMetadata
    billing_reason: BillingReason
    currency: str
    period: Period
    lines: tuple[DraftLine, ...]
    details: InvoiceDetails
    created: AwareDatetime
    test_clock: str | None
    livemode: bool


class InvoiceLinesChanged(DomainEvent):
    """Lines of a draft were added at the end, changed in their places, and removed."""

    TOPIC: ClassVar[str] = "invoice.lines_changed.v2"

    added: tuple[DraftLine, ...] = ()
    changed: tuple[DraftLine, ...] = ()
    removed: tuple[str, ...] = ()


class InvoiceDetailsChanged(DomainEvent):
    """Details were changed; `details` holds the whole new values.

    Of a finalized invoice only its metadata and what payment needs change.
    """

    TOPIC: ClassVar[str] = "invoice.details_changed.v2"

    details: InvoiceDetails


class InvoiceDeleted(DomainEvent):
    """A draft of no subscription was deleted, as if it had never been."""

    TOPIC: ClassVar[str] = "invoice.deleted.v1"

    deleted_at: AwareDatetime


class UsageEvidence(Fact):
    """Which recorded usage a line rests on: how many meter events, where, and their digest."""

    meter_events: int
    first_position: int | None
    last_position: int | None
    digest: str


class LineDiscount(Fact):
    """By how many minor units a discount lowers a line; below 0 where the line gives back."""

    discount: str
    amount: int


class LineTax(Fact):
    """A tax on a line, in minor units. An inclusive one is a part of the line's amount."""

    tax_rate: str
    amount: int
    taxable_amount: int
    inclusive: bool
    reason: TaxabilityReason


class FinalLine(Fact):
    """A rated line; `amount` is before discounts and taxes, and the sum of its steps.

    `price_version` is the version of the price's stream whose terms were used.
    """

    id: str
    quantity: str
    amount: int
    price: str | None
    price_version: int | None
    evidence: UsageEvidence | None
    steps: tuple[RatedStep, ...] = ()
    discounts: tuple[LineDiscount, ...] = ()
    taxes: tuple[LineTax, ...] = ()


class InvoiceFinalized(DomainEvent):
    """An invoice was issued: a function of the events up to `through_position`, for ever.

    `subtotal` is the sum of the lines; `total` that less discounts and with exclusive taxes.
    `amount_due` is the total with the customer's balance, never below 0; balances are the
    customer's, negative when in credit. `document_sha256` is of the canonical document, in hex.
    """

    TOPIC: ClassVar[str] = "invoice.finalized.v2"

    number: str
    finalized_at: AwareDatetime
    due_date: AwareDatetime | None
    auto_advance: bool
    through_position: int
    engine_version: int
    lines: tuple[FinalLine, ...]
    subtotal: int
    discount_total: int
    tax_exclusive: int
    tax_inclusive: int
    total: int
    starting_balance: int
    ending_balance: int
    amount_due: int
    document_sha256: str


class InvoicePaid(DomainEvent):
    """Nothing is left to pay: nothing was due, or `amount` was paid outside of the ledger."""

    TOPIC: ClassVar[str] = "invoice.paid.v1"

    paid_at: AwareDatetime
    paid_out_of_band: bool
    amount: int


class InvoiceVoided(DomainEvent):
    """The invoice is withdrawn; it keeps its number."""

    TOPIC: ClassVar[str] = "invoice.voided.v1"

    voided_at: AwareDatetime


class InvoiceMarkedUncollectible(DomainEvent):
    """Payment is no longer expected."""

    TOPIC: ClassVar[str] = "invoice.marked_uncollectible.v1"

    marked_at: AwareDatetime


class InvoiceCredited(DomainEvent):
    """A credit note was issued: `pre_payment` is taken off what remains to be paid.

    `post_payment` was given back, to the customer's balance or outside of the ledger.
    """

    TOPIC: ClassVar[str] = "invoice.credited.v1"

    credit_note: str
    pre_payment: int
    post_payment: int
    credited_at: AwareDatetime


class InvoiceCreditVoided(DomainEvent):
    """A credit note was withdrawn, so that its amounts, which are told again, count no more."""

    TOPIC: ClassVar[str] = "invoice.credit_voided.v1"

    credit_note: str
    pre_payment: int
    post_payment: int
    voided_at: AwareDatetime


class InvoiceNumberAssigned(DomainEvent):
    """The next number of a customer. Its stream's version is the sequence, so there are no gaps."""

    TOPIC: ClassVar[str] = "invoice_number.assigned.v1"

    sequence: int
    number: str
    invoice: str


EVENTS: tuple[type[DomainEvent], ...] = (
    InvoiceDrafted,
    InvoiceLinesChanged,
    InvoiceDetailsChanged,
    InvoiceDeleted,
    InvoiceFinalized,
    InvoicePaid,
    InvoiceVoided,
    InvoiceMarkedUncollectible,
    InvoiceCredited,
    InvoiceCreditVoided,
    InvoiceNumberAssigned,
)
