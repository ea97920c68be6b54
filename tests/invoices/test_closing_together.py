"""Periods closed and invoices finalized together are those of one after the other."""

from collections.abc import Sequence
from typing import Any

from ledger.invoices.commands import ClosePeriod, FinalizeDueInvoice
from ledger.invoices.events import InvoiceFinalized
from ledger.kernel.commands import Command
from ledger.kernel.events import RecordedEvent
from ledger.store.datastore import Datastore
from ledger.subscriptions.commands import CreateSubscription, ItemRequest
from tests.support.billing_ledger import at
from tests.support.stored_ledger import StoredLedger, drafts

SUBSCRIPTIONS = ("sub_a", "sub_b", "sub_c")


def shop(datastore: Datastore, ledger_id: int) -> StoredLedger:
    """One customer with three subscriptions, and usage."""
    ledger = StoredLedger(datastore, ledger_id)
    ledger.sell()
    for subscription in SUBSCRIPTIONS:
        items = [
            ItemRequest(id=f"si_{subscription}_{price}", price=price)
            for price in ("price_tokens", "price_seat")
        ]
        ledger.do(
            CreateSubscription(
                subscription=subscription,
                customer="cus_a",
                items=tuple(items),
                billing_mode="flexible",
            )
        )
    ledger.now = at("2026-01-20")
    for n in range(5):
        ledger.use(f"use_{ledger_id}_{n}", f"2026-01-1{n}", str(100 * n + 1))
    return ledger


def told(events: Sequence[RecordedEvent]) -> list[tuple[str, int, str, dict[str, Any]]]:
    """What was recorded, but for the position that an invoice rests on and what follows from it."""
    found: list[tuple[str, int, str, dict[str, Any]]] = []
    for recorded in events:
        payload = recorded.event.model_dump()
        if isinstance(recorded.event, InvoiceFinalized):
            del payload["through_position"], payload["document_sha256"]
        topic = recorded.event.TOPIC
        found.append((recorded.originator_id, recorded.originator_version, topic, payload))
    return found


def one_by_one(ledger: StoredLedger, commands: Sequence[Command]) -> list[RecordedEvent]:
    return [recorded for command in commands for recorded in ledger.do(command)]


def together(ledger: StoredLedger, commands: Sequence[Command]) -> list[RecordedEvent]:
    asked = [(command, ledger.circumstances()) for command in commands]
    found: list[RecordedEvent] = []
    for outcome in ledger.application.execute_together(asked):
        if isinstance(outcome, Exception):
            raise outcome
        found += outcome.events
    return found


def test_the_events_are_the_same_together_and_one_by_one(datastore: Datastore) -> None:
    apart, joined = shop(datastore, 101), shop(datastore, 102)
    apart.now = joined.now = at("2026-02-01")
    closings = [
        ClosePeriod(subscription=subscription, period_end=apart.now)
        for subscription in SUBSCRIPTIONS
    ]
    closed = one_by_one(apart, closings)
    assert told(together(joined, closings)) == told(closed)
    apart.now = joined.now = at("2026-02-01T01:00")
    finalizings = [FinalizeDueInvoice(invoice=invoice) for invoice in drafts(closed)]
    finalized = one_by_one(apart, finalizings)
    assert len(finalized) == 6
    assert told(together(joined, finalizings)) == told(finalized)
    for command in finalizings:
        assert joined.recompute(command.invoice).equal


def test_what_is_closed_already_is_closed_once(datastore: Datastore) -> None:
    ledger = shop(datastore, 103)
    ledger.now = at("2026-02-01")
    closing = ClosePeriod(subscription="sub_a", period_end=ledger.now)
    assert len(together(ledger, [closing, closing])) == 2
    assert together(ledger, [closing, closing]) == []
