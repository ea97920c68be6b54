"""From a request to terms: the canonical form, and every rule with the field it names."""

from typing import Any

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.prices.definition import TermsRequest, TierRequest, define_terms
from ledger.prices.terms import PercentageFee, PriceTerms, Recurring, TransformQuantity

BY_HUNDRED = TransformQuantity(divide_by=100, round="up")
METERED = Recurring(interval="month", usage_type="metered", meter="mtr_test_1")
EXTENSIONS: dict[str, Any] = {
    "included_units": "1E+3",
    "percentage_fee": PercentageFee(percent="2.90", of="amount"),
    "minimum_charge": 0,
    "maximum_charge": 2**63 - 1,
}
TIERS = (TierRequest(up_to=10, unit_amount=5), TierRequest(up_to="inf", unit_amount=4))


def terms(**asked: Any) -> PriceTerms:
    return define_terms(TermsRequest(**{"currency": "usd", **asked}))


def tiered(*tiers: TierRequest) -> PriceTerms:
    return terms(billing_scheme="tiered", tiers_mode="graduated", tiers=tiers)


@pytest.mark.parametrize(
    ("asked", "whole", "exact"),
    [
        ({"unit_amount": 4}, 4, "4"),
        ({"unit_amount": 0}, 0, "0"),
        ({"unit_amount_decimal": "1000"}, 1000, "1000"),
        ({"unit_amount_decimal": "5.0"}, 5, "5"),
        ({"unit_amount_decimal": "0.050"}, None, "0.05"),
        ({"unit_amount_decimal": "1E-12"}, None, "0.000000000001"),
    ],
)
def test_both_forms_of_an_amount_are_kept_where_it_is_whole(
    asked: dict[str, Any], whole: int | None, exact: str
) -> None:
    made = terms(**asked)
    assert (made.unit_amount, made.unit_amount_decimal) == (whole, exact)


def test_tiers_are_kept_in_the_same_form() -> None:
    first, last = tiered(
        TierRequest(up_to=10, unit_amount_decimal="0.5", flat_amount=100),
        TierRequest(up_to="inf", flat_amount_decimal="7.00"),
    ).tiers
    assert (first.up_to, first.unit_amount, first.unit_amount_decimal) == (10, None, "0.5")
    assert (first.flat_amount, first.flat_amount_decimal) == (100, "100")
    assert (last.up_to, last.unit_amount_decimal) == (None, None)
    assert (last.flat_amount, last.flat_amount_decimal) == (7, "7")


def test_extensions_are_kept_in_canonical_form() -> None:
    made = terms(unit_amount=4, **EXTENSIONS)
    assert (made.included_units, made.included) == ("1000", 1000)
    assert made.percentage_fee == PercentageFee(percent="2.9", of="amount")
    assert str(made.fee_share) == "0.029"
    assert (made.minimum_charge, made.maximum_charge) == (0, 2**63 - 1)
    plain = terms(unit_amount=4)
    assert (plain.included_units, plain.percentage_fee, plain.is_limited) == (None, None, False)


def test_metered_terms_know_that_they_are() -> None:
    assert terms(unit_amount=4, recurring=METERED).is_metered
    assert not terms(unit_amount=4, recurring=Recurring(interval="month")).is_metered
    assert not terms(unit_amount=4).is_metered


def test_terms_come_back_from_json_as_they_were() -> None:
    for made in (
        terms(unit_amount=4, recurring=METERED, transform_quantity=BY_HUNDRED),
        tiered(*TIERS),
        terms(unit_amount=4, **EXTENSIONS),
    ):
        assert made.unit_price is not None
        assert made.brackets is not None
        restored = PriceTerms.model_validate_json(made.model_dump_json())
        assert restored == made
        assert hash(restored) == hash(made)
        assert restored.brackets == made.brackets
        assert set(made.model_dump()) == set(PriceTerms.model_fields)


def metered(**changes: Any) -> dict[str, Any]:
    return {"unit_amount": 1, "recurring": METERED.model_copy(update=changes)}


