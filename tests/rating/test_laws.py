"""Rating against the reference biller, and laws that hold for any terms and quantities."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.rating.rate import rate
from ledger.rating.steps import stored_steps
from tests.rating.priced import Priced, priced, quantities, tiers, unit_amounts
from tests.rating.terms_examples import each, tiered
from tests.support.reference_biller import cost
from tests.support.reference_formulas import rounded


@given(priced(), quantities)
def test_an_amount_is_that_of_the_reference_biller(price: Priced, quantity: Decimal) -> None:
    terms, plain = price
    line = rate(terms, quantity)
    assert Fraction(line.exact) == cost(plain, Fraction(quantity))
    assert line.amount == rounded(cost(plain, Fraction(quantity)))


@given(priced(), quantities)
def test_the_steps_add_up_to_the_line(price: Priced, quantity: Decimal) -> None:
    line = rate(price[0], quantity)
    assert sum(Fraction(step.amount) for step in line.steps) == line.amount
    assert sum(Fraction(step.amount) for step in stored_steps(line)) == line.amount
    for step in line.steps:
        product = Fraction(step.quantity) * Fraction(step.unit_amount)
        assert product + Fraction(step.flat_amount) == Fraction(step.amount)
    if line.steps[0].model != "package":
        assert sum(Fraction(step.quantity) for step in line.steps) == Fraction(quantity)


@given(priced(), quantities, quantities)
def test_amounts_never_fall_when_usage_grows_but_by_volume(
    price: Priced, a: Decimal, b: Decimal
) -> None:
    terms, _ = price
    if terms.tiers_mode != "volume":
        assert rate(terms, min(a, b)).exact <= rate(terms, max(a, b)).exact


@given(tiers(), st.decimals("1e-12", "1e-9", places=12))
def test_graduated_amounts_run_on_at_a_bound_but_for_its_flat_amount(
    rows: list[tuple[int | None, str, str]], beyond: Decimal
) -> None:
    terms = tiered("graduated", *rows)
    for (bound, *_), (_, unit, flat) in pairwise(rows):
        assert bound is not None
        at = Fraction(rate(terms, Decimal(bound)).exact)
        past = Fraction(rate(terms, bound + beyond).exact)
        assert past - at == Fraction(flat) + Fraction(unit) * Fraction(beyond)


@given(unit_amounts, quantities, quantities)
def test_per_unit_amounts_split_without_loss(amount: str, a: Decimal, b: Decimal) -> None:
    terms = each(amount)
    parts = Fraction(rate(terms, a).exact) + Fraction(rate(terms, b).exact)
    together = Fraction(amount) * (Fraction(a) + Fraction(b))
    assert parts == together


@given(unit_amounts, st.lists(st.integers(1, 250), max_size=9, unique=True), quantities)
def test_tiers_of_one_price_are_that_price(
    amount: str, bounds: list[int], quantity: Decimal
) -> None:
    rows = [(up_to, amount, "0") for up_to in [*sorted(bounds), None]]
    expected = rate(each(amount), quantity).exact
    assert rate(tiered("graduated", *rows), quantity).exact == expected
    assert rate(tiered("volume", *rows), quantity).exact == expected


@given(priced(), st.decimals("-1e6", "-1e-12", places=12))
def test_a_negative_total_costs_what_no_usage_costs(price: Priced, quantity: Decimal) -> None:
    assert rate(price[0], quantity) == rate(price[0], Decimal(0))
