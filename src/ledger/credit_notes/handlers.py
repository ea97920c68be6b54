"""Commands on credit notes: load, decide, append."""

from ledger.credit_notes import aggregate
from ledger.credit_notes.aggregate import CreditNote
from ledger.credit_notes.commands import IssueCreditNote, UpdateCreditNote, VoidCreditNote
from ledger.credit_notes.issuing import issue_credit_note
from ledger.customers import aggregate as customers
from ledger.customers.handlers import customer_now
from ledger.invoices.handlers import require_invoice
from ledger.kernel.errors import NotFound
from ledger.store.work import Handlers, Work


def require_credit_note(work: Work, credit_note: str) -> CreditNote:
    """A credit note, void or not. Raises NotFound."""
    if not credit_note.startswith("cn_"):
        raise NotFound("credit note", credit_note)
    return work.require(aggregate.evolve, credit_note, "credit note")


def issue(work: Work, command: IssueCreditNote) -> None:
    issue_credit_note(work, command)


def void(work: Work, command: VoidCreditNote) -> None:
    """The invoice's remaining amount is raised again."""
    issued = require_credit_note(work, command.credit_note).issued
    invoice = require_invoice(work, issued.invoice)
    customer = work.require(customers.evolve, issued.customer, "customer")
    now = customer_now(work, customer)
    work.append(issued.invoice, aggregate.void(command.credit_note, invoice, now))


def update(work: Work, command: UpdateCreditNote) -> None:
    note = require_credit_note(work, command.credit_note)
    changed = aggregate.change_details(note, command)
    if changed is not None:
        work.append(command.credit_note, changed)


HANDLERS: Handlers = {IssueCreditNote: issue, VoidCreditNote: void, UpdateCreditNote: update}
