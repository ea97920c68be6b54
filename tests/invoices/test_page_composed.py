"""From an invoice's row to its page: lines with their steps, sums, and what the status means."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from api.invoices.document.composing import Sources, compose
from api.invoices.document.lines import LineSources
from api.invoices.document.naming import coupon_name, tax_name
from api.invoices.document.page import InvoicePage, Line, Step, Sum
from api.invoices.document.sums import Credit, SumSources
from ledger.prices.terms import PercentageFee, PriceTerms, Recurring, TransformQuantity
from projections.coupons.rows import CouponRow
from projections.customers.rows import CustomerRow, PersonalPart
from projections.invoices.rows import (
    AmountsPart,
    InvoiceRow,
    LateUsagePart,
    LineDiscountPart,
    LineTaxPart,
)
from projections.tax_rates.rows import TaxRateRow
from tests.support.invoice_rows import (
    FEBRUARY,
    JANUARY,
    a_draft,
    a_line,
    a_step,
    an_invoice,
)

MONTHLY = Recurring(interval="month", usage_type="metered", meter="mtr_1")
TOKENS = PriceTerms(
    currency="usd",
    unit_amount=4,
    unit_amount_decimal="4",
    transform_quantity=TransformQuantity(divide_by=100, round="up"),
    recurring=MONTHLY,
)
ADA = PersonalPart(
    name="Ada Lovelace",
    email="ada@example.com",
    address={"line1": "12 St James’s Square", "city": "London", "postal_code": "SW1Y 4JH"},
    invoice_custom_fields=({"name": "Purchase order", "value": "PO-7"},),
    invoice_footer="Footer of the customer.",
)


def page_of(
    row: InvoiceRow,
    *,
    personal: PersonalPart = ADA,
    terms: Mapping[str, PriceTerms] | None = None,
    originals: Mapping[str, InvoiceRow] | None = None,
    discounts: Mapping[str, str] | None = None,
    tax_rates: Mapping[str, str] | None = None,
    credits_: tuple[Credit, ...] = (),
) -> InvoicePage:
    customer = CustomerRow(
        id="cus_1",
        sequence=1,
        created=JANUARY,
        livemode=True,
        balance=0,
        invoice_prefix="ADA",
        tax_exempt="none",
        personal=personal,
    )
    lines = LineSources(terms or {"price_tokens": TOKENS}, originals or {})
    sums = SumSources(discounts or {}, tax_rates or {}, credits_)
    return compose(row, Sources("Hypernian", customer, lines, sums))


def line_of(
    terms: PriceTerms | None = None, row: Mapping[str, Any] | None = None, **f: Any
) -> Line:
    invoice = an_invoice(lines=(a_line(**f),), **(row or {}))
    [line] = page_of(invoice, terms=None if terms is None else {"price_tokens": terms}).lines
    return line


def test_an_open_invoice_says_who_owes_what_and_when():
    page = page_of(an_invoice())
    assert (page.heading, page.status, page.mark) == ("Invoice ADA-0001", "Open", "")
    assert page.title == "Invoice ADA-0001 from Hypernian"
    assert page.standing == "To be paid by 3 March 2026 (UTC)."
    assert page.headline == Sum("Amount due", "US$1.20")
    assert page.customer.name == "Ada Lovelace"
    assert page.customer.lines == ("12 St James’s Square", "SW1Y 4JH London", "ada@example.com")
    facts = {fact.label: fact.text for fact in page.facts}
    assert facts == {
        "Invoice number": "ADA-0001",
        "Issued": "1 February 2026",
        "Due": "3 March 2026",
        "Period": "1 Jan 2026 – 31 Jan 2026",
        "Currency": "USD",
        "Purchase order": "PO-7",
    }
    assert page.footer == "Footer of the customer."
    assert page.stamped_at == FEBRUARY + 3600


def test_a_line_of_packages_can_be_checked():
    line = line_of()
    assert line == Line(
        description="Tokens",
        period="1 Jan 2026 – 31 Jan 2026",
        quantity="3,000",
        unit_price="US$0.04 per 100 / month",
        amount="US$1.20",
        notes=("Usage of 3 meter events.",),
        steps=(Step("Packages of 100, rounded up", "3,000 in 30 × US$0.04", "US$1.20"),),
    )


def test_a_line_of_tiers_names_each():
    tiers = PriceTerms(
        currency="usd", billing_scheme="tiered", tiers_mode="graduated", recurring=MONTHLY
    )
    line = line_of(
        tiers,
        quantity="1250.5",
        amount=1626,
        steps=(
            a_step("included", "0", quantity="100"),
            a_step("graduated", "1000", quantity="1000", unit_amount="1", above="0", up_to="1000"),
            a_step(
                "graduated",
                "625.25",
                quantity="150.5",
                unit_amount="0.5",
                flat_amount="550",
                above="1000",
            ),
            a_step("rounding", "-0.25", above="1625.25", up_to="1625"),
        ),
    )
    assert line.unit_price == "graduated tiers / month"
    assert line.steps == (
        Step("Included units", "100 of 1,250.5 cost nothing", "US$0.00"),
        Step("Units up to 1,000", "1,000 × US$0.01", "US$10.00"),
        Step("Units above 1,000", "150.5 × US$0.005 + US$5.50 flat", "US$6.2525"),
        Step("Rounding", "US$16.2525 to US$16.25, a half away from zero", "−US$0.0025"),
    )


def test_a_line_with_a_percentage_and_limits_names_them():
    fee = PercentageFee(percent="2.9", of="amount")
    volume = PriceTerms(
        currency="usd", billing_scheme="tiered", tiers_mode="volume", percentage_fee=fee
    )
    line = line_of(
        volume,
        steps=(
            a_step("volume", "90", quantity="9", unit_amount="10", above="5", up_to="50"),
            a_step("percentage", "2.61", quantity="90", unit_amount="0.029"),
            a_step("minimum", "107.39", above="92.61", up_to="200"),
            a_step("maximum", "-50", above="200", up_to="150"),
        ),
        amount=150,
    )
    assert line.unit_price == "volume tiers + 2.9 %"
    alone = PriceTerms(currency="usd", unit_amount_decimal="0", percentage_fee=fee)
    assert line_of(alone).unit_price == "2.9 %"
    assert [(step.label, step.working) for step in line.steps] == [
        ("All units, in the tier above 5 up to 50", "9 × US$0.10"),
        ("2.9 %", "2.9 % of US$0.90"),
        ("Minimum charge", "raised from US$0.9261 to US$2.00"),
        ("Maximum charge", "lowered from US$2.00 to US$1.50"),
    ]
    assert sum(Decimal(s.amount.replace("US$", "").replace("−", "-")) for s in line.steps) == 1.5


def test_a_prorated_line_shows_the_seconds():
    line = line_of(
        PriceTerms(currency="usd", unit_amount_decimal="2000"),
        kind="licensed",
        quantity="1",
        amount=1000,
        meter_events=None,
        period_start=FEBRUARY + 14 * 86_400,
        period_end=FEBRUARY + 28 * 86_400,
        whole_start=FEBRUARY,
        whole_end=FEBRUARY + 28 * 86_400,
        steps=(
            a_step("per_unit", "2000", quantity="1", unit_amount="2000"),
            a_step("proration", "-1000", above="2000", up_to="1000"),
        ),
    )
    assert line.unit_price == "US$20.00"
    assert line.notes == ("A part of 1 Feb 2026 – 28 Feb 2026.",)
    assert line.steps[1] == Step(
        "Proration", "US$20.00 × 1,209,600 s ÷ 2,419,200 s = US$10.00", "−US$10.00"
    )


@pytest.mark.parametrize(
    ("currency", "amount", "shown"), [("jpy", 1500, "¥1,500"), ("kwd", 1500, "KWD 1.500")]
)
def test_amounts_have_the_decimals_of_the_currency(currency: str, amount: int, shown: str):
    terms = PriceTerms(currency=currency, unit_amount_decimal="0.5")
    steps = (a_step("per_unit", "1500", quantity="3000", unit_amount="0.5"),)
    line = line_of(terms, {"currency": currency}, amount=amount, steps=steps)
    assert (line.amount, line.steps[0].amount) == (shown, shown)
    assert line.unit_price == {"jpy": "¥0.5", "kwd": "KWD 0.0005"}[currency]


def test_late_usage_names_the_invoice_and_period_it_belongs_to():
    late = a_line(
        kind="invoice_item",
        description="Tokens, late usage",
        quantity="40",
        amount=2,
        meter_events=None,
        steps=(),
        late_usage=LateUsagePart("in_0", "il_0", "3000", "3040"),
    )
    original = an_invoice(id="in_0", number="ADA-0000", lines=(a_line(id="il_0"),))
    [line] = page_of(an_invoice(lines=(late,)), originals={"in_0": original}).lines
    assert line.description == "Tokens, late usage"
    [note] = line.notes
    assert note == (
        "Usage that was recorded after invoice ADA-0000 for 1 Jan 2026 – 31 Jan 2026 was issued: "
        "3,000 was billed, 3,040 is its quantity in all."
    )
    [line] = page_of(an_invoice(lines=(late,))).lines
    assert "after invoice in_0 was issued" in line.notes[0]


def test_sums_lead_from_the_lines_to_what_remains():
    row = an_invoice(
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
        ),
    )
    page = page_of(
        row,
        discounts={"di_1": "Launch, 10 % off"},
        tax_rates={"txr_vat": "VAT 19 %", "txr_duty": "Duty 1 %"},
        credits_=(Credit("ADA-0001-CN-01", 4_000),),
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


def test_a_draft_is_marked_and_proves_nothing():
    page = page_of(a_draft())
    assert (page.heading, page.status) == ("Draft in_1", "Draft")
    assert page.mark.startswith("Draft: no invoice yet.")
    assert page.headline == Sum("Amount so far", "US$1.20")
    assert page.standing == "It will be issued on 1 February 2026."
    assert page.proof is None
    assert page_of(a_draft(finalization_error="Too large.")).standing.endswith(": Too large.")


@pytest.mark.parametrize(
    ("fields", "status", "headline", "standing"),
    [
        (
            {"status": "void", "voided_at": FEBRUARY},
            "Void",
            Sum("Amount due", "US$0.00"),
            "It was withdrawn; nothing is to be paid.",
        ),
        (
            {"status": "uncollectible", "marked_uncollectible_at": FEBRUARY},
            "Uncollectible",
            Sum("Amount due", "US$1.20"),
            "Payment is no longer expected.",
        ),
        (
            {
                "status": "paid",
                "paid_at": FEBRUARY + 86_400,
                "amounts": AmountsPart(subtotal=120, total=120, amount_due=120, amount_paid=120),
            },
            "Paid",
            Sum("Amount paid", "US$1.20"),
            "Paid on 2 February 2026. Thank you.",
        ),
        (
            {"status": "paid", "paid_at": FEBRUARY, "amounts": AmountsPart(), "lines": ()},
            "Paid",
            Sum("Amount due", "US$0.00"),
            "Nothing is to be paid.",
        ),
        ({"due_date": None}, "Open", Sum("Amount due", "US$1.20"), "Payable on receipt."),
    ],
)
def test_every_status_is_said_plainly(fields, status, headline, standing):
    page = page_of(an_invoice(**fields))
    assert (page.status, page.headline, page.standing) == (status, headline, standing)
    assert ("withdrawn" in page.mark) == (status == "Void")


def test_a_finalized_invoice_says_how_it_is_verified():
    proof = page_of(an_invoice()).proof
    assert proof is not None
    assert (proof.through_position, proof.engine_version) == ("42", "2")
    assert proof.document_sha256 == "ab" * 32
    assert proof.command == "tallybook invoice replay in_1"
    assert proof.request == "GET /audit/v1/invoices/in_1/replay"


def test_a_test_ledger_is_no_demand_for_payment():
    assert page_of(an_invoice(livemode=False)).mark == "Test data: nothing is owed."


def test_an_erased_customer_is_blank():
    page = page_of(an_invoice(), personal=PersonalPart())
    assert (page.customer.name, page.customer.lines, page.footer) == ("", (), "")


def test_the_invoices_own_footer_and_description_go_first():
    page = page_of(an_invoice(footer="Own footer.", description="Thanks,\nAda!"))
    assert (page.footer, page.notes) == ("Own footer.", ("Thanks,", "Ada!"))


def test_names_that_steer_the_page_are_made_plain():
    line = msgspec.structs.replace(a_line(), product_name="Tok\u202eens\x07")
    page = page_of(
        an_invoice(lines=(line,)), personal=PersonalPart(name="Ada\x1b]0;x", email="a\nb@c")
    )
    assert page.lines[0].description == "Tokens\ufffd"
    assert (page.customer.name, page.customer.lines) == ("Ada\ufffd]0;x", ("a b@c",))


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
