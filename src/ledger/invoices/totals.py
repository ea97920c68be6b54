"""The sums of an invoice."""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.invoices.events import FinalLine
from ledger.kernel.money import check_amount


@dataclass(frozen=True, slots=True)
class Totals:
    """Minor units. Balances are the customer's before and after, below 0 when in credit."""

    subtotal: int
    discount_total: int
    tax_exclusive: int
    tax_inclusive: int
    total: int
    starting_balance: int
    ending_balance: int
    amount_due: int


def total_up(lines: Sequence[FinalLine], balance: int) -> Totals:
    """Rounded lines summed, less discounts, with taxes, then set against the customer's balance.

    Credit pays as much as there is and what is left stays; a balance owed is charged along. A total
    below 0 is credited to the balance (contract §7, §9). Raises InvalidRequest beyond 64 bits.
    """
    subtotal = check_amount(sum(line.amount for line in lines))
    discounts = sum(each.amount for line in lines for each in line.discounts)
    taxes = [tax for line in lines for tax in line.taxes]
    exclusive = sum(tax.amount for tax in taxes if not tax.inclusive)
    total = check_amount(subtotal - discounts + exclusive)
    owed = check_amount(total + balance)
    return Totals(
        subtotal=subtotal,
        discount_total=check_amount(discounts),
        tax_exclusive=check_amount(exclusive),
        tax_inclusive=check_amount(sum(tax.amount for tax in taxes if tax.inclusive)),
        total=total,
        starting_balance=balance,
        ending_balance=min(owed, 0),
        amount_due=max(owed, 0),
    )
