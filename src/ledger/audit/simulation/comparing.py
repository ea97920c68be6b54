"""Old against new: by line, by customer, in all. Amounts are minor units of their currency."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from ledger.audit.simulation.changes import Changes
from ledger.audit.simulation.rerating import Rerated
from ledger.invoices.events import DraftLine, FinalLine, InvoiceFinalized
from ledger.invoices.totals import Totals
from ledger.kernel.periods import Period

MOVERS: Final = 10


class Sums(NamedTuple):
    """What comes to what; `total` has discounts taken off and exclusive taxes put on."""

    subtotal: int = 0
    discounts: int = 0
    taxes: int = 0
    total: int = 0

    @classmethod
    def of(cls, totals: Totals | InvoiceFinalized) -> Self:
        taxes = totals.tax_exclusive + totals.tax_inclusive
        return cls(totals.subtotal, totals.discount_total, taxes, totals.total)

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(self, other, strict=True)))


class Compared(NamedTuple):
    """The same sums under the old prices and the new."""

    before: Sums = Sums()
    after: Sums = Sums()

    @property
    def difference(self) -> int:
        """By how much the total is more."""
        return self.after.total - self.before.total

    def plus(self, other: "Compared") -> "Compared":
        return Compared(self.before.plus(other.before), self.after.plus(other.after))


class SimulatedLine(NamedTuple):
    """A line of a replaced price. `invoice` and `line` are empty for usage that was never sent.

    `before` and `after` are before discounts and taxes. A line that is `fixed` is not rated: its
    amount is a fact, and stays.
    """

    customer: str
    currency: str
    invoice: str
    line: str
    period: Period
    price: str
    replaced_by: str
    quantity: str
    before: int
    after: int
    fixed: bool = False

    @property
    def difference(self) -> int:
        return self.after - self.before


class Account(NamedTuple):
    """A customer in one currency."""

    customer: str
    currency: str


@dataclass(slots=True)
class Simulation:
    """What came of it so far. `affected` counts the invoices on which a price is replaced."""

    changes: Changes
    invoices: int = 0
    affected: int = 0
    accounts: dict[Account, Compared] = field(default_factory=dict[Account, Compared])
    lines: list[SimulatedLine] = field(default_factory=list[SimulatedLine])

    def take(self, rerated: Rerated) -> None:
        """Count an invoice."""
        self.invoices += 1
        billed = Sums.of(rerated.billed)
        again = billed if rerated.bill is None else Sums.of(rerated.bill.totals)
        self.affected += rerated.bill is not None
        self._add(Account(rerated.draft.customer, rerated.draft.currency), Compared(billed, again))
        self.lines.extend(_lines(rerated, self.changes))

    def take_line(self, line: SimulatedLine) -> None:
        """Count a line that is on no invoice."""
        before, after = (Sums(amount, 0, 0, amount) for amount in (line.before, line.after))
        self._add(Account(line.customer, line.currency), Compared(before, after))
        self.lines.append(line)

    def _add(self, account: Account, compared: Compared) -> None:
        self.accounts[account] = self.accounts.get(account, Compared()).plus(compared)

    def totals(self) -> dict[str, Compared]:
        """By currency."""
        found: dict[str, Compared] = {}
        for account, compared in self.accounts.items():
            found[account.currency] = found.get(account.currency, Compared()).plus(compared)
        return dict(sorted(found.items()))

    def movers(self, currency: str, most: int = MOVERS) -> list[tuple[str, Compared]]:
        """The customers whose totals move most, the largest movement first."""
        moved = [
            (account.customer, compared)
            for account, compared in self.accounts.items()
            if account.currency == currency and compared.difference
        ]
        return sorted(moved, key=lambda one: (-abs(one[1].difference), one[0]))[:most]

    @property
    def fixed(self) -> Sequence[SimulatedLine]:
        """Lines of replaced prices that could not be rated."""
        return [line for line in self.lines if line.fixed]


def _lines(rerated: Rerated, changes: Changes) -> Iterator[SimulatedLine]:
    """The lines of replaced prices, and those whose amounts differ because of them."""
    drafted = {line.id: line for line in rerated.draft.lines}
    before = _by_id(rerated.billed.lines)
    after = _by_id(rerated.lines)
    for line_id in dict.fromkeys([*before, *after]):
        line, was, became = drafted[line_id], before.get(line_id), after.get(line_id)
        if line.price in changes or _amount(was) != _amount(became):
            yield _line(rerated, line, was, became, changes)


def _line(
    rerated: Rerated,
    line: DraftLine,
    was: FinalLine | None,
    became: FinalLine | None,
    changes: Changes,
) -> SimulatedLine:
    shown = became or was
    change = changes.get(line.price or "")
    return SimulatedLine(
        customer=rerated.draft.customer,
        currency=rerated.draft.currency,
        invoice=rerated.invoice,
        line=line.id,
        period=line.period,
        price=line.price or "",
        replaced_by=change.name if change else "",
        quantity=shown.quantity if shown else "0",
        before=_amount(was),
        after=_amount(became),
        fixed=line.id in rerated.fixed,
    )


def _by_id(lines: Iterable[FinalLine]) -> dict[str, FinalLine]:
    return {line.id: line for line in lines}


def _amount(line: FinalLine | None) -> int:
    return 0 if line is None else line.amount
