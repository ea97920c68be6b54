"""Customers: what is recorded when they come, change and go."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ledger.customers.aggregate import Customer, evolve, subscribe
from ledger.customers.commands import (
    AttachPaymentMethod,
    BillingChange,
    CreateCustomer,
    DeleteCustomer,
    UpdateCustomer,
)
from ledger.customers.events import (
    BillingFields,
    CustomerBalanceChanged,
    CustomerCreated,
    CustomerDeleted,
    CustomerDetailsChanged,
    CustomerSubscribed,
    InvoicePrefixClaimed,
    PaymentMethodAttached,
    PersonalFields,
)
from ledger.customers.handlers import customer_now, handlers
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.store.work import Work
from ledger.test_clocks import commands as clock_commands
from ledger.test_clocks import events as clocks
from tests.support.given_when_then import NOW, LedgerInMemory

FROZEN = datetime(2023, 11, 16, tzinfo=UTC)
PREFIX = "HSSNBD4Z"


class Subscriptions:
    """Notes whose subscriptions were cancelled."""

    def __init__(self) -> None:
        self.cancelled: list[str] = []

    def cancel_all(self, work: Work, customer: Customer) -> None:
        self.cancelled.extend(customer.subscriptions)


SUBSCRIPTIONS = Subscriptions()
HANDLERS = handlers(SUBSCRIPTIONS)
create, update, delete = (HANDLERS[c] for c in (CreateCustomer, UpdateCustomer, DeleteCustomer))


def born(**changes: Any) -> CustomerCreated:
    facts: dict[str, Any] = {
        "personal": PersonalFields(name="John Doe"),
        "billing": BillingFields(invoice_prefix=PREFIX),
        "balance": 0,
        "test_clock": None,
        "created": NOW,
        "livemode": False,
    }
    return CustomerCreated(**facts | changes)


def moved(**changes: Any) -> CustomerBalanceChanged:
    """A change at NOW by a person, without an id of its own."""
    nothing = dict.fromkeys(("transaction", "currency", "invoice", "credit_note", "personal"))
    facts: dict[str, Any] = {**nothing, "kind": "adjustment", "at": NOW}
    return CustomerBalanceChanged(**facts | changes)


def a_clock() -> clocks.TestClockCreated:
    return clocks.TestClockCreated(
        frozen_time=FROZEN,
        name=None,
        created=NOW,
        deletes_after=NOW + timedelta(days=30),
        livemode=False,
    )


@pytest.fixture
def ledger() -> LedgerInMemory:
    return LedgerInMemory().given("cus_1", born())


def test_a_customer_needs_no_field_at_all_and_gets_an_invoice_prefix():
    [(stream, event)] = LedgerInMemory().when(create, CreateCustomer(customer="cus_1"))
    assert stream == "cus_1"
    assert isinstance(event, CustomerCreated)
    assert event == born(personal=PersonalFields(), billing=event.billing)
    assert len(event.billing.invoice_prefix) == 8
    assert event.billing.invoice_prefix.isalnum()
    assert event.billing.invoice_prefix.upper() == event.billing.invoice_prefix


def test_the_prefix_follows_from_the_id():
    def prefix(customer: str) -> str:
        [(_, event)] = LedgerInMemory().when(create, CreateCustomer(customer=customer))
        assert isinstance(event, CustomerCreated)
        return event.billing.invoice_prefix

    assert prefix("cus_1") == prefix("cus_1") != prefix("cus_2")


def test_a_prefix_that_was_asked_for_is_one_customers_for_ever(ledger: LedgerInMemory):
    def with_prefix(prefix: str | None) -> BillingChange:
        return BillingChange(invoice_prefix=prefix)

    asked = CreateCustomer(customer="cus_2", billing=with_prefix("ACME"))
    claim, _ = ledger.when(create, asked)
    assert claim == ("invoice_prefix:ACME", InvoicePrefixClaimed(customer="cus_2"))
    ledger.when(update, UpdateCustomer(customer="cus_2", billing=with_prefix("NEW")))
    for command in (
        UpdateCustomer(customer="cus_1", billing=with_prefix("ACME")),
        CreateCustomer(customer="cus_3", billing=with_prefix("NEW")),
    ):
        handler = update if isinstance(command, UpdateCustomer) else create
        assert ledger.refusal(handler, command).param == "invoice_prefix"
    back = UpdateCustomer(customer="cus_2", billing=with_prefix("ACME"))
    [(stream, event)] = ledger.when(update, back)
    assert (stream, isinstance(event, CustomerDetailsChanged)) == ("cus_2", True)


def test_a_customer_on_a_test_clock_lives_on_its_time():
    ledger = LedgerInMemory().given("clock_1", a_clock())
    command = CreateCustomer(customer="cus_1", test_clock="clock_1")
    placed, created = ledger.when(create, command)
    assert placed == ("clock_1", clocks.CustomerPlaced(customer="cus_1"))
    assert isinstance(created[1], CustomerCreated)
    assert created[1].created == FROZEN


def test_an_unknown_test_clock_is_refused():
    command = CreateCustomer(customer="cus_1", test_clock="clock_x")
    refused = LedgerInMemory().refusal(create, command)
    assert isinstance(refused, NotFound)
    assert refused.param == "test_clock"


def test_the_time_of_a_customer_is_their_clocks(ledger: LedgerInMemory):
    ledger.given("clock_1", a_clock())
    seen: list[datetime] = []

    def look(work: Work, command: DeleteCustomer) -> None:
        customer = work.require(evolve, command.customer, "customer")
        seen.append(customer_now(work, customer))

    ledger.given("cus_2", born(test_clock="clock_1"))
    ledger.when(look, DeleteCustomer(customer="cus_1"))
    ledger.when(look, DeleteCustomer(customer="cus_2"))
    assert seen == [NOW, FROZEN]


def test_only_the_given_fields_change(ledger: LedgerInMemory):
    command = UpdateCustomer(
        customer="cus_1",
        personal=PersonalFields(email="john@example.com"),
        metadata={"tier": "gold"},
        billing=BillingChange(default_payment_method="pm_card_visa"),
    )
    personal = PersonalFields(name="John Doe", email="john@example.com", metadata={"tier": "gold"})
    billing = BillingFields(invoice_prefix=PREFIX, default_payment_method="pm_card_visa")
    assert ledger.when(update, command) == [
        ("cus_1", CustomerDetailsChanged(personal=personal, billing=billing))
    ]


def test_a_given_none_unsets_a_field(ledger: LedgerInMemory):
    command = UpdateCustomer(customer="cus_1", personal=PersonalFields(name=None))
    [(_, event)] = ledger.when(update, command)
    assert isinstance(event, CustomerDetailsChanged)
    assert event.personal == PersonalFields()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"a": "2"}, {"a": "2", "b": "1"}),
        ({"a": ""}, {"b": "1"}),
        ({"c": "3"}, {"a": "1", "b": "1", "c": "3"}),
        (None, {}),
    ],
)
def test_metadata_is_merged(change: dict[str, str] | None, left: dict[str, str]):
    ledger = LedgerInMemory().given(
        "cus_1", born(personal=PersonalFields(metadata={"a": "1", "b": "1"}))
    )
    [(_, event)] = ledger.when(update, UpdateCustomer(customer="cus_1", metadata=change))
    assert isinstance(event, CustomerDetailsChanged)
    assert event.personal == PersonalFields(metadata=left)


def test_more_than_fifty_keys_of_metadata_are_refused(ledger: LedgerInMemory):
    many = {str(i): "x" for i in range(51)}
    refused = ledger.refusal(update, UpdateCustomer(customer="cus_1", metadata=many))
    assert refused.param == "metadata"


def test_a_change_of_nothing_records_nothing(ledger: LedgerInMemory):
    command = UpdateCustomer(
        customer="cus_1", personal=PersonalFields(name="John Doe"), metadata={}, balance=0
    )
    assert ledger.when(update, command) == []


def test_a_balance_is_its_own_fact(ledger: LedgerInMemory):
    ledger.when(update, UpdateCustomer(customer="cus_1", balance=-500))
    assert ledger.when(update, UpdateCustomer(customer="cus_1", balance=200)) == [
        ("cus_1", moved(balance=200, change=700))
    ]


def test_a_balance_beyond_64_bits_is_refused(ledger: LedgerInMemory):
    refused = ledger.refusal(update, UpdateCustomer(customer="cus_1", balance=2**63))
    assert refused.param == "balance"


def test_the_first_subscription_sets_the_currency_of_the_customer():
    first = CustomerSubscribed(subscription="sub_1", currency="usd")
    customer = evolve(evolve(None, born()), first)
    assert (customer.currency, customer.subscriptions) == ("usd", ("sub_1",))
    assert subscribe(customer, "sub_2", "usd").currency == "usd"
    with pytest.raises(InvalidRequest, match="combine currencies"):
        subscribe(customer, "sub_2", "eur")


def test_a_payment_method_is_remembered(ledger: LedgerInMemory):
    command = AttachPaymentMethod(customer="cus_1", payment_method="pm_card_visa")
    assert ledger.when(HANDLERS[AttachPaymentMethod], command) == [
        ("cus_1", PaymentMethodAttached(payment_method="pm_card_visa", attached_at=NOW))
    ]


def test_a_deleted_customer_is_not_found_and_their_subscriptions_are_cancelled(
    ledger: LedgerInMemory,
):
    ledger.given("cus_1", CustomerSubscribed(subscription="sub_1", currency="usd"))
    SUBSCRIPTIONS.cancelled.clear()
    assert ledger.when(delete, DeleteCustomer(customer="cus_1")) == [
        ("cus_1", CustomerDeleted(deleted_at=NOW))
    ]
    assert SUBSCRIPTIONS.cancelled == ["sub_1"]
    assert isinstance(ledger.refusal(delete, DeleteCustomer(customer="cus_1")), NotFound)
    assert isinstance(ledger.refusal(update, UpdateCustomer(customer="cus_1")), NotFound)


@pytest.mark.parametrize("stranger", ["cus_unknown", "clock_1", ""])
def test_what_is_no_customer_is_not_found(ledger: LedgerInMemory, stranger: str):
    ledger.given("clock_1", a_clock())
    assert isinstance(ledger.refusal(delete, DeleteCustomer(customer=stranger)), NotFound)


def test_deleting_a_clock_deletes_its_customers():
    ledger = LedgerInMemory().given("clock_1", a_clock())
    for customer in ("cus_1", "cus_2"):
        ledger.when(create, CreateCustomer(customer=customer, test_clock="clock_1"))
    ledger.when(delete, DeleteCustomer(customer="cus_1"))
    command = clock_commands.DeleteTestClock(test_clock="clock_1")
    assert ledger.when(HANDLERS[clock_commands.DeleteTestClock], command) == [
        ("cus_2", CustomerDeleted(deleted_at=FROZEN)),
        ("clock_1", clocks.TestClockDeleted(deleted_at=NOW)),
    ]
