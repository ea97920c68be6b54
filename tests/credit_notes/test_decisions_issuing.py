"""Issuing credit notes: what they take off an invoice, and where the rest goes."""

from typing import Any

import pytest

from ledger.credit_notes.events import CreditNoteIssued
from ledger.customers.events import CustomerBalanceChanged, CustomerDeleted, CustomerSubscribed
from ledger.invoices.aggregate import Settlement
from ledger.invoices.commands import MarkInvoiceUncollectible, PayInvoice, VoidInvoice
from ledger.invoices.events import InvoiceCredited, InvoiceFinalized, InvoicePaid
from ledger.kernel.errors import NotFound
from tests.credit_notes.credited_ledger import CreditedLedger, custom, line, of_invoice
from tests.support.billing_ledger import of_type


@pytest.fixture
def ledger() -> CreditedLedger:
    """An open invoice of US$100, two thirds of it for seats."""
    made = CreditedLedger()
    made.invoice_of(line("il_seats", 6667, quantity="3"), line("il_setup", 3333))
    return made


def pay(ledger: CreditedLedger) -> None:
    ledger.do(PayInvoice(invoice="in_1", paid_out_of_band=True))


def test_a_note_of_an_open_invoice_lowers_what_remains(ledger: CreditedLedger) -> None:
    facts = ledger.credit_facts(amount=1000, reason="order_change", memo="Sorry")
    note, credited = facts
    assert isinstance(note[1], CreditNoteIssued)
    assert (note[0], note[1].number) == ("cn_1", "TALLY123-0001-CN-01")
    assert (note[1].total, note[1].pre_payment, note[1].post_payment) == (1000, 1000, 0)
    assert (note[1].reason, note[1].memo, note[1].issued_at) == (
        "order_change",
        "Sorry",
        ledger.now,
    )
    assert credited == (
        "in_1",
        InvoiceCredited(
            credit_note="cn_1", pre_payment=1000, post_payment=0, credited_at=ledger.now
        ),
    )
    assert ledger.settled() == Settlement(
        due=10000, credited=1000, paid=0, remaining=9000, creditable=9000
    )


def test_an_amount_is_shared_over_the_lines_to_the_minor_unit(ledger: CreditedLedger) -> None:
    shares = [(one.invoice_line_item, one.amount) for one in ledger.credit(amount=1000).lines]
    assert shares == [("il_seats", 667), ("il_setup", 333)]


def test_what_was_credited_is_not_paid(ledger: CreditedLedger) -> None:
    ledger.credit(amount=4000)
    [(_, paid)] = of_type(ledger.do(PayInvoice(invoice="in_1", paid_out_of_band=True)), InvoicePaid)
    assert paid.amount == 6000
    assert ledger.settled() == Settlement(10000, 4000, 6000, 0, 6000)


def test_an_invoice_credited_in_full_is_paid(ledger: CreditedLedger) -> None:
    ledger.credit(amount=9999)
    facts = ledger.credit_facts(amount=1)
    assert of_type(facts, InvoicePaid) == [
        ("in_1", InvoicePaid(paid_at=ledger.now, paid_out_of_band=False, amount=0))
    ]
    assert ledger.state().status == "paid"
    assert ledger.settled() == Settlement(10000, 10000, 0, 0, 0)


def test_what_exceeds_the_remaining_amount_goes_where_it_is_said_to(
    ledger: CreditedLedger,
) -> None:
    pay(ledger)
    note = ledger.credit(amount=1000, credit_amount=700, out_of_band_amount=300)
    assert (note.pre_payment, note.post_payment) == (0, 1000)
    assert (note.credit_amount, note.out_of_band_amount) == (700, 300)
    assert ledger.balance() == -700
    assert ledger.settled() == Settlement(10000, 0, 10000, 0, 9000)


def test_the_balance_says_which_note_credited_it(ledger: CreditedLedger) -> None:
    pay(ledger)
    [(stream, changed)] = of_type(
        ledger.credit_facts(amount=700, credit_amount=700), CustomerBalanceChanged
    )
    assert (stream, changed.kind, changed.change) == ("cus_a", "credit_note", -700)
    assert (changed.invoice, changed.credit_note, changed.currency) == ("in_1", "cn_1", "usd")
    [(_, note)] = of_type([("", event) for event in ledger.stream("cn_1")], CreditNoteIssued)
    assert changed.transaction == note.balance_transaction


