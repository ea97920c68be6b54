"""Rows of customers. Times are epoch seconds, the balance is in minor units."""

import msgspec

from ledger.customers.events import BalanceChangeKind, TaxExempt
from projections.runtime.tables import Table


class ShippingPart(msgspec.Struct, frozen=True):
    address: dict[str, str | None]
    name: str
    phone: str | None


class PersonalPart(msgspec.Struct, frozen=True):
    """Who the customer is; blank once they are deleted or their key was destroyed."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: dict[str, str | None] | None = None
    description: str | None = None
    shipping: ShippingPart | None = None
    business_name: str | None = None
    individual_name: str | None = None
    preferred_locales: tuple[str, ...] = ()
    invoice_custom_fields: tuple[dict[str, str], ...] | None = None
    invoice_footer: str | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict[str, str])


class CustomerRow(msgspec.Struct, frozen=True):
    """A deleted customer keeps a row, because their invoices still name them.

    `subscriptions` are all they ever had, oldest first.
    """

    id: str
    sequence: int
    created: int
    livemode: bool
    balance: int
    invoice_prefix: str
    tax_exempt: TaxExempt
    personal: PersonalPart
    email: str | None = None
    currency: str | None = None
    default_payment_method: str | None = None
    default_source: str | None = None
    rendering: dict[str, str | None] | None = None
    test_clock: str | None = None
    next_invoice_sequence: int = 1
    subscriptions: tuple[str, ...] = ()
    deleted: bool = False


class BalanceTransactionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a customer's balance. `currency` is None while the customer had none."""

    id: str
    sequence: int
    created: int
    livemode: bool
    customer: str
    kind: BalanceChangeKind
    amount: int
    ending_balance: int
    currency: str | None
    invoice: str | None = None
    credit_note: str | None = None
    description: str | None = None
    metadata: dict[str, str] = msgspec.field(default_factory=dict[str, str])


CUSTOMERS = Table(
    "customers",
    CustomerRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "email": "text",
        "test_clock": "text",
        "deleted": "boolean",
    },
    indexes=(("sequence",), ("email",), ("test_clock",)),
    version=2,
)

BALANCE_TRANSACTIONS = Table(
    "customer_balance_transactions",
    BalanceTransactionRow,
    columns={
        "sequence": "bigint",
        "created": "bigint",
        "customer": "text",
        "invoice": "text",
    },
    indexes=(("customer", "sequence"),),
)
