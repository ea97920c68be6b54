"""Rating against the reference biller, and laws that hold for any terms and quantities."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.quantities import decimal_text
from ledger.prices.terms import PriceTerms
from ledger.rating.rate import rate
from tests.rating.terms_examples import each, packages, tiered
from tests.support.reference_biller import cost
from tests.support.reference_formulas import rounded

quantities = st.one_of(
    st.integers(0, 300).map(Decimal),
    st.decimals(0, 300, places=2),
    st.decimals(0, 10**6, places=12),
    st.integers(0, 10**15).map(Decimal),
)
unit_amounts = st.one_of(
    st.integers(0, 1000).map(str),
    st.decimals(0, 10, places=3).map(decimal_text),
    st.decimals(0, 1, places=12).map(decimal_text),
)


@st.composite
def tiers(draw: st.DrawFn) -> list[tuple[int | None, str, str]]:
    bounds = draw(st.lists(st.integers(1, 250), max_size=9, unique=True).map(sorted))
    return [(up_to, draw(unit_amounts), draw(unit_amounts)) for up_to in [*bounds, None]]


@st.composite
def priced(draw: st.DrawFn) -> tuple[PriceTerms, dict[str, Any]]:
    """The same price for the product and for the reference biller."""
    model = draw(st.sampled_from(["per_unit", "up", "down", "graduated", "volume"]))
    if model in ("graduated", "volume"):
        rows = draw(tiers())
        names = ("up_to", "unit_amount", "flat_amount")
        plain = {"tiers_mode": model, "tiers": [dict(zip(names, row, strict=True)) for row in rows]}
        return tiered("graduated" if model == "graduated" else "volume", *rows), plain
    amount = draw(unit_amounts)
    if model == "per_unit":
        return each(amount), {"unit_amount": amount}
    size = draw(st.integers(1, 120))
    plain = {"unit_amount": amount, "divide_by": size, "round": model}
    return packages(amount, of=size, rounding=model), plain


@given(priced(), quantities)
def test_an_amount_is_that_of_the_reference_biller(
    price: tuple[PriceTerms, dict[str, Any]], quantity: Decimal
) -> None:
    terms, plain = price
    line = rate(terms, quantity)
    assert Fraction(line.exact) == cost(plain, Fraction(quantity))
    assert line.amount == rounded(cost(plain, Fraction(quantity)))


@given(priced(), quantities)
def test_the_steps_add_up_to_the_line(
    price: tuple[PriceTerms, dict[str, Any]], quantity: Decimal
) -> None:
    line = rate(price[0], quantity)
    assert sum(Fraction(step.amount) for step in line.steps) == Fraction(line.exact)
    for step in line.steps:
        product = Fraction(step.quantity) * Fraction(step.unit_amount)
        assert product + Fraction(step.flat_amount) == Fraction(step.amount)
    if line.steps[0].model != "package":
        assert sum(Fraction(step.quantity) for step in line.steps) == Fraction(quantity)


@given(tiers(), quantities, quantities)
def test_graduated_amounts_never_fall_when_usage_grows(
    rows: list[tuple[int | None, str, str]], a: Decimal, b: Decimal
) -> None:
    terms = tiered("graduated", *rows)
    assert rate(terms, min(a, b)).exact <= rate(terms, max(a, b)).exact


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
def test_a_negative_total_costs_what_no_usage_costs(
    price: tuple[PriceTerms, dict[str, Any]], quantity: Decimal
) -> None:
    assert rate(price[0], quantity) == rate(price[0], Decimal(0))
