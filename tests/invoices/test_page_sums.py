"""The sums of an invoice's page: discounts, taxes, balance, credits, payment."""

import msgspec
import pytest

from api.invoices.document.naming import coupon_name, tax_name
from api.invoices.document.page import Sum
from api.invoices.document.sums import Credit
from projections.coupons.rows import CouponRow
from projections.invoices.rows import AmountsPart, LineDiscountPart, LineTaxPart
from projections.tax_rates.rows import TaxRateRow
from tests.support.composed_pages import page_of
from tests.support.invoice_rows import JANUARY, a_line, an_invoice

MANY_SUMS = an_invoice(
    lines=(
        a_line(
            amount=10_000,
            discounts=(LineDiscountPart("di_1", 1_000),),
            taxes=(
                LineTaxPart("txr_vat", 1_710, 9_000, False, "standard_rated"),
                LineTaxPart("txr_duty", 90, 8_910, True, "standard_rated"),
            ),
        ),
        a_line(
            id="il_2",
            amount=5_000,
            discounts=(LineDiscountPart("di_1", 500),),
            taxes=(LineTaxPart("txr_vat", 855, 4_500, False, "standard_rated"),),
        ),
    ),
    amounts=AmountsPart(
        subtotal=15_000,
        discount_total=1_500,
        tax_exclusive=2_565,
        tax_inclusive=90,
        total=16_065,
        starting_balance=-65,
        ending_balance=0,
        amount_due=16_000,
        amount_paid=6_000,
        pre_payment_credited=4_000,
        post_payment_credited=500,
    ),
)


def test_sums_lead_from_the_lines_to_what_remains():
    page = page_of(
        MANY_SUMS,
        discounts={"di_1": "Launch, 10 % off"},
        tax_rates={"txr_vat": "VAT 19 %", "txr_duty": "Duty 1 %"},
        credits_=(Credit("ADA-0001-CN-01", 4_000, 500),),
    )
    assert page.sums == (
        Sum("Subtotal", "US$150.00"),
        Sum("Discount: Launch, 10 % off", "−US$15.00"),
        Sum("Total excluding tax", "US$134.10", "memo"),
        Sum("VAT 19 %", "US$25.65", note="on US$135.00"),
        Sum("Total", "US$160.65", "total"),
        Sum("Included: Duty 1 %", "US$0.90", "memo", "on US$89.10"),
        Sum("Credit applied", "−US$0.65"),
        Sum("Amount due", "US$160.00", "total"),
        Sum("Credit note ADA-0001-CN-01", "−US$40.00"),
        Sum("Paid", "−US$60.00"),
        Sum("Remaining", "US$60.00", "total"),
        Sum("Given back by credit note ADA-0001-CN-01", "US$5.00", "memo"),
    )
    assert page.headline == Sum("Amount due", "US$60.00")
    assert page.lines[0].notes[-1] == "Its part of the discounts: −US$10.00."


def test_a_tax_that_is_not_charged_says_why():
    tax = LineTaxPart("txr_vat", 0, 120, False, "reverse_charge")
    page = page_of(an_invoice(lines=(a_line(taxes=(tax,)),)), tax_rates={"txr_vat": "VAT 19 %"})
    [shown] = [s for s in page.sums if s.label == "VAT 19 %"]
    assert shown.note == "on US$1.20, reverse charge: the customer accounts for the tax"


@pytest.mark.parametrize(
    ("total", "due", "sum_"),
    [
        (120, 620, Sum("Owed from before", "US$5.00")),
        (120, 0, Sum("Credit applied", "−US$1.20")),
        (-120, 0, Sum("Kept as credit for later invoices", "US$1.20")),
    ],
)
def test_the_balance_stands_between_total_and_amount_due(total: int, due: int, sum_: Sum):
    page = page_of(an_invoice(amounts=AmountsPart(subtotal=total, total=total, amount_due=due)))
    assert page.sums[-2] == sum_


def test_discounts_and_taxes_are_named():
    coupon = CouponRow(
        id="launch",
        sequence=1,
        created=JANUARY,
        livemode=True,
        percent_off="12.5",
        amount_off=None,
        currency=None,
        currency_options={},
        duration="once",
        duration_in_months=None,
        products=None,
        max_redemptions=None,
        redeem_by=None,
        name="Launch",
        metadata={},
    )
    assert coupon_name(coupon, "usd") == "Launch, 12.5 % off"
    amount = msgspec.structs.replace(
        coupon,
        name=None,
        percent_off=None,
        amount_off=500,
        currency="usd",
        currency_options={"jpy": 700},
    )
    assert [coupon_name(amount, c) for c in ("usd", "jpy")] == ["US$5.00 off", "¥700 off"]
    rate = TaxRateRow(
        id="txr_1",
        sequence=1,
        created=JANUARY,
        livemode=True,
        percentage="8.875",
        inclusive=False,
        display_name="Sales tax",
        active=True,
        country="US",
        description=None,
        jurisdiction="New York",
        metadata={},
        state="NY",
        tax_type="sales_tax",
    )
    assert tax_name(rate) == "Sales tax 8.875 % (New York)"
    assert tax_name(msgspec.structs.replace(rate, jurisdiction=None)) == "Sales tax 8.875 %"
