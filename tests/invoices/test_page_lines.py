"""Lines of an invoice's page, each with the steps of its rating."""

from decimal import Decimal

import pytest

from api.invoices.document.page import Line, Step
from ledger.prices.terms import PercentageFee, PriceTerms
from projections.invoices.rows import LateUsagePart
from tests.support.composed_pages import MONTHLY, line_of, page_of
from tests.support.invoice_rows import FEBRUARY, a_line, a_step, an_invoice


def test_a_line_of_packages_can_be_checked():
    line = line_of()
    assert line == Line(
        description="Tokens",
        period="1 Jan 2026 – 31 Jan 2026",
        quantity="3,000",
        unit_price="US$0.04 per 100 / month",
        amount="US$1.20",
        notes=("Usage of 3 meter events.",),
        steps=(
            Step("Packages of 100, rounded up", "3,000 ÷ 100 gives 30; 30 × US$0.04", "US$1.20"),
        ),
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
        Step("Rounding", "from US$16.2525 to US$16.25, a half away from zero", "−US$0.0025"),
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
        ("Minimum charge", "from US$0.9261 to US$2.00"),
        ("Maximum charge", "from US$2.00 to US$1.50"),
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
        amount=4,
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
        "3,000 was billed before, 3,040 is its quantity in all."
    )
    assert line.steps == (
        Step("Packages of 100, rounded up", "3,040 ÷ 100 gives 31; 31 × US$0.04", "US$1.24"),
        Step("Billed before", "for 3,000", "−US$1.20"),
    )
    [line] = page_of(an_invoice(lines=(late,))).lines
    assert "after invoice in_0 was issued" in line.notes[0]


def test_what_is_given_back_has_amounts_below_zero():
    line = line_of(
        PriceTerms(currency="usd", unit_amount_decimal="2000"),
        quantity="1",
        amount=-1000,
        credit=True,
        meter_events=None,
        steps=(
            a_step("per_unit", "-2000", quantity="1", unit_amount="-2000"),
            a_step("proration", "1000", above="-2000", up_to="-1000"),
        ),
    )
    assert (line.amount, line.notes) == ("−US$10.00", ("Given back.",))
    assert line.steps == (
        Step("Unit price", "1 × −US$20.00", "−US$20.00"),
        Step("Proration", "from −US$20.00 to −US$10.00", "US$10.00"),
    )


def test_lines_of_the_first_engine_are_explained_too():
    old = {"engine_version": 1}
    assert line_of(None, old, steps=()) == line_of()
    assert line_of(None, old, steps=(), amount=121).steps == ()
