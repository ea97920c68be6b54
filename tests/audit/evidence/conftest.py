"""An invoice with its pack, made once for all who alter it."""

import itertools

import pytest

from ledger.customers.commands import CreateCustomer
from ledger.meter_events.commands import CancelMeterEvent
from ledger.store.datastore import Datastore
from tests.support.billing_ledger import at
from tests.support.evidence import Files, packed, report
from tests.support.stored_ledger import StoredLedger

_ledger_ids = itertools.count(5_001)


def shop_of_two(datastore: Datastore) -> StoredLedger:
    """Tokens and seats; `cus_b` uses tokens in the same batches as `cus_a`."""
    ledger = StoredLedger(datastore, next(_ledger_ids))
    ledger.sell()
    ledger.do(CreateCustomer(customer="cus_b"))
    ledger.subscribe("price_tokens", "price_seat")
    ledger.now = at("2026-01-31T12:00")
    for batch in range(3):
        ledger.record(
            *(report(f"b-{batch}-{n}", "2026-01-09", "7", "cus_b") for n in range(batch * 2)),
            report(f"a-{batch}-0", f"2026-01-1{batch}", f"{batch + 1}00.5"),
            report(f"b-{batch}", "2026-01-20", "9", "cus_b"),
            report(f"a-{batch}-1", f"2026-01-2{batch}", "40"),
        )
    ledger.do(CancelMeterEvent(identifier="a-1-1", at_any_time=True))
    return ledger


@pytest.fixture(scope="module")
def files(datastore: Datastore) -> Files:
    """The pack of January's tokens and February's seat: 681.5 tokens, one event was cancelled."""
    ledger = shop_of_two(datastore)
    invoice = ledger.close("2026-02-01")
    ledger.finalize(invoice, "2026-02-01T01:00")
    return packed(ledger.application, invoice)
