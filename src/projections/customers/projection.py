"""Builds customers from their events."""

from typing import Any

import msgspec

from ledger.customers.events import (
    BillingFields,
    CustomerBalanceChanged,
    CustomerCreated,
    CustomerDeleted,
    CustomerDetailsChanged,
    CustomerSubscribed,
    PersonalFields,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.customers.rows import CUSTOMERS, CustomerRow, PersonalPart
from projections.runtime.rows import Rows


class CustomersProjection:
    name = "customers"
    version = 1
    tables = (CUSTOMERS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        match recorded.event:
            case CustomerCreated() as event:
                rows.put(CUSTOMERS, _created(recorded, event))
            case CustomerDetailsChanged() as event:
                _change(recorded, rows, **_personal(event.personal), **_billing(event.billing))
            case CustomerBalanceChanged() as event:
                _change(recorded, rows, balance=event.balance)
            case CustomerSubscribed() as event:
                currency = _known(recorded, rows).currency or event.currency
                _change(recorded, rows, currency=currency)
            case CustomerDeleted():
                _change(recorded, rows, deleted=True, **_personal(None))
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


def _change(recorded: RecordedEvent, rows: Rows, **changes: object) -> None:
    rows.put(CUSTOMERS, msgspec.structs.replace(_known(recorded, rows), **changes))


def _known(recorded: RecordedEvent, rows: Rows) -> CustomerRow:
    row = rows.get(CUSTOMERS, recorded.originator_id)
    if row is None:
        raise LookupError(f"customer {recorded.originator_id} was never created")
    return row
