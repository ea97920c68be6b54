"""What extended terms cost, computed apart from the product in exact fractions."""

from fractions import Fraction
from typing import Any

from tests.support.reference_biller import cost

WHOLE = Fraction(1)


def extended_cost(price: dict[str, Any], quantity: Fraction, share: Fraction = WHOLE) -> Fraction:
    """Minor units, not rounded, for a quantity in a share of a period.

    `price` is what the reference biller takes, and `metered`, `included`, `percent`, `of`, `least`
    and `most`, each absent where the price has none.
    """
    left = max(quantity - Fraction(price.get("included") or 0), Fraction(0))
    total = cost(price, left)
    if (percent := price.get("percent")) is not None:
        total += Fraction(percent) / 100 * (total if price["of"] == "amount" else left)
    of_limits, of_total = (share, WHOLE) if price["metered"] else (WHOLE, share)
    if (least := price.get("least")) is not None:
        total = max(total, least * of_limits)
    if (most := price.get("most")) is not None:
        total = min(total, most * of_limits)
    return total * of_total
