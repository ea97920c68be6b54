"""Every model at and about each of its edges, in currencies with 0, 2 and 3 decimals.

The expected amounts are computed apart from the product, in exact fractions.
"""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from ledger.kernel.money import format_money
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate
from tests.rating.reference_extensions import extended_cost
from tests.rating.terms_examples import each, packages, tiered, with_extensions
from tests.support.reference_formulas import rounded

HAIR = Decimal("0.000000000001")
TIERS = [
    (10, "4.5", "100"),
    (1000, "0.333333333333", "0"),
    (10**15 - 1, "0.05", "7.5"),
    (None, "0.000000000001", "1"),
]
ROWS = [dict(zip(("up_to", "unit_amount", "flat_amount"), row, strict=True)) for row in TIERS]
LARGE = Decimal(10**15)

MODELS: dict[str, tuple[PriceTerms, dict[str, Any], list[int]]] = {
    "per unit": (each("0.05"), {"unit_amount": "0.05"}, [1, 30]),
    "per unit, 12 decimals": (each("0.333333333333"), {"unit_amount": "0.333333333333"}, [3]),
    "packages rounded up": (
        packages("4.5", of=100),
        {"unit_amount": "4.5", "divide_by": 100, "round": "up"},
        [100, 200],
    ),
    "packages rounded down": (
        packages("4.5", of=7, rounding="down"),
        {"unit_amount": "4.5", "divide_by": 7, "round": "down"},
        [7, 14],
    ),
    "graduated": (
        tiered("graduated", *TIERS),
        {"tiers_mode": "graduated", "tiers": ROWS},
        [10, 1000, 10**15 - 1],
    ),
    "volume": (
        tiered("volume", *TIERS),
        {"tiers_mode": "volume", "tiers": ROWS},
        [10, 1000, 10**15 - 1],
    ),
}
EXTENSIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "units included": ({"included_units": "9.5"}, {"included": "9.5"}),
    "percent of quantity": (
        {"percentage_fee": ("2.9", "quantity")},
        {"percent": "2.9", "of": "quantity"},
    ),
    "percent of amount": (
        {"percentage_fee": ("12.5", "amount")},
        {"percent": "12.5", "of": "amount"},
    ),
    "at least": ({"minimum_charge": 150}, {"least": 150}),
    "at most": ({"maximum_charge": 150}, {"most": 150}),
    "all": (
        {
            "included_units": "0.000000000001",
            "percentage_fee": ("100", "amount"),
            "minimum_charge": 3,
            "maximum_charge": 10**16,
        },
        {"included": HAIR, "percent": "100", "of": "amount", "least": 3, "most": 10**16},
    ),
}


def about(edges: list[int]) -> Iterator[Decimal]:
    """Nothing, next to nothing, each edge with its neighbours, the largest usage, a correction."""
    yield from (Decimal(0), HAIR, Decimal("-3.5"), LARGE)
    for edge in edges:
        for beside in (
            Decimal(-1),
            Decimal("-0.5"),
            -HAIR,
            Decimal(0),
            HAIR,
            Decimal("0.5"),
            Decimal(1),
        ):
            yield edge + beside


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("model", MODELS)
def test_amounts_about_each_edge(model: str, extension: str) -> None:
    terms, plain, edges = MODELS[model]
    stated, plainly = EXTENSIONS[extension]
    extended = with_extensions(terms, **stated)
    for quantity in about(edges):
        billed = max(quantity, Decimal(0))
        expected = extended_cost({**plain, **plainly, "metered": True}, Fraction(billed))
        line = rate(extended, quantity)
        found = (line.amount, Fraction(line.exact), line.quantity)
        assert found == (rounded(expected), expected, billed), quantity
        assert sum(Fraction(step.amount) for step in line.steps) == line.amount


@pytest.mark.parametrize(
    ("currency", "shown"), [("jpy", "¥2"), ("usd", "US$0.02"), ("kwd", "KWD 0.002")]
)
def test_a_minor_unit_is_what_the_currency_says(currency: str, shown: str) -> None:
    terms = PriceTerms.model_validate({**each("0.05").model_dump(), "currency": currency})
    assert format_money(rate(terms, Decimal(30)).amount, currency) == shown


@pytest.mark.parametrize("mode", ["graduated", "volume"])
@pytest.mark.parametrize("quantity", ["0", "-1", "-0.000000000001"])
def test_no_usage_pays_the_flat_amount_of_the_first_tier(mode: str, quantity: str) -> None:
    rows = ((10, "5", "100"), (None, "4", "900"))
    terms = tiered("graduated" if mode == "graduated" else "volume", *rows)
    (step,) = rate(terms, Decimal(quantity)).steps
    assert (step.quantity, step.flat_amount, step.amount, step.up_to) == (0, 100, 100, 10)
