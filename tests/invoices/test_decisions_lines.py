"""Lines of drafts edited by hand: given facts, when asked, then these facts."""

import pytest

from ledger.invoice_items.commands import ChargeRequest
from ledger.invoice_items.events import (
    InvoiceItemChanged,
    InvoiceItemCreated,
    InvoiceItemDeleted,
    InvoiceItemInvoiced,
    InvoiceItemReleased,
)
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    ChangedLine,
    RemovedLine,
    RemoveInvoiceLines,
    UpdateInvoiceLine,
    UpdateInvoiceLines,
)
from ledger.invoices.events import (
    InvoiceDetailsChanged,
    InvoiceLinesChanged,
)
from tests.invoices.by_hand import add, begin, finalized, wait
from tests.support.billing_ledger import BillingLedger, at, of_type

NEW_YEAR = at("2026-01-01")


@pytest.fixture
def ledger() -> BillingLedger:
    ledger = BillingLedger()
    ledger.sell()
    return ledger


def test_lines_that_are_added_are_items(ledger: BillingLedger):
    begin(ledger)
    wait(ledger, "ii_waiting", 70)
    command = AddInvoiceLines(
        invoice="in_a",
        lines=(
            AddedLine(item="ii_new", charge=ChargeRequest(amount=30)),
            AddedLine(item="ii_x", waiting="ii_waiting", charge=ChargeRequest(description="W")),
        ),
        metadata={"n": "2"},
    )
    facts = ledger.do(command)
    assert [stream for stream, _ in of_type(facts, InvoiceItemCreated)] == ["ii_new"]
    assert [stream for stream, _ in of_type(facts, InvoiceItemInvoiced)] == ["ii_new", "ii_waiting"]
    added = [line for _, fact in of_type(facts, InvoiceLinesChanged) for line in fact.added]
    assert [(line.amount, line.description) for line in added] == [(30, None), (70, "W")]
    [(_, noted)] = of_type(facts, InvoiceDetailsChanged)
    assert noted.details.metadata == {"n": "2"}
    assert finalized(ledger).total == 100


def test_lines_are_changed_with_their_items(ledger: BillingLedger):
    begin(ledger)
    lines = [
        line
        for _, fact in of_type(ledger.do(add(1, 2)), InvoiceLinesChanged)
        for line in fact.added
    ]
    command = UpdateInvoiceLines(
        invoice="in_a",
        lines=tuple(
            ChangedLine(line=line.id, charge=ChargeRequest(amount=10 * (line.amount or 0)))
            for line in lines
        ),
    )
    facts = ledger.do(command)
    assert [fact.charge.amount for _, fact in of_type(facts, InvoiceItemChanged)] == [10, 20]
    one = ChangedLine(line=lines[1].id, charge=ChargeRequest(amount=5))
    ledger.do(UpdateInvoiceLine(invoice="in_a", line=one))
    assert finalized(ledger).total == 15


def test_lines_are_removed_for_good_or_wait_again(ledger: BillingLedger):
    begin(ledger)
    lines = [
        line.id
        for _, fact in of_type(ledger.do(add(1, 2, 4)), InvoiceLinesChanged)
        for line in fact.added
    ]
    facts = ledger.do(
        RemoveInvoiceLines(
            invoice="in_a",
            lines=(
                RemovedLine(line=lines[0], behavior="delete"),
                RemovedLine(line=lines[1], behavior="unassign"),
            ),
        )
    )
    assert [stream for stream, _ in of_type(facts, InvoiceItemDeleted)] == ["ii_0"]
    assert [stream for stream, _ in of_type(facts, InvoiceItemReleased)] == ["ii_1"]
    assert finalized(ledger).total == 4
    assert [line.amount for line in begin(ledger, "in_b", include_pending=True).lines] == [2]


def test_an_item_that_came_back_can_be_put_on_the_same_draft_again(ledger: BillingLedger):
    begin(ledger)
    [line] = [
        line.id
        for _, fact in of_type(ledger.do(add(7)), InvoiceLinesChanged)
        for line in fact.added
    ]
    ledger.do(
        RemoveInvoiceLines(invoice="in_a", lines=(RemovedLine(line=line, behavior="unassign"),))
    )
    again = AddedLine(item="ii_x", waiting="ii_0", charge=ChargeRequest())
    ledger.do(AddInvoiceLines(invoice="in_a", lines=(again,)))
    assert finalized(ledger).total == 7
