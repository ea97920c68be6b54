"""Every pricing model at its edges: nothing, each bound, just beside it, fractions, large sums."""

from decimal import Decimal
from fractions import Fraction

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import model_of, rate
from tests.rating.terms_examples import each, packages, tiered

GRADUATED = tiered("graduated", (10, "5", "100"), (20, "4", "0"), (None, "0.5", "50"))
VOLUME = tiered("volume", (10, "5", "100"), (20, "4", "0"), (None, "0.5", "50"))
FREE_THEN_PAID = tiered("graduated", (1000, "0", "0"), (None, "0.02", "0"))
FLAT_ONLY = tiered("graduated", (100, "0", "2900"), (None, "30", "0"))

CASES: dict[str, tuple[PriceTerms, list[tuple[str, int]]]] = {
    "per unit": (each("4"), [("0", 0), ("1", 4), ("30", 120), ("0.1", 0), ("0.125", 1)]),
    "the documented decimal amount": (each("0.05"), [("30", 2), ("29", 1), ("10", 1), ("9", 0)]),
    "twelve decimals": (
        each("0.000000000001"),
        [("1", 0), ("499999999999", 0), ("500000000000", 1), ("999999999999999", 1000)],
    ),
    "a free price": (each("0"), [("0", 0), ("999999999999999", 0)]),
    "a negative total": (each("4"), [("-1", 0), ("-0.5", 0), ("-999999999999999", 0)]),
    "packages of 100 rounded up": (
        packages("4", of=100),
        [
            ("0", 0),
            ("0.000000000001", 4),
            ("1", 4),
            ("99", 4),
            ("100", 4),
            ("100.5", 8),
            ("101", 8),
            ("3000", 120),
            ("-100", 0),
            ("1000000000000000", 40000000000000),
        ],
    ),
    "packages of 100 rounded down": (
        packages("4", of=100, rounding="down"),
        [("0", 0), ("99", 0), ("99.999999999999", 0), ("100", 4), ("199", 4), ("200", 8)],
    ),
    "packages of 3": (packages("10", of=3), [("1", 10), ("3", 10), ("4", 20), ("9", 30)]),
    "packages of one": (packages("2.5", of=1), [("1", 3), ("1.5", 5), ("2", 5), ("3", 8)]),
    "graduated": (
        GRADUATED,
        [
            ("0", 100),
            ("1", 105),
            ("9", 145),
            ("10", 150),
            ("10.5", 152),
            ("11", 154),
            ("20", 190),
            ("20.5", 240),
            ("21", 241),
            ("22", 241),
            ("100", 280),
            ("-7", 100),
        ],
    ),
    "graduated, the first tier free": (
        FREE_THEN_PAID,
        [("0", 0), ("1000", 0), ("1001", 0), ("1025", 1), ("1075", 2), ("1000000", 19980)],
    ),
    "graduated, a flat first tier": (
        FLAT_ONLY,
        [("0", 2900), ("100", 2900), ("101", 2930), ("100.01", 2900), ("100.02", 2901)],
    ),
    "volume": (
        VOLUME,
        [
            ("0", 100),
            ("1", 105),
            ("10", 150),
            ("10.000000000001", 40),
            ("10.5", 42),
            ("11", 44),
            ("20", 80),
            ("20.5", 60),
            ("21", 61),
            ("100", 100),
            ("-7", 100),
        ],
    ),
    "one unbounded tier": (tiered("volume", (None, "3", "0")), [("0", 0), ("7", 21)]),
    "ten to the fifteenth": (
        tiered("graduated", (10**15 - 1, "0.000000000001", "0"), (None, "1", "0")),
        [("999999999999999", 1000), ("1000000000000000", 1001)],
    ),
}


@pytest.mark.parametrize(
    ("terms", "quantity", "amount"),
    [
        pytest.param(terms, quantity, amount, id=f"{name}: {quantity}")
        for name, (terms, cases) in CASES.items()
        for quantity, amount in cases
    ],
)
def test_amount(terms: PriceTerms, quantity: str, amount: int) -> None:
    line = rate(terms, Decimal(quantity))
    assert line.amount == amount
    assert line.quantity == max(Decimal(quantity), 0)
    assert sum((step.amount for step in line.steps), Decimal(0)) == line.amount
    assert line.exact + line.rounding == amount
    assert abs(line.rounding) <= Decimal("0.5")


def test_the_story_of_three_thousand_tokens() -> None:
    line = rate(packages("4", of=100), Decimal(3000))
    (step,) = line.steps
    assert (line.amount, line.quantity, line.unit_amount_decimal) == (120, 3000, "4")
    assert (step.model, step.quantity, step.unit_amount, step.amount) == ("package", 30, 4, 120)


def test_a_graduated_line_explains_each_tier_it_entered() -> None:
    line = rate(GRADUATED, Decimal("20.5"))
    *tiers, rounding = line.steps
    steps = [(s.above, s.up_to, s.quantity, s.unit_amount, s.flat_amount) for s in tiers]
    assert steps == [(0, 10, 10, 5, 100), (10, 20, 10, 4, 0), (20, None, Decimal("0.5"), 0.5, 50)]
    assert [step.amount for step in tiers] == [150, 40, Decimal("50.25")]
    assert (rounding.model, rounding.above, rounding.up_to) == ("rounding", Decimal("240.25"), 240)
    assert (line.exact, line.amount, line.rounding) == (Decimal("240.25"), 240, Decimal("-0.25"))
    assert line.unit_amount_decimal is None


def test_a_volume_line_explains_the_tier_it_matched() -> None:
    (step,) = rate(VOLUME, Decimal(20)).steps
    assert (step.above, step.up_to, step.quantity, step.amount) == (10, 20, 20, 80)


def test_tiers_are_summed_before_the_one_rounding() -> None:
    terms = tiered("graduated", (1, "0.5", "0"), (2, "0.5", "0"), (None, "0.5", "0"))
    assert rate(terms, Decimal(3)).amount == 2


def test_no_digit_is_lost_in_a_large_product() -> None:
    line = rate(each("999.123456789012"), Decimal("123456789012.123456789012"))
    assert Fraction(line.exact) == Fraction("999.123456789012") * Fraction(line.quantity)
    assert line.amount == 123348573801865


def test_an_amount_beyond_64_bits_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="64-bit"):
        rate(each("9223372036854775807"), Decimal(2))


@pytest.mark.parametrize(
    ("terms", "model"),
    [
        (each("1"), "per_unit"),
        (packages("1", of=2), "package"),
        (GRADUATED, "graduated"),
        (VOLUME, "volume"),
    ],
)
def test_the_model_follows_from_the_terms(terms: PriceTerms, model: str) -> None:
    assert model_of(terms) == model
    assert {step.model for step in rate(terms, Decimal(1)).steps} == {model}
