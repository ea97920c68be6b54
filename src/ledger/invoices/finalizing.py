"""Finalizing an invoice within a command: number, document, balance, and paid if nothing is due."""

from datetime import datetime

from ledger.customers import aggregate as customers
from ledger.customers.aggregate import BalanceCause, BalanceChange
from ledger.invoices.aggregate import paid_at_once
from ledger.invoices.bill import Bill, Issue, issue, make_bill
from ledger.invoices.events import InvoiceDrafted
from ledger.invoices.ingredients import UsageReaders, gather
from ledger.invoices.numbering import assign_number, last_sequence, numbers_stream
from ledger.rating.rate import RATING_ENGINE_VERSION
from ledger.store.work import Work


def bill_now(
    work: Work,
    readers: UsageReaders,
    draft: InvoiceDrafted,
    engine_version: int = RATING_ENGINE_VERSION,
) -> Bill:
    """What a draft comes to at the head of the log."""
    customer = work.require(customers.evolve, draft.customer, "customer")
    return make_bill(draft, gather(work, readers, draft, customer), engine_version)


def append_final(
    work: Work, invoice_id: str, bill: Bill, at: datetime, *, auto_advance: bool | None = None
) -> None:
    """Append everything that finalizing a bill means. `at` is on the customer's clock."""
    customer_id = bill.draft.customer
    customer = work.require(customers.evolve, customer_id, "customer")
    numbers = numbers_stream(customer_id)
    last = work.load(last_sequence, numbers)
    assigned = assign_number(last, customer.invoice_prefix, invoice_id)
    advances = bill.draft.details.auto_advance if auto_advance is None else auto_advance
    final = issue(invoice_id, bill, Issue(assigned.number, at, advances))
    work.append(numbers, assigned)
    work.append(invoice_id, final)
    if final.ending_balance != final.starting_balance:
        moved = BalanceChange(
            "applied_to_invoice",
            final.ending_balance - final.starting_balance,
            at,
            BalanceCause(currency=bill.draft.currency, invoice=invoice_id),
        )
        work.append(customer_id, customers.change_balance(customer, moved))
    paid = paid_at_once(final)
    if paid is not None:
        work.append(invoice_id, paid)
