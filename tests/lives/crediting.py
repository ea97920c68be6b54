"""Credit notes, for the independent biller: shares of what is left of an invoice's lines.

What is left of a line, and a share of it, is a dict of parts: `("amount", None)`,
`("off", coupon)`, `("exclusive", rate)` and `("inclusive", rate)`.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from tests.lives.deductions import shared
from tests.lives.pricing import rounded

Part = tuple[str, Any]
Share = dict[Part, int]

AMOUNT: Part = ("amount", None)
_COUNTS = {"amount": 1, "off": -1, "exclusive": 1, "inclusive": 0}
"""How a part counts in the total of its line."""


def whole(amount: int, off: dict[Any, int], taxes: dict[Any, int]) -> Share:
    """A line of which nothing was credited. A rate says last whether it is inclusive."""
    found: Share = {AMOUNT: amount}
    found |= {("off", coupon): part for coupon, part in off.items()}
    return found | {
        ("inclusive" if rate[-1] else "exclusive", rate): part for rate, part in taxes.items()
    }


def total(share: Share) -> int:
    """What it comes to, less discounts and with exclusive taxes."""
    return sum(_COUNTS[kind] * part for (kind, _), part in share.items())


def summed(share: Share, of: str) -> int:
    """All parts of a kind."""
    return sum(part for (kind, _), part in share.items() if kind == of)


def of_line(left: Sequence[Share], line: int, amount: int) -> dict[int, Share]:
    """So much of a line, with as large a share of its discounts and taxes."""
    ratio = Fraction(amount, left[line][AMOUNT])
    return {line: {key: rounded(part * ratio) for key, part in left[line].items()}}


def of_total(left: Sequence[Share], amount: int) -> dict[int, Share]:
    """So much in all, over all lines in proportion to what is left of them."""
    ratio = Fraction(amount, sum(map(total, left)))
    places = [(i, key) for i, share in enumerate(left) for key in share if _COUNTS[key[0]]]
    exact = [_COUNTS[key[0]] * left[i][key] * ratio for i, key in places]
    parts: list[Share] = [{} for _ in left]
    for (i, key), part in zip(places, shared(exact), strict=True):
        parts[i][key] = _COUNTS[key[0]] * part
    for key in dict.fromkeys(key for share in left for key in share if not _COUNTS[key[0]]):
        lines = [i for i, share in enumerate(left) if key in share]
        within = shared([left[i][key] * ratio for i in lines])
        for i, part in zip(lines, within, strict=True):
            parts[i][key] = part
    return {i: part for i, part in enumerate(parts) if part[AMOUNT] or total(part)}


def less(left: Share, share: Share) -> Share:
    """What is left after a credit."""
    return {key: part - share.get(key, 0) for key, part in left.items()}
