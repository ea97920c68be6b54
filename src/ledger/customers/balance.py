"""Changes of a customer's balance as things of their own, which can be found and written about.

A change that was given no id is named after its place in the customer's stream, as are those that
the first release recorded, and the balance with which a customer was created.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from ledger.customers.commands import UpdateBalanceTransaction
from ledger.customers.events import (
    BalanceNotes,
    BalanceNotesChanged,
    CustomerBalanceChanged,
    CustomerCreated,
)
from ledger.kernel.events import DomainEvent
from ledger.kernel.ids import derived_id
from ledger.kernel.metadata import merge_metadata


def transaction_id(given: str | None, customer_id: str, version: int) -> str:
    """The id of the change that is the event of a customer's stream with this version."""
    return given or derived_id("cbtxn", customer_id, version)


@dataclass(frozen=True, slots=True)
class SoughtTransaction:
    """How far a customer's stream was looked through, and what was found."""

    version: int = 0
    found: bool = False
    notes: BalanceNotes | None = None


def seek(
    customer_id: str, transaction: str
) -> Callable[[SoughtTransaction | None, DomainEvent], SoughtTransaction]:
    """A fold over a customer's stream that looks for one change of their balance."""

    def evolve(sought: SoughtTransaction | None, event: DomainEvent) -> SoughtTransaction:
        before = sought or SoughtTransaction()
        after = replace(before, version=before.version + 1)
        match event:
            case BalanceNotesChanged() if event.transaction == transaction:
                return replace(after, notes=event.personal)
            case CustomerCreated() if event.balance:
                given, notes = None, None
            case CustomerBalanceChanged():
                given, notes = event.transaction, event.personal
            case _:
                return after
        if transaction_id(given, customer_id, after.version) != transaction:
            return after
        return replace(after, found=True, notes=notes)

    return evolve


def change_notes(
    notes: BalanceNotes | None, command: UpdateBalanceTransaction
) -> BalanceNotesChanged | None:
    """The notes after a change, None where they stay as they are.

    Raises InvalidRequest for too many keys of metadata.
    """
    old = notes or BalanceNotes()
    given = command.model_fields_set & {"description"}
    new = BalanceNotes(
        description=command.description if given else old.description,
        metadata=merge_metadata(old.metadata, command.metadata),
    )
    if new == old:
        return None
    return BalanceNotesChanged(transaction=command.transaction, personal=new)
