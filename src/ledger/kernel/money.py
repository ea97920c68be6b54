"""Money: whole minor units of a currency, one rounding rule, and how people read an amount.

How many minor units make one major unit comes from ISO 4217, with the exceptions that the API
makes and documents under "Supported currencies" (docs.stripe.com/currencies):

- zero-decimal: BIF, CLP, DJF, GNF, JPY, KMF, KRW, MGA, PYG, RWF, UGX, VND, VUV, XAF, XOF, XPF.
  ISO gives MGA two decimals, so it is an exception here.
- ISK and UGX have no decimals in ISO 4217 but are written with two on the wire, for backward
  compatibility ("to charge 5 ISK, provide an amount value of 500"); the page lists UGX both ways
  and its special case is the later text.
- three-decimal: BHD, JOD, KWD, OMR, TND as in ISO 4217. The rule that their last digit be 0 is one
  of card payments; no money moves here, so exact amounts are kept.
"""

from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final

from iso4217 import Currency

from ledger.kernel.errors import InvalidRequest

MAX_AMOUNT: Final = 2**63 - 1
"""The largest amount in minor units, of either sign."""

_EXPONENT_EXCEPTIONS: Final = {"mga": 0, "isk": 2, "ugx": 2}

_RETIRED: Final = {"ang": 2, "bgn": 2, "hrk": 2, "sll": 2, "std": 2}
"""Supported by the API while they were legal tender; what was billed in them must stay readable."""

_SIGNS: Final = {
    "aud": "A$",
    "brl": "R$",
    "cad": "CA$",
    "cny": "CN¥",
    "eur": "€",
    "gbp": "£",
    "inr": "₹",
    "jpy": "¥",
    "krw": "₩",
    "mxn": "MX$",
    "nzd": "NZ$",
    "usd": "US$",
}


def parse_currency(text: str, *, param: str = "currency") -> str:
    """The currency code in lower case. Raises InvalidRequest for one that is not money."""
    code = text.lower()
    if currency_exponent_or_none(code) is None:
        raise InvalidRequest(
            f"Invalid currency: {text[:40]}. Must be a three-letter ISO 4217 code, in lowercase.",
            param=param,
        )
    return code


def currency_exponent(currency: str) -> int:
    """Decimals of the currency on the wire: usd 2, jpy 0, kwd 3. Raises InvalidRequest."""
    exponent = currency_exponent_or_none(currency)
    if exponent is None:
        raise InvalidRequest(f"Invalid currency: {currency[:40]}.", param="currency")
    return exponent


def currency_exponent_or_none(currency: str) -> int | None:
    """Decimals of the currency on the wire, None if there is no such currency."""
    return _exponents().get(currency)


def round_half_away(exact: Decimal, *, param: str | None = None) -> int:
    """Whole minor units, a half going away from zero: 1.5 is 2 and -1.5 is -2.

    Every amount is rounded once, here (contract §6; the tie rule is a decision, because the
    published examples fit half-up and half-even alike). Raises InvalidRequest beyond 64 bits.
    """
    if not exact.is_finite() or exact.adjusted() > 19:
        raise _too_large(param)
    return check_amount(int(exact.to_integral_value(rounding=ROUND_HALF_UP)), param=param)


def check_amount(amount: int, *, param: str | None = None) -> int:
    """The amount itself, if it fits in 64 bits. Raises InvalidRequest, never wraps."""
    if not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
        raise _too_large(param)
    return amount


def format_money(amount: int, currency: str) -> str:
    """An amount in minor units as people write it: `US$1,234.50`, `-€0.05`, `¥500`, `KWD 1.234`."""
    exponent = currency_exponent(currency)
    whole, fraction = divmod(abs(amount), 10**exponent)
    sign = "-" if amount < 0 else ""
    unit = _SIGNS.get(currency) or f"{currency.upper()} "
    decimals = f".{fraction:0{exponent}d}" if exponent else ""
    return f"{sign}{unit}{whole:,}{decimals}"


@cache
def _exponents() -> dict[str, int]:
    iso = {c.code.lower(): c.exponent for c in Currency if c.exponent is not None}
    return _RETIRED | iso | _EXPONENT_EXCEPTIONS


def _too_large(param: str | None) -> InvalidRequest:
    return InvalidRequest(
        "The amount is larger than 64-bit minor units can hold; it is refused, never rounded.",
        param=param,
    )
