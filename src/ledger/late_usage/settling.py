"""How a difference is settled: on the next invoice, by a document of its own, or not at all."""

from datetime import datetime
from typing import NamedTuple

from ledger.credit_notes.commands import CreditLine, IssueCreditNote
from ledger.credit_notes.issuing import issue_credit_note
from ledger.customers import aggregate as customers
from ledger.customers.handlers import customer_now
from ledger.invoice_items.charges import Charge
from ledger.invoice_items.events import InvoiceItemCreated
from ledger.invoice_items.pending import create_item
from ledger.invoices.finalizing import append_final, bill_now
from ledger.invoices.ingredients import UsageReaders
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id
from ledger.late_usage.billed_lines import BilledLine
from ledger.late_usage.charging import extra_draft
from ledger.late_usage.events import Outcome, Policy, Reason
from ledger.store.work import Work
from ledger.subscriptions import aggregate as subscriptions


class Settlement(NamedTuple):
    """What became of a difference, as the fact of it says."""

    outcome: Outcome
    reason: Reason | None = None
    invoice_item: str | None = None
    document: str | None = None


def not_billed_because(work: Work, billed: BilledLine, policy: Policy) -> Reason | None:
    """Why a difference is only reported, None if it is to be billed."""
    if billed.invoice.status == "void":
        return "invoice_voided"
    if work.require(customers.evolve, billed.customer, "customer").deleted:
        return "customer_deleted"
    return "report_only" if policy == "report_only" else None


def has_next_invoice(work: Work, billed: BilledLine) -> bool:
    """Whether a subscription of the customer in this currency goes on, so that invoices come."""
    customer = work.require(customers.evolve, billed.customer, "customer")
    own = billed.invoice.draft.subscription
    candidates = sorted(customer.subscriptions, key=lambda name: name != own)
    for name in candidates:
        found = work.require(subscriptions.evolve, name, "subscription")
        if found.status != "canceled" and found.started.currency == billed.invoice.draft.currency:
            return True
    return False


def wait_for_next(work: Work, billed: BilledLine, number: int, charge: Charge) -> Settlement:
    """Bill it on the customer's next invoice."""
    item = derived_id("ii", billed.final.id, "late_usage", number)
    draft = billed.invoice.draft
    created = InvoiceItemCreated(
        customer=draft.customer,
        currency=draft.currency,
        charge=charge,
        invoice=None,
        created=_now(work, billed),
        test_clock=draft.test_clock,
        livemode=draft.livemode,
    )
    create_item(work, item, created)
    return Settlement("next_invoice", invoice_item=item)


def invoice_at_once(
    work: Work, readers: UsageReaders, billed: BilledLine, number: int, charge: Charge
) -> Settlement:
    """Bill it on an invoice of its own. A negative one goes to the customer's balance."""
    invoice_id = derived_id("in", billed.final.id, "late_usage", number)
    now = _now(work, billed)
    draft = extra_draft(billed, invoice_id, charge, now)
    bill = bill_now(work, readers, draft)
    work.append(invoice_id, draft)
    append_final(work, invoice_id, bill, now)
    return Settlement("invoice", document=invoice_id)


def credit_at_once(
    work: Work, billed: BilledLine, number: int, charge: Charge
) -> Settlement | None:
    """Give it back by a credit note of the original invoice, what is paid already to the customer's
    balance. None where the line does not have as much left to credit."""
    note = derived_id("cn", billed.final.id, "late_usage", number)
    line = CreditLine(
        kind="invoice_line_item",
        invoice_line_item=billed.final.id,
        amount=-(charge.amount or 0),
    )
    command = IssueCreditNote(
        credit_note=note,
        invoice=billed.invoice_id,
        lines=(line,),
        excess_to_balance=True,
        memo=charge.description,
    )
    try:
        issue_credit_note(work, command)
    except InvalidRequest:
        return None
    return Settlement("credit_note", document=note)


def _now(work: Work, billed: BilledLine) -> datetime:
    customer = work.require(customers.evolve, billed.customer, "customer")
    return customer_now(work, customer)
