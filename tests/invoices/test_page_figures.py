"""Amounts, quantities, times and texts as a page shows them."""

from decimal import Decimal

import pytest

from api.invoices.document.figures import exact_money, money, number, period, plain, plain_lines

JANUARY = 1_767_225_600
FEBRUARY = 1_769_904_000


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (123_450, "usd", "US$1,234.50"),
        (-5, "eur", "−€0.05"),
        (500, "jpy", "¥500"),
        (-1_234, "kwd", "−KWD 1.234"),
        (0, "chf", "CHF 0.00"),
    ],
)
def test_whole_amounts_have_the_decimals_of_their_currency(amount, currency, shown):
    assert money(amount, currency) == shown
    assert exact_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("0.04", "usd", "US$0.0004"),
        ("4", "usd", "US$0.04"),
        ("-0.5", "jpy", "−¥0.5"),
        ("0.000000000001", "usd", "US$0.00000000000001"),
        ("1234567.8", "kwd", "KWD 1,234.5678"),
        ("2666.666666666666666666", "usd", "US$26.66666666666666666666"),
        ("99999999999999999999.5", "usd", "US$999,999,999,999,999,999.995"),
    ],
)
def test_exact_amounts_have_the_decimals_that_they_need(amount, currency, shown):
    assert exact_money(Decimal(amount), currency) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [("0", "0"), ("1234567.5", "1,234,567.5"), ("-1000", "−1,000"), ("0.125", "0.125")],
)
def test_quantities_are_grouped_and_exact(text, shown):
    assert number(text) == shown


@pytest.mark.parametrize(
    ("start", "end", "shown"),
    [
        (JANUARY, FEBRUARY, "1 Jan 2026 – 31 Jan 2026"),
        (JANUARY, JANUARY + 86_400, "1 Jan 2026"),
        (JANUARY, JANUARY, "1 Jan 2026"),
        (JANUARY + 3_600, FEBRUARY, "1 Jan 2026, 01:00 – 1 Feb 2026, 00:00 UTC"),
        (JANUARY, FEBRUARY + 1, "1 Jan 2026, 00:00 – 1 Feb 2026, 00:00:01 UTC"),
        (JANUARY + 61, JANUARY + 61, "1 Jan 2026, 00:01:01 UTC"),
    ],
)
def test_a_period_of_whole_days_is_named_by_its_days(start, end, shown):
    assert period(start, end) == shown


def test_what_was_typed_cannot_steer_the_page():
    assert plain("Ada\x00\x1b[31m\u202eLtd\u2066\n\t  Inc") == "Ada\ufffd\ufffd[31mLtd Inc"
    assert plain(None) == ""
    assert plain("👩\u200d🚀 क्\u200dष") == "👩\u200d🚀 क्\u200dष"
    assert plain_lines("one\r\n\n  \ntwo ") == ("one", "two")
