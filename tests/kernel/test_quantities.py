"""Usage values and decimal amounts: what is read, what is refused, and the one text of a number."""

from decimal import Decimal, Inexact

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.quantities import (
    EXACT,
    decimal_text,
    exact_sum,
    parse_decimal_amount,
    parse_usage_value,
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("25", "25"),
        ("007", "7"),
        ("-3", "-3"),
        ("1.50", "1.5"),
        ("10.00", "10"),
        ("100", "100"),
        ("0.000000000001", "0.000000000001"),
        ("999999999999999", "999999999999999"),
        ("123456789012345", "123456789012345"),
        ("123.456789012345", "123.456789012345"),
        ("123456789012.123000", "123456789012.123"),
    ],
)
def test_a_usage_value_is_read_exactly(text: str, canonical: str) -> None:
    assert decimal_text(parse_usage_value(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "1234567890123456",
        "1000000000000000",
        "1234567890123.456",
        "-0.1234567890123456",
        "9" * 500,
        "1234.123456789012",
        "0.00000000000012345678901234567890",
    ],
)
def test_more_than_15_digits_are_refused_in_the_words_of_the_api(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"can have at most 15 digits\. Received ") as refused:
        parse_usage_value(text, param="payload[value]")
    assert refused.value.param == "payload[value]"


def test_more_than_12_decimals_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="at most 12 decimal places"):
        parse_usage_value("0.0000000000001")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-",
        ".",
        ".5",
        "5.",
        "+5",
        "1e3",
        "1E-2",
        "1e1000000",
        "NaN",
        "sNaN",
        "Infinity",
        "-inf",
        "1_000",
        "1,000",
        " 1",
        "1 ",
        "1\n",
        "0x10",
        "٣",
        "\uff11\uff12",
        "1\x00",
        "ten",
        "--1",
        "²",
    ],
)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="plain decimal number"):
        parse_usage_value(text)


def test_a_long_value_is_cut_short_in_the_refusal() -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_usage_value("9" * 100_000)
    assert len(refused.value.message) < 150


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("4", "4"),
        ("0.04", "0.04"),
        ("5.0", "5"),
        ("1E-12", "0.000000000001"),
        ("0E-12", "0"),
        ("0e99", "0"),
        ("1e2", "100"),
        ("1.5E+3", "1500"),
        ("0.123456789012", "0.123456789012"),
        ("0.1234567890120000", "0.123456789012"),
        ("9223372036854775807", "9223372036854775807"),
    ],
)
def test_a_decimal_amount_is_read_in_every_notation_that_clients_write(
    text: str, canonical: str
) -> None:
    assert decimal_text(parse_decimal_amount(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "NaN",
        "Infinity",
        "1e999",
        "1e99",
        "9223372036854775808",
        "1E-13",
        "1e-99",
        "0.1234567890123",
        "-1",
        "-1E-12",
        "1_0",
        "٣",
        "1e",
        "0x1",
        "1" * 5000,
        "5.",
        ".5",
    ],
)
def test_a_decimal_amount_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_decimal_amount(text, param="unit_amount_decimal")
    assert refused.value.param == "unit_amount_decimal"


def test_a_negative_decimal_amount_is_read_where_it_is_allowed() -> None:
    assert parse_decimal_amount("-1.5", allow_negative=True) == Decimal("-1.5")


def test_sums_keep_every_digit() -> None:
    values = [Decimal(999999999999999)] * 1000 + [Decimal("0.000000000001")]
    assert decimal_text(exact_sum(values)) == "999999999999999000.000000000001"
    assert exact_sum([]) == 0


def test_exact_arithmetic_raises_rather_than_round() -> None:
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12))
def test_the_canonical_text_is_the_same_number_and_its_own_canonical_text(value: Decimal) -> None:
    text = decimal_text(value)
    assert Decimal(text) == value
    assert decimal_text(Decimal(text)) == text
    assert "E" not in text
    assert not ("." in text and text.endswith(("0", ".")))


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        value = parse_usage_value(text)
    except InvalidRequest:
        return
    assert text.isascii()
    assert parse_usage_value(decimal_text(value)) == value
