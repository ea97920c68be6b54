"""Currencies on the wire, the one rounding, the 64-bit bound, and amounts as people read them."""

from decimal import Decimal

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.money import (
    MAX_AMOUNT,
    check_amount,
    currency_exponent,
    format_money,
    parse_currency,
    round_half_away,
)

ZERO_DECIMAL = [
    "bif",
    "clp",
    "djf",
    "gnf",
    "jpy",
    "kmf",
    "krw",
    "mga",
    "pyg",
    "rwf",
    "vnd",
    "vuv",
    "xaf",
    "xof",
    "xpf",
]
THREE_DECIMAL = ["bhd", "jod", "kwd", "omr", "tnd"]
TWO_DECIMAL = ["usd", "eur", "gbp", "cad", "huf", "twd", "isk", "ugx", "bgn", "hrk", "ang"]


@pytest.mark.parametrize(
    ("currency", "exponent"),
    [(c, 0) for c in ZERO_DECIMAL]
    + [(c, 3) for c in THREE_DECIMAL]
    + [(c, 2) for c in TWO_DECIMAL],
)
def test_exponent_on_the_wire(currency: str, exponent: int) -> None:
    assert currency_exponent(currency) == exponent


@pytest.mark.parametrize(
    "text", ["", "us", "usdd", "xyz", "xxx", "xau", "\uff35\uff33\uff24", "us\0"]
)
def test_what_is_no_money_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_currency(text)
    assert refused.value.param == "currency"


def test_currency_is_kept_in_lower_case() -> None:
    assert parse_currency("USD") == "usd"


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        ("0", 0),
        ("0.4999999999999999999999999999999999999999", 0),
        ("0.5", 1),
        ("1.5", 2),
        ("2.5", 3),
        ("2.500000000001", 3),
        ("-0.4", 0),
        ("-0.5", -1),
        ("-1.5", -2),
        ("-2.5", -3),
        ("120", 120),
        ("1.2E+2", 120),
        ("9223372036854775806.5", MAX_AMOUNT),
        ("9223372036854775807.4", MAX_AMOUNT),
    ],
)
def test_a_half_goes_away_from_zero(exact: str, rounded: int) -> None:
    assert round_half_away(Decimal(exact)) == rounded


@pytest.mark.parametrize(
    "exact",
    [
        "9223372036854775807.5",
        "-9223372036854775807.5",
        "1e1000000",
        "NaN",
        "Infinity",
        "-Infinity",
    ],
)
def test_an_amount_beyond_64_bits_is_refused(exact: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        round_half_away(Decimal(exact), param="amount")
    assert refused.value.param == "amount"


@pytest.mark.parametrize("amount", [2**63, -(2**63), 10**40])
def test_a_whole_amount_beyond_64_bits_is_refused(amount: int) -> None:
    with pytest.raises(InvalidRequest):
        check_amount(amount)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (120, "usd", "US$1.20"),
        (5, "usd", "US$0.05"),
        (0, "eur", "€0.00"),
        (-5, "eur", "-€0.05"),
        (123456789, "usd", "US$1,234,567.89"),
        (500, "jpy", "¥500"),
        (1234, "kwd", "KWD 1.234"),
        (500, "isk", "ISK 5.00"),
        (500, "mga", "MGA 500"),
    ],
)
def test_amounts_as_people_read_them(amount: int, currency: str, text: str) -> None:
    assert format_money(amount, currency) == text
