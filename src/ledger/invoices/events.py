"""What happens to an invoice. Streams are named by its id (`in_…`).

Amounts are minor units of the invoice's currency, quantities canonical decimal text, times on the
customer's own clock.
"""

from typing import ClassVar, Literal

from pydantic import AwareDatetime

from ledger.kernel.events import DomainEvent, Fact
from ledger.kernel.periods import Period
from ledger.subscriptions.events import CollectionMethod

BillingReason = Literal["subscription_create", "subscription_cycle", "subscription_update"]
LineKind = Literal["metered", "licensed", "opening"]
TaxabilityReason = Literal["standard_rated", "zero_rated", "customer_exempt", "reverse_charge"]


class DraftLine(Fact):
    """What a line bills, before its quantity and amount are known.

    `metered` bills the usage of its period, `licensed` a quantity in advance, and `opening` names a
    metered item at 0 on a classic subscription's first invoice. With `prorated_of` the amount is
    the share that the line's period has of that whole one.
    """

    id: str
    kind: LineKind
    subscription_item: str
    price: str
    product: str
    meter: str | None
    period: Period
    quantity: int | None
    prorated_of: Period | None


class InvoiceDrafted(DomainEvent):
    """An invoice was begun. Metered usage of its periods is counted until it is finalized.

    `subscription_metadata` is the subscription's metadata at that time.
    """

    TOPIC: ClassVar[str] = "invoice.drafted.v1"

    customer: str
    subscription: str | None
    subscription_metadata: dict[str, str]
    billing_reason: BillingReason
    currency: str
    period: Period
    lines: tuple[DraftLine, ...]
    collection_method: CollectionMethod
    days_until_due: int | None
    auto_advance: bool
    automatically_finalizes_at: AwareDatetime | None
    default_payment_method: str | None
    description: str | None
    metadata: dict[str, str]
    created: AwareDatetime
    test_clock: str | None
    livemode: bool


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
    """A rated line. `price_version` is the version of the price's stream whose terms were used."""

    id: str
    quantity: str
    amount: int
    price: str
    price_version: int
    evidence: UsageEvidence | None


class InvoiceFinalized(DomainEvent):
    """An invoice was issued: a function of the events up to `through_position`, for ever.

    `amount_due` is the total, never below 0, less the customer's credit; balances are the
    customer's, negative when in credit. `document_sha256` is of the canonical document, in hex.
    """

    TOPIC: ClassVar[str] = "invoice.finalized.v1"

    number: str
    finalized_at: AwareDatetime
    due_date: AwareDatetime | None
    auto_advance: bool
    through_position: int
    engine_version: int
    lines: tuple[FinalLine, ...]
    subtotal: int
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


class InvoiceNumberAssigned(DomainEvent):
    """The next number of a customer. Its stream's version is the sequence, so there are no gaps."""

    TOPIC: ClassVar[str] = "invoice_number.assigned.v1"

    sequence: int
    number: str
    invoice: str


EVENTS: tuple[type[DomainEvent], ...] = (
    InvoiceDrafted,
    InvoiceFinalized,
    InvoicePaid,
    InvoiceVoided,
    InvoiceMarkedUncollectible,
    InvoiceNumberAssigned,
)
