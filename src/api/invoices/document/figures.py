"""Amounts, quantities, times and texts as the page shows them."""

import unicodedata
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from api.invoices.document.page import Moment
from ledger.kernel.clock import from_epoch
from ledger.kernel.money import currency_exponent, format_money
from ledger.kernel.quantities import EXACT, decimal_text

MINUS: Final = "\N{MINUS SIGN}"

_DAY: Final = timedelta(days=1)

_STEERING: Final = frozenset(
    "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
"""Signs that turn the direction of what follows, with which a name could rewrite its neighbours."""


def money(amount: int, currency: str) -> str:
    """A whole amount, with a true minus sign: `US$1,234.50`, `−¥500`."""
    return format_money(amount, currency).replace("-", MINUS)


def exact_money(amount: Decimal, currency: str) -> str:
    """A decimal amount in minor units, with all the decimals it has: `US$0.0004`."""
    exponent = currency_exponent(currency)
    whole, _, fraction = decimal_text(abs(amount.scaleb(-exponent, EXACT))).partition(".")
    fraction = fraction.ljust(exponent, "0")
    zero = f"0.{'0' * exponent}" if exponent else "0"
    unit = format_money(0, currency).removesuffix(zero)
    sign = MINUS if amount < 0 else ""
    return f"{sign}{unit}{int(whole):,}{'.' if fraction else ''}{fraction}"


def number(text: str) -> str:
    """A canonical decimal with its thousands set apart: `1,234.5`."""
    whole, _, fraction = text.removeprefix("-").partition(".")
    sign = MINUS if text.startswith("-") else ""
    return f"{sign}{int(whole):,}{'.' if fraction else ''}{fraction}"


def day(seconds: int) -> Moment:
    """A day in UTC: `1 February 2026`."""
    moment = from_epoch(seconds)
    return Moment(f"{moment.day} {moment:%B %Y}", f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def period(start: int, end: int) -> str:
    """A period in UTC: its first and last day, or its times where it is not made of whole days.

    The end of a period is not part of it, so a last day is the one before an end at midnight.
    """
    begins, ends = from_epoch(start), from_epoch(end)
    if _midnight(begins) and (_midnight(ends) or begins == ends):
        last = max(begins, ends - _DAY)
        return _short(begins) if last == begins else f"{_short(begins)} \N{EN DASH} {_short(last)}"
    if begins == ends:
        return f"{_timed(begins)} UTC"
    return f"{_timed(begins)} \N{EN DASH} {_timed(ends)} UTC"


def plain(text: str | None) -> str:
    """What someone typed, on one line and without control signs or turns of direction."""
    cleaned = "".join(_shown_sign(sign) for sign in text or "" if sign not in _STEERING)
    return " ".join(cleaned.split())


def plain_lines(text: str | None) -> tuple[str, ...]:
    """Several lines that someone typed, each as `plain` has it; blank ones are left out."""
    return tuple(line for line in map(plain, (text or "").splitlines()) if line)


def _shown_sign(sign: str) -> str:
    if sign.isspace():
        return " "
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(sign) in {"Cc", "Cs"} else sign


def _midnight(moment: datetime) -> bool:
    return not (moment.hour or moment.minute or moment.second)


def _short(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _timed(moment: datetime) -> str:
    return (
        f"{_short(moment)}, {moment:%H:%M:%S}"
        if moment.second
        else f"{_short(moment)}, {moment:%H:%M}"
    )
