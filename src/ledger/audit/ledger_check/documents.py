"""Identities of invoices, their numbers, and customers' balances: fact by fact, as they came."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ledger.audit.ledger_check.identities import Identity
from ledger.customers.events import CustomerBalanceChanged
from ledger.invoices.events import InvoiceFinalized, InvoiceNumberAssigned
from ledger.kernel.quantities import EXACT, ZERO

_ANY: Final = "any currency"
"""Under which the balance of a customer stands who was never billed."""


class InvoiceTotals:
    """What an invoice comes to is its lines, less discounts, with exclusive taxes."""

    def __init__(self) -> None:
        self.identity = Identity(
            "invoice_totals",
            "an invoice's total = lines - discounts + taxes, each line = its steps",
            "finalized invoices",
        )

    def take(self, invoice: str, currency: str, final: InvoiceFinalized) -> None:
        """A finalized invoice."""
        identity = self.identity
        identity.checked += 1
        lines, taxes = final.lines, [tax for line in final.lines for tax in line.taxes]
        discounts = sum(taken.amount for line in lines for taken in line.discounts)
        exclusive = sum(tax.amount for tax in taxes if not tax.inclusive)
        inclusive = sum(tax.amount for tax in taxes if tax.inclusive)
        total = final.subtotal - final.discount_total + final.tax_exclusive
        for what, summed, recorded in (
            ("subtotal", sum(line.amount for line in lines), final.subtotal),
            ("discounts", discounts, final.discount_total),
            ("exclusive taxes", exclusive, final.tax_exclusive),
            ("inclusive taxes", inclusive, final.tax_inclusive),
            ("total", total, final.total),
        ):
            identity.compare(invoice, currency, summed, recorded, what)
        for line in lines:
            stepped = ZERO
            for step in line.steps:
                stepped = EXACT.add(stepped, Decimal(step.amount))
            identity.require(
                f"{invoice} {line.id}",
                not line.steps or stepped == line.amount,
                f"the line is {line.amount}, its steps are {stepped}",
            )


@dataclass(slots=True)
class _Due:
    currency: str
    amount_due: int
    paid: int = 0
    credited: int = 0
    settled: bool = False


class AmountsDue:
    """What was due on an invoice was paid, credited before it was paid, or remains."""

    def __init__(self) -> None:
        self.identity = Identity(
            "amounts_due", "amount due = paid + remaining + credited", "finalized invoices"
        )
        self._due: dict[str, _Due] = {}

    def take(self, invoice: str, currency: str, final: InvoiceFinalized) -> None:
        """A finalized invoice."""
        owed = max(final.total + final.starting_balance, 0)
        self.identity.compare(invoice, currency, owed, final.amount_due, "amount due")
        left = min(final.total + final.starting_balance, 0)
        self.identity.compare(invoice, currency, left, final.ending_balance, "balance left")
        self._due[invoice] = _Due(currency, final.amount_due)

    def pay(self, invoice: str, amount: int) -> None:
        """It was paid, by so much."""
        due = self._due.get(invoice)
        self.identity.require(invoice, due is not None, "it was paid and never finalized")
        if due is not None:
            due.paid += amount
            due.settled = True

    def credit(self, invoice: str, amount: int) -> None:
        """What remained to pay was lowered by so much, or raised again if below 0."""
        due = self._due.get(invoice)
        self.identity.require(invoice, due is not None, "it was credited and never finalized")
        if due is not None:
            due.credited += amount

    def remaining(self, invoice: str) -> int:
        """What is left to pay of a finalized invoice."""
        due = self._due[invoice]
        return due.amount_due - due.paid - due.credited

    def close(self) -> None:
        """After the last fact."""
        for invoice, due in self._due.items():
            self.identity.checked += 1
            remaining = due.amount_due - due.paid - due.credited
            expected = 0 if due.settled else max(remaining, 0)
            self.identity.compare(invoice, due.currency, expected, remaining, "what remains")


class InvoiceNumbers:
    """The invoices of a customer are numbered 1, 2, 3, … and no number is given twice."""

    def __init__(self) -> None:
        self.identity = Identity(
            "invoice_numbers", "invoice numbers have no gaps and no repeats", "numbers"
        )
        self._last: defaultdict[str, int] = defaultdict(int)
        self._owner: dict[str, str] = {}
        self._given: dict[str, str] = {}

    def assign(self, customer: str, event: InvoiceNumberAssigned) -> None:
        """A number was given."""
        identity, subject = self.identity, f"{event.number} {event.invoice}"
        identity.checked += 1
        following = self._last[customer] + 1
        identity.require(
            subject, event.sequence == following, f"number {event.sequence} follows {following - 1}"
        )
        self._last[customer] = event.sequence
        owner = self._owner.setdefault(event.number, event.invoice)
        identity.require(subject, owner == event.invoice, f"it is the number of {owner} too")
        identity.require(subject, event.invoice not in self._given, "it has a number already")
        self._given[event.invoice] = event.number

    def finalize(self, invoice: str, number: str) -> None:
        """An invoice was finalized under a number."""
        given = self._given.get(invoice)
        self.identity.require(
            f"{number} {invoice}", given == number, f"the number it was given is {given}"
        )


class CustomerBalances:
    """The balance of a customer is the sum of its changes, and invoices use what is there."""

    def __init__(self) -> None:
        self.identity = Identity(
            "customer_balances", "a customer's balance = the sum of its changes", "changes"
        )
        self._balance: dict[str, int] = {}
        self._currency: dict[str, str] = {}
        self._expected: dict[tuple[str, str], int] = {}

    def create(self, customer: str, balance: int) -> None:
        """A customer came with a balance."""
        self._balance[customer] = balance

    def change(self, customer: str, event: CustomerBalanceChanged) -> None:
        """The balance moved."""
        self.identity.checked += 1
        currency = event.currency or self._currency.get(customer, _ANY)
        summed = self._balance.get(customer, 0) + event.change
        self.identity.compare(customer, currency, summed, event.balance, "balance")
        self._balance[customer] = event.balance
        if event.invoice is not None:
            expected = self._expected.pop((customer, event.invoice), None)
            if expected is not None:
                why = f"change by {event.invoice}"
                self.identity.compare(customer, currency, expected, event.change, why)

    def finalize(self, customer: str, invoice: str, currency: str, final: InvoiceFinalized) -> None:
        """An invoice set itself against the balance."""
        self._currency[customer] = currency
        there = self._balance.get(customer, 0)
        why = "starting balance"
        self.identity.compare(invoice, currency, there, final.starting_balance, why)
        change = final.ending_balance - final.starting_balance
        if change:
            self._expected[customer, invoice] = change

    def close(self) -> None:
        """After the last fact."""
        for (customer, invoice), change in self._expected.items():
            currency = self._currency.get(customer, _ANY)
            why = f"change by {invoice}"
            self.identity.compare(customer, currency, change, 0, why)
