"""Builds customers from their events."""

from typing import Any

import msgspec

from ledger.customers.events import (
    BalanceNotesChanged,
    BillingFields,
    CustomerBalanceChanged,
    CustomerCreated,
    CustomerDeleted,
    CustomerDetailsChanged,
    CustomerForgotten,
    CustomerSubscribed,
    PersonalFields,
)
from ledger.invoices.events import InvoiceNumberAssigned
from ledger.invoices.numbering import customer_of
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.customers.balance import (
    balance_change,
    change_notes,
    forget_notes,
    initial_balance,
)
from projections.customers.rows import BALANCE_TRANSACTIONS, CUSTOMERS, CustomerRow, PersonalPart
from projections.runtime.rows import Rows


class CustomersProjection:
    name = "customers"
    version = 2
    tables = (CUSTOMERS, BALANCE_TRANSACTIONS)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case CustomerCreated() as event:
                rows.put(CUSTOMERS, _created(recorded, event))
                if event.balance:
                    rows.put(BALANCE_TRANSACTIONS, initial_balance(recorded, event))
            case CustomerDetailsChanged() as event:
                changes = _personal(event.personal) | _billing(event.billing)
                _change(rows, recorded.originator_id, **changes)
            case CustomerBalanceChanged() as event:
                row = _known(rows, recorded.originator_id)
                currency = row.currency or event.currency
                _change(rows, row.id, balance=event.balance, currency=currency)
                moved = balance_change(recorded, event, row)
                rows.put(BALANCE_TRANSACTIONS, moved)
            case BalanceNotesChanged() as event:
                change_notes(rows, event)
            case CustomerSubscribed() as event:
                row = _known(rows, recorded.originator_id)
                _change(
                    rows,
                    row.id,
                    currency=row.currency or event.currency,
                    subscriptions=(*row.subscriptions, event.subscription),
                )
            case InvoiceNumberAssigned() as event:
                customer = customer_of(recorded.originator_id)
                _change(rows, customer, next_invoice_sequence=event.sequence + 1)
            case CustomerDeleted():
                _change(rows, recorded.originator_id, deleted=True, **_personal(None))
            case CustomerForgotten():
                _change(rows, recorded.originator_id, **_personal(None))
                forget_notes(rows, recorded)
            case _:
                pass


def _created(recorded: RecordedEvent, event: CustomerCreated) -> CustomerRow:
    return CustomerRow(
        id=recorded.originator_id,
        sequence=recorded.position,
        created=to_epoch(event.created),
        livemode=event.livemode,
        balance=event.balance,
        test_clock=event.test_clock,
        **_personal(event.personal),
        **_billing(event.billing),
    )


def _personal(fields: PersonalFields | None) -> dict[str, Any]:
    if fields is None:
        return {"personal": PersonalPart(), "email": None}
    part = msgspec.convert(fields.model_dump(mode="json"), PersonalPart)
    return {"personal": part, "email": fields.email}


def _billing(fields: BillingFields) -> dict[str, Any]:
    return fields.model_dump(mode="json")


def _change(rows: Rows, customer: str, **changes: object) -> None:
    rows.put(CUSTOMERS, msgspec.structs.replace(_known(rows, customer), **changes))


def _known(rows: Rows, customer: str) -> CustomerRow:
    row = rows.get(CUSTOMERS, customer)
    if row is None:
        raise LookupError(f"customer {customer} was never created")
    return row
