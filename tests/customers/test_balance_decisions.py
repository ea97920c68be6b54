"""What moves a customer's balance, and what is written about it."""

from typing import Any

import pytest

from ledger.customers.balance import transaction_id
from ledger.customers.commands import (
    ChangeCustomerBalance,
    CreateCustomer,
    UpdateBalanceTransaction,
    UpdateCustomer,
)
from ledger.customers.events import (
    BalanceNotes,
    BalanceNotesChanged,
    CustomerBalanceChanged,
    CustomerDeleted,
    CustomerSubscribed,
)
from ledger.customers.handlers import (
    change_customer_balance,
    create_customer,
    update_balance_transaction,
    update_customer,
)
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.errors import NotFound
from tests.support.given_when_then import NOW, LedgerInMemory

HALF = 2**62


@pytest.fixture
def ledger() -> LedgerInMemory:
    made = LedgerInMemory()
    made.when(create_customer, CreateCustomer(customer="cus_1", balance=-500))
    return made


def change(amount: int = 120, **fields: Any) -> ChangeCustomerBalance:
    asked: dict[str, Any] = {"transaction": "cbtxn_1", "currency": "usd", **fields}
    return ChangeCustomerBalance(customer="cus_1", amount=amount, **asked)


def moved(ledger: LedgerInMemory, command: ChangeCustomerBalance) -> CustomerBalanceChanged:
    [(stream, event)] = ledger.when(change_customer_balance, command)
    assert stream == "cus_1"
    assert isinstance(event, CustomerBalanceChanged)
    return event


def test_a_person_moves_the_balance_by_an_amount(ledger: LedgerInMemory) -> None:
    event = moved(ledger, change(description="Thanks", metadata={"why": "kindness"}))
    assert (event.kind, event.change, event.balance) == ("adjustment", 120, -380)
    assert (event.transaction, event.at, event.currency) == ("cbtxn_1", NOW, "usd")
    assert event.personal == BalanceNotes(description="Thanks", metadata={"why": "kindness"})


def test_nothing_is_sealed_where_nothing_is_written(ledger: LedgerInMemory) -> None:
    assert moved(ledger, change()).personal is None


def test_the_first_change_gives_the_balance_its_currency(ledger: LedgerInMemory) -> None:
    moved(ledger, change())
    refused = ledger.refusal(change_customer_balance, change(currency="eur"))
    assert refused.param == "currency"
    assert "usd" in refused.message


def test_a_balance_is_in_the_currency_of_the_subscriptions(ledger: LedgerInMemory) -> None:
    ledger.given("cus_1", CustomerSubscribed(subscription="sub_1", currency="eur"))
    assert ledger.refusal(change_customer_balance, change()).param == "currency"
    assert moved(ledger, change(currency="eur")).balance == -380


def test_a_balance_beyond_64_bits_is_refused_never_wrapped(ledger: LedgerInMemory) -> None:
    moved(ledger, change(HALF))
    refused = ledger.refusal(change_customer_balance, change(HALF + 500, transaction="cbtxn_2"))
    assert refused.param == "amount"
    assert moved(ledger, change(HALF - 1, transaction="cbtxn_2")).balance == 2**63 - 501


def test_a_deleted_customer_has_no_balance_to_move(ledger: LedgerInMemory) -> None:
    ledger.given("cus_1", CustomerDeleted(deleted_at=NOW))
    assert isinstance(ledger.refusal(change_customer_balance, change()), NotFound)


def note(transaction: str, **fields: Any) -> UpdateBalanceTransaction:
    return UpdateBalanceTransaction(customer="cus_1", transaction=transaction, **fields)


def test_what_is_written_about_a_change_may_be_changed(ledger: LedgerInMemory) -> None:
    moved(ledger, change(description="Thanks", metadata={"a": "1", "b": "2"}))
    facts = ledger.when(update_balance_transaction, note("cbtxn_1", metadata={"a": "", "c": "3"}))
    notes = BalanceNotes(description="Thanks", metadata={"b": "2", "c": "3"})
    assert facts == [("cus_1", BalanceNotesChanged(transaction="cbtxn_1", personal=notes))]
    [(_, cleared)] = ledger.when(update_balance_transaction, note("cbtxn_1", description=None))
    assert isinstance(cleared, BalanceNotesChanged)
    assert cleared.personal == BalanceNotes(metadata={"b": "2", "c": "3"})
    assert ledger.when(update_balance_transaction, note("cbtxn_1", metadata={"c": "3"})) == []


def test_changes_without_an_id_are_named_after_their_place(ledger: LedgerInMemory) -> None:
    ledger.when(update_customer, UpdateCustomer(customer="cus_1", balance=0))
    for version in (1, 2):
        named = transaction_id(None, "cus_1", version)
        facts = ledger.when(update_balance_transaction, note(named, description=f"{version}"))
        assert len(facts) == 1


@pytest.mark.parametrize("stranger", ["cbtxn_x", "cus_1", ""])
def test_a_change_of_nobody_is_not_found(ledger: LedgerInMemory, stranger: str) -> None:
    assert isinstance(ledger.refusal(update_balance_transaction, note(stranger)), NotFound)


def test_a_customer_created_without_a_balance_has_no_first_change() -> None:
    ledger = LedgerInMemory()
    ledger.when(create_customer, CreateCustomer(customer="cus_1"))
    first = note(transaction_id(None, "cus_1", 1))
    assert isinstance(ledger.refusal(update_balance_transaction, first), NotFound)


@pytest.mark.parametrize(
    ("balance", "change", "invoice", "kind"),
    [
        (-380, 120, "in_1", "applied_to_invoice"),
        (0, 500, "in_1", "applied_to_invoice"),
        (0, -30, "in_1", "applied_to_invoice"),
        (-500, -500, "in_1", "unapplied_from_invoice"),
        (30, 30, "in_1", "unapplied_from_invoice"),
        (200, 700, None, "adjustment"),
    ],
)
def test_changes_of_the_first_release_get_a_kind(
    balance: int, change: int, invoice: str | None, kind: str
) -> None:
    told = "null" if invoice is None else f'"{invoice}"'
    stored = f'{{"balance":{balance},"change":{change},"invoice":{told}}}'.encode()
    event = EVENT_CATALOGUE.decode("customer.balance_changed.v1", stored)
    assert isinstance(event, CustomerBalanceChanged)
    assert (event.kind, event.balance, event.change) == (kind, balance, change)
    assert (event.transaction, event.at, event.currency) == (None, None, None)
