"""What is asked of customers."""

from pydantic import Field

from ledger.customers.events import InvoiceRendering, PersonalFields, TaxExempt
from ledger.kernel.commands import Command


class BillingChange(Command):
    """The billing fields that a request gives; `model_fields_set` tells which."""

    invoice_prefix: str | None = None
    tax_exempt: TaxExempt | None = None
    default_payment_method: str | None = None
    default_source: str | None = None
    rendering: InvoiceRendering | None = None


class CreateCustomer(Command):
    """`balance` is in minor units; `payment_method` is attached at once."""

    customer: str
    personal: PersonalFields = PersonalFields()
    billing: BillingChange = BillingChange()
    balance: int = 0
    test_clock: str | None = None
    payment_method: str | None = None


class UpdateCustomer(Command):
    """Only the fields set in `personal` and `billing` change; `metadata` is merged.

    `metadata` None clears all, an empty value removes its key, `{}` changes nothing.
    """

    customer: str
    personal: PersonalFields = PersonalFields()
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    billing: BillingChange = BillingChange()
    balance: int | None = None


class ChangeCustomerBalance(Command):
    """Move the balance by `amount` minor units, below 0 to give credit."""

    customer: str
    transaction: str
    amount: int
    currency: str
    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict[str, str])


class UpdateBalanceTransaction(Command):
    """`metadata` as in `UpdateCustomer`; `description` changes only if it is set."""

    customer: str
    transaction: str
    description: str | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])


class AttachPaymentMethod(Command):
    customer: str
    payment_method: str


class DeleteCustomer(Command):
    """Delete a customer and cancel their subscriptions."""

    customer: str


class ForgetCustomer(Command):
    """Destroy the key of a customer's personal fields, deleting the customer if that is to come.

    `reason` is recorded as it is, so that it must not tell who the customer is. Of a customer who
    was forgotten nothing is recorded, unless there is a key `again`.
    """

    customer: str
    reason: str
    again: bool = False
