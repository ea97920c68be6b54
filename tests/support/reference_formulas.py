"""The formulas and the rounding of the reference biller."""

from fractions import Fraction
from math import floor
from typing import Any


def amount_to(formula: str, events: list[dict[str, Any]]) -> Fraction:
    """What a formula makes of events, of which there is at least one."""
    if formula == "count":
        return Fraction(len(events))
    if formula == "unique_count":
        return Fraction(len({event["value"] for event in events}))
    if formula == "last":
        return Fraction(max(events, key=lambda event: (event["ts"], event["received"]))["value"])
    values = sorted(Fraction(event["value"]) for event in events)
    if formula == "max":
        return values[-1]
    if formula == "min":
        return values[0]
    total = sum(values, Fraction(0))
    if formula == "average":
        return Fraction(rounded(total / len(values) * 10**12), 10**12)
    return total


def rounded(amount: Fraction) -> int:
    """The nearest whole number; a half goes away from zero."""
    whole = floor(abs(amount) + Fraction(1, 2))
    return whole if amount >= 0 else -whole
