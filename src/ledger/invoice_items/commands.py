"""What is asked of invoice items."""

from pydantic import Field

from ledger.coupons.commands import DiscountRequest
from ledger.kernel.commands import Command
from ledger.kernel.periods import Period
from ledger.prices.commands import CreatePrice


class ChargeRequest(Command):
    """What to bill. Of a change, a field that was not set stays as it is.

    The money is said in one way: `amount`, `price` or `unit_amount_decimal`; a price that is to be
    made comes as its own command. `quantity` is canonical decimal text. `metadata` is merged as
    `merge_metadata` does. `tax_rates` None means the invoice's default ones.
    """

    amount: int | None = None
    price: str | CreatePrice | None = None
    unit_amount_decimal: str | None = None
    quantity: str | None = None
    period: Period | None = None
    description: str | None = None
    metadata: dict[str, str] | None = Field(default_factory=dict[str, str])
    discountable: bool | None = None
    discounts: tuple[DiscountRequest, ...] = ()
    tax_rates: tuple[str, ...] | None = None


class CreateInvoiceItem(Command):
    """Bill something beside a subscription's own lines: on the draft `invoice`, or on the next one.

    The customer may be left to the invoice, and the currency to what the item is for.
    """

    item: str
    charge: ChargeRequest
    customer: str | None = None
    currency: str | None = None
    invoice: str | None = None
    subscription: str | None = None


class UpdateInvoiceItem(Command):
    """Change what is billed, also on the draft that the item is on."""

    item: str
    charge: ChargeRequest


class DeleteInvoiceItem(Command):
    """Do not bill it, and take it off the draft that it is on."""

    item: str
