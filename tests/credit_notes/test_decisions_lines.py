"""The lines of credit notes: amounts with their discounts and taxes, to the minor unit."""

from decimal import Decimal

import pytest

from ledger.credit_notes.commands import CreditLine
from ledger.credit_notes.events import CreditNoteIssued, CreditNoteLine
from ledger.credit_notes.sharing import discounted, left_to_credit, taxed
from ledger.customers.commands import BillingChange, UpdateCustomer
from ledger.customers.handlers import update_customer
from tests.credit_notes.credited_ledger import CreditedLedger, custom, line, of_invoice


def parts(one: CreditNoteLine) -> tuple[int, int, int]:
    """Amount, discounts and exclusive taxes of a line."""
    return one.amount, discounted(one.discounts), taxed(one.taxes, inclusive=False)


def check_sums(note: CreditNoteIssued) -> None:
    assert note.subtotal == sum(one.amount for one in note.lines)
    assert note.total == note.subtotal - note.discount_total + note.tax_exclusive
    assert note.total == note.pre_payment + note.post_payment
    assert note.post_payment == note.credit_amount + note.out_of_band_amount


@pytest.fixture
def ledger() -> CreditedLedger:
    """US$100 for three seats at 10 % off with 19 % tax: US$107.10; and US$50 with tax included."""
    made = CreditedLedger()
    made.invoice_of(
        line("il_a", 10000, off={"di_1": 1000}, tax={"txr_vat": 1710}, quantity="3"),
        line("il_b", 5000, included={"txr_in": 798}),
    )
    return made


def test_discounts_and_taxes_go_along_with_an_amount(ledger: CreditedLedger) -> None:
    note = ledger.credit(lines=(of_invoice("il_a", amount=5000),))
    [one] = note.lines
    assert parts(one) == (5000, 500, 855)
    assert one.taxes[0].taxable_amount == 4500
    assert (note.subtotal, note.discount_total, note.tax_exclusive) == (5000, 500, 855)
    assert note.total == 5355
    check_sums(note)


def test_a_quantity_is_its_part_of_the_line(ledger: CreditedLedger) -> None:
    [one] = ledger.credit(lines=(of_invoice("il_a", quantity=1),)).lines
    assert (one.quantity, parts(one)) == (1, (3333, 333, 570))


def test_an_included_tax_is_a_part_of_the_amount(ledger: CreditedLedger) -> None:
    note = ledger.credit(lines=(of_invoice("il_b", amount=2500),))
    assert (note.total, note.tax_inclusive, note.tax_exclusive) == (2500, 399, 0)
    assert note.lines[0].taxes[0].taxable_amount == 2101


def test_an_amount_in_all_has_its_share_of_everything(ledger: CreditedLedger) -> None:
    note = ledger.credit(amount=7855)
    a, b = note.lines
    assert (parts(a), parts(b)) == ((5000, 500, 855), (2500, 0, 0))
    assert taxed(b.taxes, inclusive=True) == 399
    check_sums(note)


def test_notes_in_full_give_back_every_part(ledger: CreditedLedger) -> None:
    notes = [
        ledger.credit(lines=(of_invoice("il_a", amount=1),)),
        ledger.credit(amount=777),
        ledger.credit(lines=(of_invoice("il_a", quantity=1), of_invoice("il_b", amount=3))),
    ]
    notes.append(ledger.credit(amount=ledger.settled().creditable))
    for note in notes:
        check_sums(note)
    final = ledger.state().final
    assert final is not None
    left = left_to_credit(final.lines, [one for note in notes for one in note.lines])
    for share in left.values():
        assert share.amount == 0
        assert [discount.amount for discount in share.discounts] == [0] * len(share.discounts)
        assert [tax.amount for tax in share.taxes] == [0] * len(share.taxes)


def test_lines_that_give_back_lower_an_amounts_share() -> None:
    ledger = CreditedLedger()
    ledger.invoice_of(line("il_new", 3000), line("il_old", -1000))
    note = ledger.credit(amount=1000)
    assert [(one.invoice_line_item, one.amount) for one in note.lines] == [
        ("il_new", 1500),
        ("il_old", -500),
    ]
    asked = ledger.request(lines=(of_invoice("il_old", amount=1),))
    assert ledger.refused(asked).code == "amount_too_large"


def test_lines_that_no_minor_unit_falls_on_are_left_out() -> None:
    ledger = CreditedLedger()
    ledger.invoice_of(line("il_1", 99999), line("il_2", 1), line("il_3", 0))
    assert [one.invoice_line_item for one in ledger.credit(amount=10).lines] == ["il_1"]


def test_a_custom_line_is_taxed_at_rates_of_its_own(ledger: CreditedLedger) -> None:
    ledger.tax_rate("txr_9", "19")
    note = ledger.credit(
        lines=(
            custom(unit_amount=Decimal("33.5"), quantity=3, tax_rates=("txr_9",)),
            of_invoice("il_b", amount=10),
        )
    )
    service, _ = note.lines
    assert parts(service) == (101, 0, 19)
    assert (service.quantity, service.unit_amount_decimal) == (3, "33.5")
    assert (note.total, note.tax_inclusive) == (130, 2)
    check_sums(note)


def test_a_tax_included_in_a_custom_line(ledger: CreditedLedger) -> None:
    ledger.tax_rate("txr_7", "7", inclusive=True)
    note = ledger.credit(lines=(custom(unit_amount=Decimal(107), tax_rates=("txr_7",)),))
    assert (note.total, note.tax_inclusive) == (107, 7)


def test_an_exempt_customer_is_credited_no_tax_on_custom_lines(ledger: CreditedLedger) -> None:
    ledger.tax_rate("txr_9", "19")
    exempt = UpdateCustomer(customer="cus_a", billing=BillingChange(tax_exempt="exempt"))
    ledger.when(update_customer, exempt)
    note = ledger.credit(lines=(custom(unit_amount=Decimal(100), tax_rates=("txr_9",)),))
    assert note.total == 100
    assert [tax.reason for tax in note.lines[0].taxes] == ["customer_exempt"]


def test_custom_lines_count_against_what_is_left(ledger: CreditedLedger) -> None:
    ledger.credit(lines=(custom(unit_amount=Decimal(15709)),))
    assert ledger.settled().remaining == 1
    too_much = CreditLine(kind="invoice_line_item", invoice_line_item="il_b", amount=2)
    assert ledger.refused(ledger.request(lines=(too_much,))).code == "amount_too_large"
    assert ledger.credit(amount=1).total == 1


def test_of_a_line_no_more_is_credited_than_is_left(ledger: CreditedLedger) -> None:
    ledger.credit(lines=(of_invoice("il_b", amount=4000),))
    refused = ledger.refused(ledger.request(lines=(of_invoice("il_b", amount=1001),)))
    assert (refused.code, refused.param) == ("amount_too_large", "lines[0][amount]")
    assert ledger.credit(lines=(of_invoice("il_b", amount=1000),)).total == 1000
