"""The sums of an invoice."""

from collections.abc import Iterable
from dataclasses import dataclass

from ledger.kernel.money import check_amount


@dataclass(frozen=True, slots=True)
class Totals:
    """Minor units. Balances are the customer's before and after, below 0 when in credit."""

    subtotal: int
    total: int
    starting_balance: int
    ending_balance: int
    amount_due: int


def total_up(amounts: Iterable[int], balance: int) -> Totals:
    """Rounded lines summed, then set against the customer's balance (contract §7, §9).

    Credit pays as much as there is and what is left stays; a balance owed is charged along. A
    negative total bills 0. Raises InvalidRequest beyond 64 bits.
    """
    subtotal = check_amount(sum(amounts))
    owed = check_amount(max(subtotal, 0) + balance)
    return Totals(
        subtotal=subtotal,
        total=subtotal,
        starting_balance=balance,
        ending_balance=min(owed, 0),
        amount_due=max(owed, 0),
    )
