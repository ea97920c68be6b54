"""Extended terms against an independent computation in fractions, whole and in part."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from ledger.kernel.periods import Period
from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps
from tests.rating.priced import Priced, extended, quantities
from tests.rating.reference_extensions import extended_cost
from tests.rating.terms_examples import each, with_extensions
from tests.support.reference_formulas import rounded

JUNE = Period(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC))
SECONDS = 30 * 24 * 3600

ORDER = ["included", "model", "percentage", "minimum", "maximum", "proration", "rounding"]

thirds = st.sampled_from([(0, SECONDS // 3), (1, SECONDS), (0, 7), (SECONDS // 2, SECONDS)])
parts = thirds | st.tuples(st.integers(0, SECONDS), st.integers(0, SECONDS))


def june(seconds: tuple[int, int]) -> tuple[Period, Fraction]:
    start, end = sorted(seconds)
    part = Period(JUNE.start + timedelta(seconds=start), JUNE.start + timedelta(seconds=end))
    return part, Fraction(end - start, SECONDS)


@given(extended(), quantities)
def test_an_amount_is_that_of_the_fractions(price: Priced, quantity: Decimal) -> None:
    terms, plain = price
    line = rate(terms, quantity)
    assert Fraction(line.exact) == extended_cost(plain, Fraction(quantity))
    assert line.amount == rounded(Fraction(line.exact))
    assert rate(terms, quantity, JUNE, JUNE) == line


@given(extended(), quantities, parts)
@example(
    (with_extensions(each("10"), metered=False), {"metered": False, "unit_amount": "10"}),
    Decimal(1),
    (0, SECONDS // 3),
)
def test_a_part_of_a_period_costs_what_the_fractions_say(
    price: Priced, quantity: Decimal, seconds: tuple[int, int]
) -> None:
    terms, plain = price
    part, share = june(seconds)
    expected = extended_cost(plain, Fraction(quantity), share)
    line = rate(terms, quantity, part, JUNE)
    assert line.amount == rounded(expected)
    assert abs(Fraction(line.exact) - expected) <= Fraction(1, 10**12)


@given(extended(), quantities, parts)
def test_the_steps_add_up_in_their_order(
    price: Priced, quantity: Decimal, seconds: tuple[int, int]
) -> None:
    line = rate(price[0], quantity, june(seconds)[0], JUNE)
    assert sum(Fraction(step.amount) for step in stored_steps(line)) == line.amount
    reached = Fraction(0)
    for step in line.steps:
        product = Fraction(step.quantity) * Fraction(step.unit_amount)
        assert product + Fraction(step.flat_amount) == Fraction(step.amount)
        if step.model in ("minimum", "maximum", "proration", "rounding"):
            assert step.above == reached
            assert step.up_to == reached + Fraction(step.amount)
        reached += Fraction(step.amount)
    places = [ORDER.index(s.model if s.model in ORDER else "model") for s in line.steps]
    assert places == sorted(places)


@given(extended(), quantities)
def test_a_period_in_two_parts_costs_a_licence_no_more_than_its_roundings(
    price: Priced, quantity: Decimal
) -> None:
    terms, _ = price
    if not terms.is_metered:
        first, second = june((0, 1_000_000))[0], june((1_000_000, SECONDS))[0]
        halves = [rate(terms, quantity, part, JUNE).amount for part in (first, second)]
        assert abs(sum(halves) - rate(terms, quantity).amount) <= 1


@given(extended(), quantities, quantities)
def test_extended_amounts_never_fall_when_usage_grows_but_by_volume(
    price: Priced, a: Decimal, b: Decimal
) -> None:
    terms, _ = price
    if terms.tiers_mode != "volume":
        assert rate(terms, min(a, b)).amount <= rate(terms, max(a, b)).amount
