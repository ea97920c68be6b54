"""Quantities and decimal amounts as text: a strict grammar in, one canonical form out.

`Decimal` reads far more than the wire may carry: `NaN`, `1_000`, digits of every script, and
`1e1000000`, whose `int()` takes half a minute. Text is therefore matched and measured before it is
converted, and the conversions here are the only ones that ledger code makes.
"""

import re
from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import reduce
from typing import Final

from ledger.kernel.errors import InvalidRequest

MAX_DIGITS: Final = 15
"""Significant digits of one usage value (contract §5)."""

MAX_DECIMALS: Final = 12
"""Decimals of a usage value and of a decimal amount (contract §5, §6)."""

EXACT: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow, Inexact])
"""Arithmetic that raises `decimal.Inexact` rather than round.

A sum of 10^18 usage values (45 digits) times a unit amount (31 digits) needs 76; the default
context rounds at 28. Use its methods: `EXACT.add(a, b)`, `EXACT.multiply(a, b)`.
"""

ZERO: Final = Decimal(0)

_WHOLE = re.compile(r"[0-9]{1,15}")
_CANONICAL_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")
_VALUE = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_AMOUNT = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?")
_LONGEST_ECHO = 40


def parse_usage_value(text: str, *, param: str | None = None) -> Decimal:
    """The value of a meter event: `-?digits[.digits]`, at most 15 significant digits, 12 decimals.

    Exponents, signs other than a leading minus, spaces and non-ASCII digits are refused. The
    grammar and the decimals are a decision; the limit of 15 and its sentence are the API's
    (contract §5). Raises InvalidRequest.
    """
    if _WHOLE.fullmatch(text):
        return Decimal(text)
    if _VALUE.fullmatch(text):
        if _significant_digits(text) <= MAX_DIGITS:
            return Decimal(text)
    elif not _PLAIN_NUMBER.fullmatch(text):
        raise InvalidRequest(
            f"The value in the event payload must be a plain decimal number such as 25 or 0.125. "
            f"Received {_echo(text)}.",
            param=param,
            reported_as="meter_event_invalid_value",
        )
    elif len(text.partition(".")[2]) > MAX_DECIMALS and _significant_digits(text) <= MAX_DIGITS:
        raise InvalidRequest(
            f"The value in the event payload can have at most {MAX_DECIMALS} decimal places. "
            f"Received {_echo(text)}.",
            param=param,
            reported_as="meter_event_invalid_value",
        )
    raise InvalidRequest(
        f"The value in the event payload can have at most {MAX_DIGITS} digits. "
        f"Received {_echo(text)}.",
        param=param,
        reported_as="meter_event_value_too_many_digits",
    )


def usage_value_text(text: str, *, param: str | None = None) -> str:
    """The canonical text of a meter event's value. Raises InvalidRequest.

    The same as `decimal_text(parse_usage_value(text))`; most values are whole numbers, which are
    canonical as they stand.
    """
    if _CANONICAL_WHOLE.fullmatch(text):
        return text
    return decimal_text(parse_usage_value(text, param=param))


def parse_decimal_amount(
    text: str, *, param: str | None = None, allow_negative: bool = False
) -> Decimal:
    """An amount in minor units with at most 12 decimals: `unit_amount_decimal` and its kin.

    Scientific notation is read, because the official Python client writes `1E-12` (contract §2).
    The magnitude is bounded to 64 bits. Raises InvalidRequest.
    """
    if not _AMOUNT.fullmatch(text):
        raise InvalidRequest(f"Invalid decimal: {_echo(text)}", param=param)
    value = EXACT.normalize(Decimal(text))
    if value.adjusted() > 18 or abs(value) >= 2**63:
        raise InvalidRequest(
            f"Invalid decimal: {_echo(text)}; it is larger than any amount can be.", param=param
        )
    if _exponent(value) < -MAX_DECIMALS:
        raise InvalidRequest(
            f"Invalid decimal: {_echo(text)}; at most {MAX_DECIMALS} decimal places are allowed.",
            param=param,
        )
    if value < 0 and not allow_negative:
        raise InvalidRequest("This value must be greater than or equal to 0.", param=param)
    return value


def decimal_text(value: Decimal) -> str:
    """The one canonical text of a number: plain notation, no trailing zeros, `-0` is `0`."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def quotient(total: Decimal, parts: int) -> Decimal:
    """`total / parts` to MAX_DECIMALS decimals, a half away from zero, as amounts are rounded.

    For a total that has at most MAX_DECIMALS decimals itself; rounded once, from the exact
    fraction. Raises ZeroDivisionError for no parts.
    """
    units = int(EXACT.scaleb(total, MAX_DECIMALS))
    rounded = (2 * abs(units) + parts) // (2 * parts)
    return EXACT.scaleb(Decimal(rounded if units > 0 else -rounded), -MAX_DECIMALS)


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """The sum without any rounding, whatever the magnitudes; 0 for no values."""
    return reduce(EXACT.add, values, ZERO)


def _significant_digits(text: str) -> int:
    """Digits between the first and the last that matter, counting the zeros of a whole number."""
    whole, _, fraction = text.lstrip("-").partition(".")
    return len((whole + fraction.rstrip("0")).lstrip("0"))


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"{value} is no finite number")
    return exponent


def _echo(text: str) -> str:
    """What was sent, cut short, for an error sentence."""
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
