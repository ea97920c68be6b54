"""Rows of changes of customers' balances from their events."""

import msgspec

from ledger.customers.balance import transaction_id
from ledger.customers.events import (
    BalanceNotes,
    BalanceNotesChanged,
    CustomerBalanceChanged,
    CustomerCreated,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.customers.rows import BALANCE_TRANSACTIONS, BalanceTransactionRow, CustomerRow
from projections.runtime.forgetting import rows_of_forgotten
from projections.runtime.rows import Rows


def initial_balance(recorded: RecordedEvent, event: CustomerCreated) -> BalanceTransactionRow:
    """The balance with which a customer was created."""
    return BalanceTransactionRow(
        id=_id(recorded, None),
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        customer=recorded.originator_id,
        kind="initial",
        amount=event.balance,
        ending_balance=event.balance,
        currency=None,
    )


def balance_change(
    recorded: RecordedEvent, event: CustomerBalanceChanged, customer: CustomerRow
) -> BalanceTransactionRow:
    """A change, where `customer` is as they were before it."""
    notes = event.personal or BalanceNotes()
    return BalanceTransactionRow(
        id=_id(recorded, event.transaction),
        sequence=recorded.position,
        created=to_epoch(event.at or recorded.recorded_at),
        livemode=customer.livemode,
        customer=customer.id,
        kind=event.kind,
        amount=event.change,
        ending_balance=event.balance,
        currency=event.currency or customer.currency,
        invoice=event.invoice,
        credit_note=event.credit_note,
        description=notes.description,
        metadata=notes.metadata,
    )


def change_notes(rows: Rows, event: BalanceNotesChanged) -> None:
    """Put down what is written about a change now."""
    row, notes = rows.get(BALANCE_TRANSACTIONS, event.transaction), event.personal or BalanceNotes()
    if row is None:
        raise LookupError(f"balance transaction {event.transaction} was never recorded")
    changed = msgspec.structs.replace(row, description=notes.description, metadata=notes.metadata)
    rows.put(BALANCE_TRANSACTIONS, changed)


def forget_notes(rows: Rows, forgotten: RecordedEvent) -> None:
    """Take away what is written about the changes of a customer's balance."""
    for row in rows_of_forgotten(rows, BALANCE_TRANSACTIONS, forgotten):
        blank = msgspec.structs.replace(row, description=None, metadata={})
        rows.put(BALANCE_TRANSACTIONS, blank)


def _id(recorded: RecordedEvent, given: str | None) -> str:
    return transaction_id(given, recorded.originator_id, recorded.originator_version)