def test_all_of_the_excess_may_go_to_the_balance_whatever_it_is(ledger: CreditedLedger) -> None:
    before = ledger.credit(amount=1000, excess_to_balance=True)
    assert (before.pre_payment, before.credit_amount) == (1000, 0)
    pay(ledger)
    after = ledger.credit(amount=1000, excess_to_balance=True)
    assert (after.pre_payment, after.credit_amount, ledger.balance()) == (0, 1000, -1000)


@pytest.mark.parametrize(
    ("said", "param"),
    [
        ({}, "credit_amount"),
        ({"credit_amount": 999}, "credit_amount"),
        ({"credit_amount": 600, "out_of_band_amount": 401}, "out_of_band_amount"),
    ],
)
def test_the_parts_must_sum_up_to_the_excess(
    ledger: CreditedLedger, said: dict[str, Any], param: str
) -> None:
    pay(ledger)
    refused = ledger.refused(ledger.request(amount=1000, **said))
    assert refused.param == param
    assert "US$10.00" in refused.message


def test_nothing_is_given_back_while_something_remains(ledger: CreditedLedger) -> None:
    refused = ledger.refused(ledger.request(amount=1000, credit_amount=1000))
    assert refused.param == "credit_amount"


def test_credit_that_an_invoice_used_can_be_credited_again() -> None:
    ledger = CreditedLedger()
    ledger.invoice_of(line("il_1", 10000), balance=-3000)
    note = ledger.credit(amount=10000, credit_amount=3000)
    assert (note.pre_payment, note.post_payment) == (7000, 3000)
    assert ledger.state().status == "paid"
    assert ledger.settled() == Settlement(7000, 7000, 0, 0, 0)


def test_a_debt_charged_along_is_not_of_the_invoice() -> None:
    ledger = CreditedLedger()
    ledger.invoice_of(line("il_1", 10000), balance=500)
    assert ledger.refused(ledger.request(amount=10001)).code == "amount_too_large"
    ledger.credit(amount=10000)
    assert ledger.settled() == Settlement(10500, 10000, 0, 500, 0)
    assert ledger.state().status == "open"


@pytest.mark.parametrize("amount", [10001, 2**63 - 1])
def test_more_than_an_invoice_is_refused(ledger: CreditedLedger, amount: int) -> None:
    refused = ledger.refused(ledger.request(amount=amount))
    assert (refused.code, refused.param) == ("amount_too_large", "amount")
    assert "US$100.00" in refused.message


def test_more_than_is_left_is_refused(ledger: CreditedLedger) -> None:
    ledger.credit(amount=6000)
    refused = ledger.refused(ledger.request(amount=4001))
    assert (refused.code, refused.param) == ("amount_too_large", "amount")
    pay(ledger)
    paid = ledger.request(amount=4001, credit_amount=4001)
    assert ledger.refused(paid).code == "amount_too_large"
    ledger.credit(amount=4000, out_of_band_amount=4000)
    nothing_left = ledger.refused(ledger.request(amount=1))
    assert (nothing_left.code, nothing_left.param) == ("amount_too_large", "invoice")


@pytest.mark.parametrize("amount", [0, -1])
def test_a_note_of_nothing_is_refused(ledger: CreditedLedger, amount: int) -> None:
    refused = ledger.refused(ledger.request(amount=amount))
    assert (refused.code, refused.param) == ("amount_too_small", "amount")


def test_a_note_needs_an_amount_or_lines(ledger: CreditedLedger) -> None:
    refused = ledger.refused(ledger.request())
    assert (refused.code, refused.param) == ("parameter_missing", "amount")


def test_drafts_and_void_invoices_are_not_credited(ledger: CreditedLedger) -> None:
    ledger.do(VoidInvoice(invoice="in_1"))
    refused = ledger.refused(ledger.request(amount=1))
    assert refused.param == "invoice"
    assert "void" in refused.message
    drafted = [event for event in ledger.stream("in_1") if not isinstance(event, InvoiceFinalized)]
    ledger.given("in_draft", drafted[0])
    assert "a draft" in ledger.refused(ledger.request("in_draft", amount=1)).message


