"""What things cost, for the independent biller: fractions, and one rounding at the end.

A price is a dict: `unit_amount` (text), or `tiers_mode` and `tiers` of (up_to or None, unit, flat);
`divide_by` and `round` for packages; and of the extensions `included`, `percent` with `of`,
`minimum` and `maximum`. Amounts are minor units.
"""

from fractions import Fraction
from math import floor
from typing import Any

Price = dict[str, Any]


def rounded(amount: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    whole = floor(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole


def usage_amount(price: Price, quantity: Fraction, share: Fraction) -> int:
    """What usage costs in a stretch that is this share of a whole period: the quantity is what it
    is, and of the minimum and the maximum the share counts."""
    return rounded(_limited(price, _charged(price, quantity), share))


def licensed_amount(price: Price, quantity: int, share: Fraction) -> int:
    """What a quantity costs for this share of a whole period."""
    whole = _limited(price, _charged(price, Fraction(quantity)), Fraction(1))
    return rounded(whole * share)


def _limited(price: Price, amount: Fraction, share: Fraction) -> Fraction:
    if price.get("minimum") is not None:
        amount = max(amount, price["minimum"] * share)
    if price.get("maximum") is not None:
        amount = min(amount, price["maximum"] * share)
    return amount


def _charged(price: Price, quantity: Fraction) -> Fraction:
    quantity = max(quantity - Fraction(price.get("included") or 0), Fraction(0))
    amount = _modelled(price, quantity)
    if price.get("percent") is not None:
        base = amount if price["of"] == "amount" else quantity
        amount += base * Fraction(price["percent"]) / 100
    return amount


def _modelled(price: Price, quantity: Fraction) -> Fraction:
    if "tiers" not in price:
        if price.get("divide_by"):
            packages, rest = divmod(quantity, price["divide_by"])
            quantity = Fraction(packages + (1 if rest and price["round"] == "up" else 0))
        return quantity * Fraction(price["unit_amount"])
    lower, total = Fraction(0), Fraction(0)
    for up_to, unit, flat in price["tiers"]:
        if up_to is None or quantity <= up_to:
            if price["tiers_mode"] == "volume":
                return quantity * Fraction(unit) + Fraction(flat)
            return total + (quantity - lower) * Fraction(unit) + Fraction(flat)
        total += (up_to - lower) * Fraction(unit) + Fraction(flat)
        lower = Fraction(up_to)
    raise AssertionError("the last tier has no end")
