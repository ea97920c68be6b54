"""Invoices made and edited by hand: given facts, when asked, then these facts or this refusal."""

from datetime import timedelta
from typing import Any

import pytest

from ledger.invoice_items.commands import ChargeRequest
from ledger.invoice_items.events import (
    InvoiceItemReleased,
    ItemsTaken,
)
from ledger.invoices.commands import (
    AddedLine,
    AddInvoiceLines,
    CreateInvoice,
    DeleteInvoice,
    DetailsRequest,
    FinalizeInvoice,
    SendInvoice,
    UpdateInvoice,
)
from ledger.invoices.events import (
    InvoiceDeleted,
    InvoiceDetailsChanged,
    InvoiceFinalized,
)
from ledger.kernel.money import MAX_AMOUNT
from tests.invoices.by_hand import add, begin, finalized, wait
from tests.support.billing_ledger import GRACE, BillingLedger, at, of_type

NEW_YEAR = at("2026-01-01")


@pytest.fixture
def ledger() -> BillingLedger:
    ledger = BillingLedger()
    ledger.sell()
    return ledger


def test_a_draft_says_who_and_when(ledger: BillingLedger):
    drafted = begin(ledger, description="Thanks")
    assert (drafted.customer, drafted.currency, drafted.billing_reason) == (
        "cus_a",
        "usd",
        "manual",
    )
    assert (drafted.period.start, drafted.period.end, drafted.created) == (NEW_YEAR,) * 3
    details = drafted.details
    assert (details.description, details.auto_advance) == ("Thanks", False)
    assert details.automatically_finalizes_at is None


def test_what_waits_is_taken_in_order(ledger: BillingLedger):
    ledger.subscribe("price_seat")
    wait(ledger, "ii_a", 1)
    wait(ledger, "ii_b", 2, subscription="sub_a")
    wait(ledger, "ii_c", 3)
    drafted = begin(ledger, include_pending=True)
    assert [line.amount for line in drafted.lines] == [1, 3]
    assert ledger.stream("pending_invoice_items:cus_a")[-1] == ItemsTaken(items=("ii_a", "ii_c"))
    mine = begin(ledger, "in_b", subscription="sub_a", include_pending=True)
    assert (mine.customer, [line.amount for line in mine.lines]) == ("cus_a", [2])
    assert begin(ledger, "in_c", include_pending=True).lines == ()


def test_no_more_is_taken_than_there_is_room_for(ledger: BillingLedger):
    for n in range(252):
        wait(ledger, f"ii_w{n}", n)
    assert [line.amount for line in begin(ledger, include_pending=True).lines] == [*range(250)]
    rest = begin(ledger, "in_b", include_pending=True)
    assert [line.amount for line in rest.lines] == [250, 251]


@pytest.mark.parametrize(
    ("asked", "advances", "after"),
    [
        ({}, False, None),
        ({"auto_advance": True}, True, GRACE),
        ({"auto_advance": False}, False, None),
        ({"automatically_finalizes_at": NEW_YEAR + timedelta(9)}, True, timedelta(9)),
    ],
)
def test_when_a_draft_finalizes_itself(
    ledger: BillingLedger, asked: dict[str, Any], advances: bool, after: timedelta | None
):
    details = begin(ledger, **asked).details
    at = None if after is None else NEW_YEAR + after
    assert (details.auto_advance, details.automatically_finalizes_at) == (advances, at)


@pytest.mark.parametrize(
    ("asked", "param", "code"),
    [
        ({"days_until_due": 1}, "days_until_due", None),
        ({"due_date": NEW_YEAR + timedelta(1)}, "due_date", None),
        ({"collection_method": "send_invoice"}, "days_until_due", "parameter_missing"),
        (
            {"collection_method": "send_invoice", "days_until_due": -1},
            "days_until_due",
            "parameter_invalid_integer",
        ),
        ({"collection_method": "send_invoice", "due_date": NEW_YEAR}, "due_date", None),
        ({"automatically_finalizes_at": NEW_YEAR}, "automatically_finalizes_at", None),
        (
            {"automatically_finalizes_at": NEW_YEAR + timedelta(6 * 366)},
            "automatically_finalizes_at",
            None,
        ),
        ({"metadata": {str(n): "a" for n in range(51)}}, "metadata", None),
    ],
)
def test_details_that_are_refused(
    ledger: BillingLedger, asked: dict[str, Any], param: str, code: str | None
):
    command = CreateInvoice(invoice="in_a", customer="cus_a", details=DetailsRequest(**asked))
    refusal = ledger.refused(command)
    assert (refusal.param, refusal.code) == (param, code)


