"""Taxes on lines: inclusive, exclusive and both, several rates, to the minor unit."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.customers.events import TaxExempt
from ledger.invoices.events import LineTax
from ledger.invoices.taxing import Taxable, tax_lines
from ledger.tax_rates.terms import TaxRateTerms

RATES = {
    "vat": TaxRateTerms(percentage="20", inclusive=False),
    "gst": TaxRateTerms(percentage="5", inclusive=False),
    "pst": TaxRateTerms(percentage="9.975", inclusive=False),
    "zero": TaxRateTerms(percentage="0", inclusive=False),
    "jct": TaxRateTerms(percentage="10", inclusive=True),
    "inside": TaxRateTerms(percentage="19", inclusive=True),
    "whole": TaxRateTerms(percentage="100", inclusive=True),
    "more": TaxRateTerms(percentage="100", inclusive=True),
    "most": TaxRateTerms(percentage="100", inclusive=True),
}


def line(amount: int, *rates: str) -> Taxable:
    return Taxable(amount, rates)


def taxes(lines: Sequence[Taxable]) -> list[dict[str, int]]:
    return [{tax.tax_rate: tax.amount for tax in own} for own in tax_lines(lines, RATES, "none")]


@pytest.mark.parametrize(
    ("amount", "rate", "tax"),
    [
        (0, "vat", 0),
        (1000, "vat", 200),
        (2, "vat", 0),
        (3, "vat", 1),
        (10, "gst", 1),
        (9, "gst", 0),
        (-10, "gst", -1),
        (-1000, "vat", -200),
        (100_000, "pst", 9975),
        (1001, "pst", 100),
        (1000, "zero", 0),
        (1100, "jct", 100),
        (1000, "jct", 91),
        (-1000, "jct", -91),
        (119, "inside", 19),
        (1, "inside", 0),
        (4, "inside", 1),
        (1, "whole", 1),
        (10**18, "vat", 2 * 10**17),
    ],
)
def test_one_rate_on_one_line(amount: int, rate: str, tax: int):
    assert taxes([line(amount, rate)]) == [{rate: tax}]


def test_a_rate_is_rounded_once_over_its_lines():
    assert taxes([line(2, "vat"), line(2, "vat"), line(1, "vat")]) == [
        {"vat": 1},
        {"vat": 0},
        {"vat": 0},
    ]
    assert taxes([line(2, "vat"), line(2, "vat"), line(2)]) == [{"vat": 1}, {"vat": 0}, {}]


def test_what_is_given_back_gives_back_its_tax():
    assert taxes([line(1000, "vat"), line(-400, "vat")]) == [{"vat": 200}, {"vat": -80}]
    assert taxes([line(7, "gst"), line(-7, "gst")]) == [{"gst": 0}, {"gst": 0}]


def test_each_rate_has_its_own_sum():
    assert taxes([line(1000, "gst", "pst"), line(500, "gst")]) == [
        {"gst": 50, "pst": 100},
        {"gst": 25},
    ]


def test_exclusive_taxes_are_on_the_net_of_inclusive_ones():
    [own] = tax_lines([line(1100, "jct", "gst")], RATES, "none")
    assert own == (
        LineTax(
            tax_rate="jct",
            amount=100,
            taxable_amount=1000,
            inclusive=True,
            reason="standard_rated",
        ),
        LineTax(
            tax_rate="gst",
            amount=50,
            taxable_amount=1000,
            inclusive=False,
            reason="standard_rated",
        ),
    )


def test_inclusive_rates_share_one_net():
    [own] = tax_lines([line(1290, "jct", "inside")], RATES, "none")
    assert [(tax.amount, tax.taxable_amount) for tax in own] == [(100, 1000), (190, 1000)]


def test_inclusive_taxes_never_exceed_what_they_are_in():
    assert taxes([line(2, "whole", "more", "most")]) == [{"whole": 1, "more": 1, "most": 0}]


def test_a_rate_of_nothing_is_named_as_such():
    [[tax]] = tax_lines([line(1000, "zero")], RATES, "none")
    assert (tax.amount, tax.taxable_amount, tax.reason) == (0, 1000, "zero_rated")


@pytest.mark.parametrize(
    ("exempt", "reason", "taxable"),
    [("exempt", "customer_exempt", 0), ("reverse", "reverse_charge", 1100)],
)
def test_exempt_customers_pay_no_tax(exempt: TaxExempt, reason: str, taxable: int):
    [own] = tax_lines([line(1100, "jct", "vat")], RATES, exempt)
    assert [(tax.amount, tax.taxable_amount, tax.reason) for tax in own] == [
        (0, taxable, reason),
        (0, taxable, reason),
    ]


def test_a_line_without_rates_has_no_taxes():
    assert tax_lines([line(1000)], RATES, "none") == [()]
    assert tax_lines([line(1000)], RATES, "reverse") == [()]


def test_a_rate_named_twice_taxes_once():
    assert taxes([line(1000, "vat", "vat")]) == [{"vat": 200}]


ORDINARY = ["vat", "gst", "pst", "zero", "jct", "inside"]
LINES = st.lists(
    st.builds(
        Taxable,
        st.integers(-(10**15), 10**15) | st.integers(-5, 5),
        st.lists(st.sampled_from(ORDINARY), max_size=4, unique=True).map(tuple),
    ),
    max_size=8,
)


@given(LINES)
def test_taxes_are_as_a_second_way_of_reckoning_has_them(lines: list[Taxable]):
    """Per rate: the exact fraction of each net, summed, then rounded half away from zero."""
    found = taxes(lines)
    for key, rate in RATES.items():
        exact = [_exact(one, key) for one in lines if key in one.tax_rates]
        total = sum(exact, Fraction(0))
        charged = sum(own.get(key, 0) for own in found)
        if not rate.inclusive or abs(total) >= len(lines):
            magnitude = int(abs(total) + Fraction(1, 2))
            assert charged == (magnitude if total > 0 else -magnitude)
        for one, own in zip(lines, found, strict=True):
            assert key not in own or abs(own[key] - _exact(one, key)) < 1


@given(
    st.lists(
        st.builds(
            Taxable,
            st.integers(-9, 9),
            st.lists(st.sampled_from(sorted(RATES)), max_size=6, unique=True).map(tuple),
        ),
        max_size=6,
    )
)
def test_a_net_never_changes_sides(lines: list[Taxable]):
    for one, own in zip(lines, tax_lines(lines, RATES, "none"), strict=True):
        for tax in own:
            assert 0 <= tax.taxable_amount <= one.amount or one.amount <= tax.taxable_amount <= 0
            inclusive = sum(other.amount for other in own if other.inclusive)
            assert tax.taxable_amount + inclusive == one.amount


def _exact(one: Taxable, key: str) -> Fraction:
    shares = {name: Fraction(Decimal(RATES[name].percentage)) / 100 for name in one.tax_rates}
    inside = sum(share for name, share in shares.items() if RATES[name].inclusive)
    return one.amount * shares[key] / (1 + inside)
