"""The read model of customers: what is left of them after each fact."""

from datetime import UTC, datetime

import pytest

from ledger.customers.events import (
    Address,
    BalanceNotes,
    BalanceNotesChanged,
    BillingFields,
    CustomerBalanceChanged,
    CustomerCreated,
    CustomerDeleted,
    CustomerDetailsChanged,
    CustomerSubscribed,
    CustomField,
    PersonalFields,
    Shipping,
)
from ledger.invoices.events import InvoiceNumberAssigned
from ledger.invoices.numbering import numbers_stream
from ledger.kernel.events import DomainEvent
from projections.customers.projection import CustomersProjection
from projections.customers.rows import (
    BALANCE_TRANSACTIONS,
    CUSTOMERS,
    CustomerRow,
    PersonalPart,
    ShippingPart,
)
from tests.support.recorded import rows_after

CREATED = datetime(2023, 11, 16, tzinfo=UTC)
BILLING = BillingFields(invoice_prefix="TALLY123")
PERSONAL = PersonalFields(
    name="John Doe",
    email="john@example.com",
    address=Address(city="Bern"),
    shipping=Shipping(address=Address(line1="1 Way"), name="John"),
    invoice_custom_fields=(CustomField(name="PO", value="7"),),
    preferred_locales=("de",),
    metadata={"tier": "gold"},
)
BORN = CustomerCreated(
    personal=PERSONAL,
    billing=BILLING,
    balance=-500,
    test_clock="clock_1",
    created=CREATED,
    livemode=False,
)
MOVED = CustomerBalanceChanged(
    transaction="cbtxn_1",
    kind="applied_to_invoice",
    balance=20,
    change=520,
    currency="usd",
    invoice="in_1",
    credit_note=None,
    personal=None,
    at=CREATED,
)


def after(*events: DomainEvent) -> CustomerRow:
    rows = rows_after(CustomersProjection(), *[("cus_1", event) for event in (BORN, *events)])
    row = rows.get(CUSTOMERS, "cus_1")
    assert row is not None
    return row


def test_a_new_customer():
    blank = dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state"))
    assert after() == CustomerRow(
        id="cus_1",
        sequence=1,
        created=1700092800,
        livemode=False,
        balance=-500,
        invoice_prefix="TALLY123",
        tax_exempt="none",
        test_clock="clock_1",
        email="john@example.com",
        personal=PersonalPart(
            name="John Doe",
            email="john@example.com",
            address={**blank, "city": "Bern"},
            shipping=ShippingPart(address={**blank, "line1": "1 Way"}, name="John", phone=None),
            invoice_custom_fields=({"name": "PO", "value": "7"},),
            preferred_locales=("de",),
            metadata={"tier": "gold"},
        ),
    )


def test_a_row_survives_being_stored():
    row = after()
    encoded = CUSTOMERS.document_of(row)
    assert CUSTOMERS.decode(encoded) == row


def test_changed_details_replace_the_old_ones():
    billing = BILLING.model_copy(update={"default_payment_method": "pm_card_visa"})
    row = after(CustomerDetailsChanged(personal=PersonalFields(name="Jo"), billing=billing))
    assert row.personal == PersonalPart(name="Jo")
    assert row.email is None
    assert row.default_payment_method == "pm_card_visa"
    assert row.balance == -500


def test_the_balance_is_the_last_one():
    assert after(MOVED).balance == 20


def test_the_currency_is_that_of_the_first_subscription():
    first = CustomerSubscribed(subscription="sub_1", currency="usd")
    assert after().currency is None
    both = after(first, CustomerSubscribed(subscription="sub_2", currency="usd"))
    assert (both.currency, both.subscriptions) == ("usd", ("sub_1", "sub_2"))


def test_each_invoice_number_moves_the_next_one():
    assigned = InvoiceNumberAssigned(sequence=1, number="TALLY123-0001", invoice="in_1")
    facts = [("cus_1", BORN), (numbers_stream("cus_1"), assigned)]
    row = rows_after(CustomersProjection(), *facts).get(CUSTOMERS, "cus_1")
    assert row is not None
    assert row.next_invoice_sequence == 2


def test_nothing_personal_is_left_of_a_deleted_customer():
    row = after(CustomerDeleted(deleted_at=CREATED))
    assert row.deleted
    assert (row.personal, row.email) == (PersonalPart(), None)


def test_a_customer_whose_key_was_destroyed_is_blank():
    forgotten = BORN.model_copy(update={"personal": None})
    row = rows_after(CustomersProjection(), ("cus_1", forgotten)).get(CUSTOMERS, "cus_1")
    assert row is not None
    assert (row.personal, row.email, row.balance) == (PersonalPart(), None, -500)


def test_a_change_of_an_unknown_customer_is_poison():
    with pytest.raises(LookupError, match="cus_2"):
        rows_after(CustomersProjection(), ("cus_2", CustomerDeleted(deleted_at=CREATED)))


def test_every_change_of_the_balance_has_a_row():
    rows = rows_after(
        CustomersProjection(),
        ("cus_1", BORN),
        ("cus_1", MOVED),
        (
            "cus_1",
            BalanceNotesChanged(
                transaction="cbtxn_1",
                personal=BalanceNotes(description="Used", metadata={"a": "b"}),
            ),
        ),
    )
    told = [
        (r.kind, r.amount, r.ending_balance, r.currency) for r in rows.all(BALANCE_TRANSACTIONS)
    ]
    assert sorted(told, reverse=True) == [
        ("initial", -500, -500, None),
        ("applied_to_invoice", 520, 20, "usd"),
    ]
    row = rows.get(BALANCE_TRANSACTIONS, "cbtxn_1")
    assert row is not None
    assert (row.invoice, row.description, row.metadata) == ("in_1", "Used", {"a": "b"})
    customer = rows.get(CUSTOMERS, "cus_1")
    assert customer is not None
    assert customer.currency == "usd"
