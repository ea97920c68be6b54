"""What an invoice item bills, and so the invoice line that it becomes."""

from pydantic import Field

from ledger.coupons.discounts import Discount
from ledger.kernel.events import Fact
from ledger.kernel.periods import Period
from ledger.kernel.personal import PersonalMetadata, PersonalText


class LateUsage(Fact):
    """The finalized line that an item adjusts, as its usage was recorded `through_position`.

    The quantities are the line's in all, as billed and adjusted before and as it is now.
    """

    invoice: str
    line: str
    quantity_before: str
    quantity_after: str
    through_position: int


class Charge(Fact):
    """Something to bill, in one of these ways:

    - `amount`: a fixed number of minor units, below 0 to give back;
    - `price` and `quantity`: the quantity rated under the price's terms in the invoice's currency;
    - `unit_amount_decimal` and `quantity`: their product.

    With `prorated_of` the rated amount is the share by the second that `period` has of that whole
    one; with `credit` it is given back. `quantity` is canonical decimal text. `tax_rates` None
    means the invoice's default ones. `subscription` is whose change made it.
    """

    price: str | None = None
    product: str | None = None
    period: Period
    quantity: str | None = None
    unit_amount_decimal: str | None = None
    amount: int | None = None
    prorated_of: Period | None = None
    credit: bool = False
    proration: bool = False
    subscription: str | None = None
    description: PersonalText = None
    metadata: PersonalMetadata = Field(default_factory=dict[str, str])
    discountable: bool = True
    discounts: tuple[Discount, ...] = ()
    tax_rates: tuple[str, ...] | None = None
    late_usage: LateUsage | None = None
