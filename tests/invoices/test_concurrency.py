"""Several processes at once, on PostgreSQL: nothing is closed, numbered or billed twice."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized, InvoiceNumberAssigned
from ledger.kernel.commands import Command
from ledger.kernel.errors import LedgerError
from ledger.kernel.events import DomainEvent, RecordedEvent
from ledger.store.datastore import Datastore
from ledger.subscriptions.commands import CancelSubscription, UpdateSubscription
from ledger.subscriptions.events import SubscriptionCanceled, SubscriptionDetailsChanged
from tests.support.billing_ledger import at
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger

AT_ONCE = 6


@pytest.fixture
def datastore(database: Database) -> Iterator[Datastore]:
    with Datastore(database.app_url, pool_size=12) as store:
        yield store


@pytest.fixture
def ledger(datastore: Datastore) -> StoredLedger:
    stored = StoredLedger(datastore, 1)
    stored.sell()
    stored.subscribe("price_tokens")
    return stored


def together(ledger: StoredLedger, make: Callable[[int], Command]) -> list[DomainEvent]:
    """Execute commands from as many processes at the same time; what all of them recorded."""
    others = [StoredLedger(ledger.datastore, 1, ledger.now) for _ in range(AT_ONCE)]
    start = Barrier(AT_ONCE)

    def one(number: int) -> list[RecordedEvent]:
        start.wait()
        try:
            return others[number].do(make(number))
        except LedgerError:
            return []

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [recorded.event for done in pool.map(one, range(AT_ONCE)) for recorded in done]


def count(events: list[DomainEvent], kind: type[DomainEvent]) -> int:
    return sum(isinstance(event, kind) for event in events)


def test_a_period_closed_by_all_is_closed_once(ledger: StoredLedger) -> None:
    ledger.now = at("2026-02-01")
    close = ClosePeriod(subscription="sub_a", period_end=ledger.now)
    assert count(together(ledger, lambda _: close), InvoiceDrafted) == 1


def test_an_invoice_finalized_by_all_is_finalized_and_numbered_once(ledger: StoredLedger) -> None:
    invoice = ledger.close("2026-02-01")
    ledger.now = at("2026-02-01T01:00")
    events = together(ledger, lambda _: FinalizeDueInvoice(invoice=invoice))
    assert count(events, InvoiceFinalized) == 1
    assert count(events, InvoiceNumberAssigned) == 1


def test_a_cancellation_among_closings_leaves_one_history(ledger: StoredLedger) -> None:
    ledger.now = at("2026-02-01")
    close = ClosePeriod(subscription="sub_a", period_end=ledger.now)
    cancel = CancelSubscription(subscription="sub_a")
    events = together(ledger, lambda number: cancel if number % 2 else close)
    assert count(events, SubscriptionCanceled) == 1
    assert count(events, InvoiceDrafted) == 1


def test_no_change_is_lost(ledger: StoredLedger) -> None:
    together(
        ledger,
        lambda number: UpdateSubscription(subscription="sub_a", metadata={f"k{number}": "v"}),
    )
    [last] = ledger.do(UpdateSubscription(subscription="sub_a", metadata={"last": "v"}))
    assert isinstance(last.event, SubscriptionDetailsChanged)
    assert len(last.event.metadata) == AT_ONCE + 1