def test_the_customers_currency_is_the_invoices(ledger: BillingLedger):
    assert begin(ledger, currency="eur").currency == "eur"
    ledger.subscribe("price_seat")
    command = CreateInvoice(
        invoice="in_b", customer="cus_a", currency="eur", details=DetailsRequest()
    )
    assert ledger.refused(command).param == "currency"


def test_a_change_that_changes_nothing_is_not_recorded(ledger: BillingLedger):
    begin(ledger, description="A", metadata={"a": "1"})
    same = DetailsRequest(description="A", metadata={"a": "1"}, auto_advance=False)
    assert ledger.do(UpdateInvoice(invoice="in_a", details=same)) == []
    other = DetailsRequest(description="B")
    [(_, changed)] = of_type(
        ledger.do(UpdateInvoice(invoice="in_a", details=other)), InvoiceDetailsChanged
    )
    assert (changed.details.description, changed.details.metadata) == ("B", {"a": "1"})


def test_what_a_finalized_invoice_says_stays(ledger: BillingLedger):
    begin(ledger)
    ledger.do(add(100))
    finalized(ledger)
    noted = DetailsRequest(metadata={"a": "b"}, auto_advance=True)
    [(_, changed)] = of_type(
        ledger.do(UpdateInvoice(invoice="in_a", details=noted)), InvoiceDetailsChanged
    )
    assert (changed.details.metadata, changed.details.auto_advance) == ({"a": "b"}, True)
    changes: list[dict[str, Any]] = [
        {"description": "B"},
        {"collection_method": "send_invoice"},
        {"footer": None},
    ]
    for asked in changes:
        refusal = ledger.refused(UpdateInvoice(invoice="in_a", details=DetailsRequest(**asked)))
        assert (refusal.code, refusal.param) == ("invoice_not_editable", next(iter(asked)))


def test_a_draft_is_deleted_and_its_items_wait(ledger: BillingLedger):
    begin(ledger)
    ledger.do(add(1, 2))
    facts = ledger.do(DeleteInvoice(invoice="in_a"))
    assert len(of_type(facts, InvoiceItemReleased)) == 2
    assert len(of_type(facts, InvoiceDeleted)) == 1
    for command in (
        DeleteInvoice(invoice="in_a"),
        FinalizeInvoice(invoice="in_a"),
        add(1),
        UpdateInvoice(invoice="in_a", details=DetailsRequest()),
    ):
        assert ledger.refused(command).code == "resource_missing"
    assert [line.amount for line in begin(ledger, "in_b", include_pending=True).lines] == [1, 2]


def test_sending_finalizes_a_draft_that_is_to_be_sent(ledger: BillingLedger):
    begin(ledger)
    assert ledger.refused(SendInvoice(invoice="in_a")).param is None
    begin(ledger, "in_b", collection_method="send_invoice", days_until_due=7)
    ledger.do(add(100, invoice="in_b"))
    [(_, final)] = of_type(ledger.do(SendInvoice(invoice="in_b")), InvoiceFinalized)
    assert (final.total, final.due_date) == (100, NEW_YEAR + timedelta(7))
    assert ledger.do(SendInvoice(invoice="in_b")) == []


def test_sums_beyond_64_bits_are_never_issued(ledger: BillingLedger):
    begin(ledger)
    ledger.do(add(MAX_AMOUNT, 1))
    assert "64-bit" in ledger.refused(FinalizeInvoice(invoice="in_a")).message
    less = AddedLine(item="ii_less", charge=ChargeRequest(amount=-2))
    ledger.do(AddInvoiceLines(invoice="in_a", lines=(less,)))
    assert finalized(ledger).total == MAX_AMOUNT - 1
