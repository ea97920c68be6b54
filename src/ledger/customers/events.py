"""Facts about customers. Streams are named by the customer's id (`cus_…`).

Whatever tells who the customer is lies in `personal`, which is stored sealed and reads as None
once the customer's key is destroyed.
"""

from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from ledger.kernel.events import DomainEvent, Fact

TaxExempt = Literal["exempt", "none", "reverse"]
BalanceChangeKind = Literal[
    "adjustment", "applied_to_invoice", "credit_note", "initial", "unapplied_from_invoice"
]


class Address(Fact):
    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


class Shipping(Fact):
    address: Address
    name: str
    phone: str | None = None


class CustomField(Fact):
    """A line of the caller's own on every invoice, such as an order number."""

    name: str
    value: str


class PersonalFields(Fact):
    """Who the customer is, and free text about them."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Address | None = None
    description: str | None = None
    shipping: Shipping | None = None
    business_name: str | None = None
    individual_name: str | None = None
    preferred_locales: tuple[str, ...] = ()
    invoice_custom_fields: tuple[CustomField, ...] | None = None
    invoice_footer: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class InvoiceRendering(Fact):
    """How the customer's invoices show amounts, as given."""

    amount_tax_display: Literal["exclude_tax", "include_inclusive_tax"] | None = None
    template: str | None = None


class BillingFields(Fact):
    """How the customer is billed. Payment methods are kept as given: no money moves."""

    invoice_prefix: str
    tax_exempt: TaxExempt = "none"
    default_payment_method: str | None = None
    default_source: str | None = None
    rendering: InvoiceRendering | None = None


class CustomerCreated(DomainEvent):
    """`created` is on the customer's own clock. `balance` below 0 is credit, in minor units."""

    TOPIC: ClassVar[str] = "customer.created.v1"

    personal: PersonalFields | None
    billing: BillingFields
    balance: int
    test_clock: str | None
    created: AwareDatetime
    livemode: bool


class CustomerDetailsChanged(DomainEvent):
    """Details were changed; both groups hold the whole new values."""

    TOPIC: ClassVar[str] = "customer.details_changed.v1"

    personal: PersonalFields | None
    billing: BillingFields


class BalanceNotes(Fact):
    """What a person wrote about a change of a balance."""

    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class CustomerBalanceChanged(DomainEvent):
    """The balance moved by `change` to `balance`, in minor units, below 0 when in credit.

    `transaction` is None where it is named after its place in the customer's stream. `currency`
    becomes the customer's if they have none yet. `at` is on the customer's own clock; it is None
    if the first release recorded the change.
    """

    TOPIC: ClassVar[str] = "customer.balance_changed.v2"

    transaction: str | None
    kind: BalanceChangeKind
    balance: int
    change: int
    currency: str | None
    invoice: str | None
    credit_note: str | None
    personal: BalanceNotes | None
    at: AwareDatetime | None


def balance_changed_without_kind(payload: dict[str, Any]) -> dict[str, Any]:
    """`customer.balance_changed.v1`, from before changes had a kind, as v2.

    Finalizing moved a balance towards 0 and not past it; voiding moved it the other way.
    """
    new, change = payload["balance"], payload["change"]
    old = new - change
    applied = (old < 0 < change and new <= 0) or (change < 0 < old and new == 0)
    of_invoice = "applied_to_invoice" if applied else "unapplied_from_invoice"
    return {
        **payload,
        "transaction": None,
        "kind": "adjustment" if payload["invoice"] is None else of_invoice,
        "currency": None,
        "credit_note": None,
        "personal": None,
        "at": None,
    }


class BalanceNotesChanged(DomainEvent):
    """What is written about a change of the balance was replaced."""

    TOPIC: ClassVar[str] = "customer.balance_notes_changed.v1"

    transaction: str
    personal: BalanceNotes | None


class CustomerSubscribed(DomainEvent):
    """A subscription of the customer began; the first one sets the currency of their balance."""

    TOPIC: ClassVar[str] = "customer.subscribed.v1"

    subscription: str
    currency: str


class PaymentMethodAttached(DomainEvent):
    """A stand-in of a payment method was attached. It is only remembered: no money moves."""

    TOPIC: ClassVar[str] = "customer.payment_method_attached.v1"

    payment_method: str
    attached_at: AwareDatetime


class CustomerDeleted(DomainEvent):
    """The customer is gone for all but the invoices they had."""

    TOPIC: ClassVar[str] = "customer.deleted.v1"

    deleted_at: AwareDatetime


class CustomerForgotten(DomainEvent):
    """The key that the customer's personal fields are sealed under was destroyed with this event.

    All of them read as None from here on, those of earlier events too. `reason` is kept in the
    clear. `forgotten_at` is the system's time.
    """

    TOPIC: ClassVar[str] = "customer.forgotten.v1"

    reason: str
    forgotten_at: AwareDatetime


class InvoicePrefixClaimed(DomainEvent):
    """A prefix that was asked for is one customer's for ever, so that no two invoices have one
    number. Its stream is named after the prefix."""

    TOPIC: ClassVar[str] = "customer.invoice_prefix_claimed.v1"

    customer: str


EVENTS: tuple[type[DomainEvent], ...] = (
    CustomerCreated,
    CustomerDetailsChanged,
    CustomerBalanceChanged,
    BalanceNotesChanged,
    CustomerSubscribed,
    PaymentMethodAttached,
    CustomerDeleted,
    CustomerForgotten,
    InvoicePrefixClaimed,
)
