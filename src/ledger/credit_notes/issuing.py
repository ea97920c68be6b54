"""Issuing a credit note within a command, also within another one's."""

from collections.abc import Sequence

from ledger.credit_notes import aggregate
from ledger.credit_notes.aggregate import Occasion
from ledger.credit_notes.commands import IssueCreditNote
from ledger.credit_notes.events import CreditNoteIssued, CreditNoteLine
from ledger.credit_notes.lines import of_lines, of_total, taxes_of
from ledger.credit_notes.sharing import left_to_credit
from ledger.customers import aggregate as customers
from ledger.customers.aggregate import BalanceCause, BalanceChange, Customer
from ledger.customers.handlers import customer_now
from ledger.invoices.aggregate import Invoice, paid_by_credit
from ledger.invoices.events import FinalLine
from ledger.invoices.handlers import require_invoice
from ledger.kernel.errors import InvalidRequest
from ledger.store.work import Work
from ledger.tax_rates import aggregate as tax_rates


def issue_credit_note(work: Work, command: IssueCreditNote) -> CreditNoteIssued:
    """Append everything that a credit note means, and return it.

    Its invoice is paid if nothing remains to be paid. Raises InvalidRequest and NotFound.
    """
    invoice = require_invoice(work, command.invoice, param="invoice")
    aggregate.check_creditable(invoice)
    customer = work.require(customers.evolve, invoice.draft.customer, "customer")
    now = customer_now(work, customer)
    lines = _lines(work, command, invoice, customer)
    issued = aggregate.issue(command, invoice, lines, Occasion(now, work.ledger.livemode))
    work.append(command.credit_note, issued)
    work.append(command.invoice, aggregate.credit(command.credit_note, issued))
    paid = paid_by_credit(require_invoice(work, command.invoice), now)
    if paid is not None:
        work.append(command.invoice, paid)
    if issued.credit_amount:
        _credit_balance(work, command, customer, issued)
    return issued


def _lines(
    work: Work, command: IssueCreditNote, invoice: Invoice, customer: Customer
) -> list[CreditNoteLine]:
    final: Sequence[FinalLine] = invoice.final.lines if invoice.final is not None else ()
    left = left_to_credit(final, _credited(work, invoice))
    if command.amount is not None:
        aggregate.check_total(invoice, command.amount, param="amount")
        return of_total(command, command.amount, left)
    if not command.lines:
        raise InvalidRequest(
            "You must specify one of these parameters: amount or lines.",
            code="parameter_missing",
            param="amount",
        )
    rates = {
        rate: work.require(tax_rates.evolve, rate, "tax rate", param=f"lines[{index}][tax_rates]")
        for index, line in enumerate(command.lines)
        for rate in line.tax_rates
    }
    terms = {name: rate.terms for name, rate in rates.items()}
    return of_lines(command, left, final, taxes_of(terms, customer.billing.tax_exempt))


def _credited(work: Work, invoice: Invoice) -> list[CreditNoteLine]:
    """The lines of the invoice's notes that stand."""
    notes = [
        work.require(aggregate.evolve, credit.credit_note, "credit note")
        for credit in invoice.credits
        if not credit.voided
    ]
    return [line for note in notes for line in note.issued.lines]


def _credit_balance(
    work: Work, command: IssueCreditNote, customer: Customer, issued: CreditNoteIssued
) -> None:
    if customer.deleted:
        raise InvalidRequest(
            "The customer of this invoice is deleted, so there is no balance to credit.",
            param="credit_amount",
        )
    cause = BalanceCause(
        transaction=issued.balance_transaction,
        currency=issued.currency,
        invoice=command.invoice,
        credit_note=command.credit_note,
    )
    change = BalanceChange("credit_note", -issued.credit_amount, issued.issued_at, cause)
    changed = customers.change_balance(customer, change, param="credit_amount")
    work.append(issued.customer, changed)