def test_uncollectible_invoices_are_credited(ledger: CreditedLedger) -> None:
    ledger.do(MarkInvoiceUncollectible(invoice="in_1"))
    ledger.credit(amount=4000)
    assert (ledger.state().status, ledger.settled().remaining) == ("uncollectible", 6000)
    ledger.credit(amount=6000)
    assert ledger.state().status == "paid"


def test_an_invoice_that_gives_back_leaves_nothing_to_credit() -> None:
    ledger = CreditedLedger()
    ledger.invoice_of(line("il_1", 100), line("il_2", -300))
    ledger.given("in_1", InvoicePaid(paid_at=ledger.now, paid_out_of_band=False, amount=0))
    refused = ledger.refused(ledger.request(lines=(of_invoice("il_1", amount=100),)))
    assert (refused.code, refused.param) == ("amount_too_large", "invoice")


@pytest.mark.parametrize("stranger", ["in_unknown", "cus_a", ""])
def test_an_invoice_of_another_ledger_is_not_found(ledger: CreditedLedger, stranger: str) -> None:
    refused = ledger.refused(ledger.request(stranger, amount=1))
    assert isinstance(refused, NotFound)
    assert refused.param == "invoice"


def test_a_deleted_customer_gets_no_credit(ledger: CreditedLedger) -> None:
    ledger.given("cus_a", CustomerDeleted(deleted_at=ledger.now))
    pay(ledger)
    assert ledger.refused(ledger.request(amount=1, credit_amount=1)).param == "credit_amount"
    assert ledger.credit(amount=1, out_of_band_amount=1).post_payment == 1


def test_credit_in_another_currency_than_the_balance_is_refused(ledger: CreditedLedger) -> None:
    ledger.given("cus_a", CustomerSubscribed(subscription="sub_1", currency="eur"))
    pay(ledger)
    assert ledger.refused(ledger.request(amount=1, credit_amount=1)).param == "currency"


def test_a_balance_beyond_64_bits_is_refused() -> None:
    ledger = CreditedLedger()
    ledger.customer("cus_rich", balance=-(2**63 - 1))
    ledger.invoice_of(line("il_1", 100), customer="cus_rich")
    pay(ledger)
    assert ledger.refused(ledger.request(amount=1, credit_amount=1)).param == "credit_amount"


@pytest.mark.parametrize(
    ("asked", "code", "param"),
    [
        (of_invoice("il_x", amount=1), "resource_missing", "lines[0][invoice_line_item]"),
        (of_invoice("il_seats"), "parameter_missing", "lines[0][amount]"),
        (of_invoice("il_seats", amount=0), "amount_too_small", "lines[0][amount]"),
        (of_invoice("il_seats", amount=6668), "amount_too_large", "lines[0][amount]"),
        (of_invoice("il_seats", quantity=4), "amount_too_large", "lines[0][quantity]"),
        (custom(quantity=2), "parameter_missing", "lines[0][unit_amount]"),
        (custom(unit_amount="0"), "amount_too_small", "lines[0][unit_amount]"),
        (custom(unit_amount="10001"), "amount_too_large", "lines"),
        (custom(unit_amount="9223372036854775807", quantity=2), None, "lines[0][unit_amount]"),
        (
            custom(unit_amount="1", tax_rates=("txr_x",)),
            "resource_missing",
            "lines[0][tax_rates]",
        ),
    ],
)
def test_a_bad_line_is_named(
    ledger: CreditedLedger, asked: Any, code: str | None, param: str
) -> None:
    refused = ledger.refused(ledger.request(lines=(asked,)))
    assert (refused.code, refused.param) == (code, param)


def test_an_invoice_line_is_credited_once_in_a_note(ledger: CreditedLedger) -> None:
    twice = (of_invoice("il_seats", amount=1), of_invoice("il_seats", amount=1))
    assert ledger.refused(ledger.request(lines=twice)).param == "lines[1][invoice_line_item]"


def test_too_much_metadata_is_refused(ledger: CreditedLedger) -> None:
    many = {str(n): "x" for n in range(51)}
    assert ledger.refused(ledger.request(amount=1, metadata=many)).param == "metadata"
    asked = of_invoice("il_seats", amount=1, metadata=many)
    assert ledger.refused(ledger.request(lines=(asked,))).param == "lines[0][metadata]"