REFUSED: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "both amounts": (
        {"unit_amount": 4, "unit_amount_decimal": "4"},
        "unit_amount",
        "parameters_exclusive",
    ),
    "no amount": ({}, "unit_amount", "parameter_missing"),
    "a negative amount": ({"unit_amount": -1}, "unit_amount", None),
    "an amount beyond 64 bits": ({"unit_amount": 2**63}, "unit_amount", None),
    "a negative decimal": ({"unit_amount_decimal": "-0.5"}, "unit_amount_decimal", None),
    "13 decimals": ({"unit_amount_decimal": "0.0000000000001"}, "unit_amount_decimal", None),
    "no number": ({"unit_amount_decimal": "four"}, "unit_amount_decimal", None),
    "an unknown currency": ({"unit_amount": 1, "currency": "zzz"}, "currency", None),
    "packages of nothing": (
        {"unit_amount": 1, "transform_quantity": TransformQuantity(divide_by=0, round="up")},
        "transform_quantity[divide_by]",
        None,
    ),
    "transform with tiers": (
        {"unit_amount": 1, "tiers": TIERS, "transform_quantity": BY_HUNDRED},
        "tiers",
        "parameters_exclusive",
    ),
    "tiered with transform": (
        {
            "billing_scheme": "tiered",
            "tiers_mode": "volume",
            "tiers": TIERS,
            "transform_quantity": BY_HUNDRED,
        },
        "tiers",
        "parameters_exclusive",
    ),
    "tiered with an amount": (
        {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": TIERS, "unit_amount": 1},
        "tiers",
        "parameters_exclusive",
    ),
    "tiers without the scheme": ({"unit_amount": 1, "tiers": TIERS}, "tiers", None),
    "a mode without the scheme": ({"unit_amount": 1, "tiers_mode": "volume"}, "tiers_mode", None),
    "tiered without mode": (
        {"billing_scheme": "tiered", "tiers": TIERS},
        "tiers_mode",
        "parameter_missing",
    ),
    "tiered without tiers": (
        {"billing_scheme": "tiered", "tiers_mode": "volume"},
        "tiers",
        "parameter_missing",
    ),
    "metered without meter": (metered(meter=None), "recurring[meter]", "parameter_missing"),
    "meter on a licensed price": (metered(usage_type="licensed"), "recurring[meter]", None),
    "no interval": (metered(interval_count=0), "recurring[interval_count]", None),
    "37 months": (metered(interval_count=37), "recurring[interval_count]", None),
    "negative included units": (
        {"unit_amount": 1, "included_units": "-1"},
        "included_units",
        None,
    ),
    "included units with 13 decimals": (
        {"unit_amount": 1, "included_units": "1E-13"},
        "included_units",
        None,
    ),
    "a fee of nothing": (
        {"unit_amount": 1, "percentage_fee": PercentageFee(percent="0")},
        "percentage_fee[percent]",
        None,
    ),
    "a fee of more than all": (
        {"unit_amount": 1, "percentage_fee": PercentageFee(percent="100.000000000001")},
        "percentage_fee[percent]",
        None,
    ),
    "a negative minimum": ({"unit_amount": 1, "minimum_charge": -1}, "minimum_charge", None),
    "a maximum beyond 64 bits": (
        {"unit_amount": 1, "maximum_charge": 2**63},
        "maximum_charge",
        None,
    ),
    "a minimum beyond 64 bits": (
        {"unit_amount": 1, "minimum_charge": 2**63},
        "minimum_charge",
        None,
    ),
    "a maximum below the minimum": (
        {"unit_amount": 1, "minimum_charge": 2, "maximum_charge": 1},
        "maximum_charge",
        None,
    ),
    "four years": (
        metered(interval="year", interval_count=4),
        "recurring[interval_count]",
        None,
    ),
}


@pytest.mark.parametrize(("asked", "param", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(asked: dict[str, Any], param: str, code: str | None) -> None:
    with pytest.raises(InvalidRequest) as refused:
        terms(**asked)
    assert (refused.value.param, refused.value.code) == (param, code)


@pytest.mark.parametrize(
    ("interval", "count"), [("day", 1095), ("week", 156), ("month", 36), ("year", 3)]
)
def test_three_years_are_the_longest_cycle(interval: str, count: int) -> None:
    allowed = terms(**metered(interval=interval, interval_count=count))
    assert allowed.recurring is not None
    assert allowed.recurring.interval_count == count
    with pytest.raises(InvalidRequest, match="three years"):
        terms(**metered(interval=interval, interval_count=count + 1))


@pytest.mark.parametrize(
    ("tiers", "param"),
    [
        ([("inf", 5), (10, 4)], "tiers[0][up_to]"),
        ([("inf", 5), ("inf", 4)], "tiers[0][up_to]"),
        ([(10, 5), (10, 4), ("inf", 3)], "tiers[1][up_to]"),
        ([(10, 5), (5, 4), ("inf", 3)], "tiers[1][up_to]"),
        ([(0, 5), ("inf", 4)], "tiers[0][up_to]"),
        ([(-1, 5), ("inf", 4)], "tiers[0][up_to]"),
        ([(2**63, 5), ("inf", 4)], "tiers[0][up_to]"),
        ([(10, 5), (20, 4)], "tiers[1][up_to]"),
        ([(10, None), ("inf", 4)], "tiers[0]"),
        ([(10, -1), ("inf", 4)], "tiers[0][unit_amount]"),
    ],
)
def test_tiers_are_in_order_and_end_without_bound(
    tiers: list[tuple[Any, int | None]], param: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        tiered(*(TierRequest(up_to=up_to, unit_amount=amount) for up_to, amount in tiers))
    assert refused.value.param == param


@pytest.mark.parametrize("name", ["unit_amount", "flat_amount"])
def test_an_amount_of_a_tier_comes_in_one_form(name: str) -> None:
    both: dict[str, Any] = {name: 1, f"{name}_decimal": "1"}
    with pytest.raises(InvalidRequest) as refused:
        tiered(TierRequest(up_to="inf", **both))
    assert (refused.value.param, refused.value.code) == (
        f"tiers[0][{name}]",
        "parameters_exclusive",
    )
    no_number: dict[str, Any] = {f"{name}_decimal": "x"}
    with pytest.raises(InvalidRequest) as refused:
        tiered(TierRequest(up_to="inf", **no_number))
    assert refused.value.param == f"tiers[0][{name}_decimal]"


def test_tax_behaviour_is_set_once() -> None:
    made = terms(unit_amount=1)
    inclusive = made.with_tax_behavior("inclusive")
    assert (made.tax_behavior, inclusive.tax_behavior) == ("unspecified", "inclusive")
    assert inclusive.with_tax_behavior("inclusive") is inclusive
    with pytest.raises(InvalidRequest) as refused:
        inclusive.with_tax_behavior("exclusive")
    assert refused.value.param == "tax_behavior"
