"""Prices drawn at random, in the product's terms and in plain ones for an independent biller."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ledger.kernel.quantities import decimal_text
from ledger.prices.terms import PriceTerms
from tests.rating.terms_examples import each, packages, tiered, with_extensions

Priced = tuple[PriceTerms, dict[str, Any]]

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
percentages = st.one_of(
    st.integers(1, 100).map(str),
    st.decimals("0.000000000001", 100, places=12).map(decimal_text),
    st.just("2.9"),
)
charges = st.none() | st.integers(0, 5000) | st.integers(0, 10**18)


@st.composite
def tiers(draw: st.DrawFn) -> list[tuple[int | None, str, str]]:
    bounds = draw(st.lists(st.integers(1, 250), max_size=9, unique=True).map(sorted))
    return [(up_to, draw(unit_amounts), draw(unit_amounts)) for up_to in [*bounds, None]]


@st.composite
def priced(draw: st.DrawFn) -> Priced:
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


@st.composite
def extended(draw: st.DrawFn) -> Priced:
    """The same with any of the extensions."""
    terms, plain = draw(priced())
    included = draw(st.none() | quantities.map(decimal_text))
    fee = draw(st.none() | st.tuples(percentages, st.sampled_from(["quantity", "amount"])))
    least, most = draw(charges), draw(charges)
    if least is not None and most is not None:
        least, most = sorted((least, most))
    metered = draw(st.booleans())
    extensions = {
        "included_units": included,
        "percentage_fee": fee,
        "minimum_charge": least,
        "maximum_charge": most,
    }
    percent, of = fee or (None, None)
    plain |= {"metered": metered, "included": included, "percent": percent, "of": of}
    plain |= {"least": least, "most": most}
    return with_extensions(terms, metered=metered, **extensions), plain
