"""Discounts on lines: percentages and amounts, of lines and invoices, to the minor unit."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.coupons.discounts import Discount, DiscountSource
from ledger.coupons.terms import CouponTerms
from ledger.invoices.discounting import Discountable, discount_lines

COUPONS = {
    "half": CouponTerms(percent_off="50"),
    "third": CouponTerms(percent_off="33.333333333333"),
    "all": CouponTerms(percent_off="100"),
    "tenth": CouponTerms(percent_off="10"),
    "penny": CouponTerms(percent_off="0.000000000001"),
    "hundred": CouponTerms(amount_off=100, currency="usd"),
    "options": CouponTerms(
        amount_off=500, currency="usd", currency_options={"jpy": 700, "kwd": 1500}
    ),
    "half_of_api": CouponTerms(percent_off="50", products=("prod_api",)),
    "ten_off_api": CouponTerms(amount_off=10, currency="usd", products=("prod_api",)),
}


def of(coupon: str, source: DiscountSource = "invoice") -> Discount:
    return Discount(
        id=f"di_{coupon}",
        coupon=coupon,
        source=source,
        holder="in_1",
        duration="forever",
        start=datetime(2026, 1, 1, tzinfo=UTC),
    )


def line(
    amount: int, *coupons: str, product: str | None = "prod_api", discountable: bool = True
) -> Discountable:
    own = tuple(of(coupon, "subscription_item") for coupon in coupons)
    return Discountable(amount, product, discountable, own)


def taken(
    lines: Sequence[Discountable], *coupons: str, currency: str = "usd"
) -> list[dict[str, int]]:
    """What each line's discounts take, by coupon."""
    discounted = discount_lines(lines, [of(coupon) for coupon in coupons], COUPONS, currency)
    return [{one.discount.removeprefix("di_"): one.amount for one in own} for own in discounted]


@pytest.mark.parametrize("currency", ["usd", "jpy", "kwd"])
@pytest.mark.parametrize(
    ("amounts", "coupon", "expected"),
    [
        ([], "half", []),
        ([0], "half", [0]),
        ([1], "half", [1]),
        ([3], "half", [2]),
        ([1, 1], "half", [1, 0]),
        ([1, 1, 1], "half", [1, 1, 0]),
        ([999, 1], "tenth", [100, 0]),
        ([995, 5], "tenth", [100, 0]),
        ([100, -30], "half", [50, -15]),
        ([101, -30], "half", [51, -15]),
        ([-1], "half", [-1]),
        ([100, 200, 300], "all", [100, 200, 300]),
        ([100, -200], "all", [100, -200]),
        ([10**18, 10**18], "third", [333333333333330000, 333333333333330000]),
        ([10**14], "penny", [1]),
    ],
)
def test_a_percentage(currency: str, amounts: list[int], coupon: str, expected: list[int]):
    found = taken([line(amount) for amount in amounts], coupon, currency=currency)
    assert found == [{coupon: amount} for amount in expected]


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ([], []),
        ([0], [None]),
        ([250], [100]),
        ([40], [40]),
        ([100], [100]),
        ([150, 150, 150], [34, 33, 33]),
        ([1, 299], [0, 100]),
        ([30, 30], [30, 30]),
        ([150, -20], [100, None]),
        ([150, -70], [80, None]),
        ([60, 60, -20], [50, 50, None]),
        ([60, 60, -30], [45, 45, None]),
        ([20, -20], [0, None]),
        ([20, -50], [0, None]),
        ([-50], [None]),
    ],
)
def test_an_amount_off(amounts: list[int], expected: list[int | None]):
    found = taken([line(amount) for amount in amounts], "hundred")
    assert found == [{} if amount is None else {"hundred": amount} for amount in expected]


@pytest.mark.parametrize(
    ("currency", "amount"), [("usd", 500), ("jpy", 700), ("kwd", 1500), ("eur", None)]
)
def test_an_amount_off_is_the_currencys_own(currency: str, amount: int | None):
    found = taken([line(10_000)], "options", currency=currency)
    assert found == [{} if amount is None else {"options": amount}]


def test_only_lines_of_the_coupons_products_are_discounted():
    lines = [line(100), line(100, product="prod_seat"), line(100, product=None)]
    assert taken(lines, "half_of_api") == [{"half_of_api": 50}, {}, {}]
    assert taken(lines, "ten_off_api") == [{"ten_off_api": 10}, {}, {}]


def test_a_line_that_is_not_discountable_has_no_discount_of_its_own_either():
    lines = [line(100, "half", discountable=False), line(100)]
    assert taken(lines, "tenth") == [{}, {"tenth": 10}]


def test_a_credit_that_is_not_discountable_leaves_an_amount_off_as_it_is():
    lines = [line(150), line(-140, discountable=False)]
    assert taken(lines, "hundred") == [{"hundred": 100}, {}]


def test_each_discount_takes_its_part_of_what_those_before_it_left():
    lines = [line(1000, "half"), line(1000)]
    assert taken(lines, "tenth", "hundred") == [
        {"half": 500, "tenth": 50, "hundred": 33},
        {"tenth": 100, "hundred": 67},
    ]


def test_the_order_of_an_invoices_discounts_counts():
    assert taken([line(1000)], "hundred", "half") == [{"hundred": 100, "half": 450}]
    assert taken([line(1000)], "half", "hundred") == [{"half": 500, "hundred": 100}]


def test_after_everything_was_taken_off_nothing_more_is():
    assert taken([line(70)], "all", "hundred", "half") == [{"all": 70, "half": 0}]


def test_lines_of_one_item_share_its_amount_off():
    assert taken([line(90, "hundred"), line(60, "hundred"), line(500)]) == [
        {"hundred": 60},
        {"hundred": 40},
        {},
    ]


def test_a_discount_of_the_invoice_is_taken_once_though_a_line_names_it_too():
    found = taken([line(90, "hundred"), line(60)], "hundred")
    assert found == [{"hundred": 60}, {"hundred": 40}]


AMOUNTS = st.integers(-(10**15), 10**15)
LINES = st.lists(
    st.builds(
        Discountable,
        AMOUNTS,
        st.sampled_from(["prod_api", "prod_seat", None]),
        st.booleans(),
        st.lists(st.sampled_from(sorted(COUPONS)), max_size=2, unique=True).map(
            lambda coupons: tuple(of(f"{coupon}") for coupon in coupons)
        ),
    ),
    max_size=8,
)
WHOLE_INVOICE = st.lists(st.sampled_from(sorted(COUPONS)), max_size=3, unique=True)


@given(LINES, WHOLE_INVOICE)
def test_no_line_is_discounted_beyond_its_amount_or_to_the_other_side(
    lines: list[Discountable], coupons: list[str]
):
    for found, own in zip(lines, taken(lines, *coupons), strict=True):
        left = found.amount
        for amount in own.values():
            assert 0 <= amount <= left or left <= amount <= 0
            left -= amount


@given(LINES, WHOLE_INVOICE)
def test_discounts_are_as_a_second_way_of_reckoning_has_them(
    lines: list[Discountable], coupons: list[str]
):
    """Fractions of what is left, discount by discount, and the totals rounded once."""
    found = taken(lines, *coupons)
    left = [one.amount for one in lines]
    of_lines = [coupon for coupon in dict.fromkeys(_own(lines)) if coupon not in coupons]
    for coupon in [*of_lines, *coupons]:
        having = [i for i, one in enumerate(lines) if of(coupon).id in _ids(one)]
        terms = COUPONS[coupon]
        places = [
            i
            for i in (having if coupon in of_lines else range(len(lines)))
            if lines[i].discountable
            and (terms.products is None or lines[i].product in terms.products)
        ]
        total = sum(left[i] for i in places)
        if terms.percent_off is None:
            expected = max(min(terms.amount_off or 0, total), 0)
            places = [i for i in places if left[i] > 0]
        else:
            expected = _half_away(total * Fraction(Decimal(terms.percent_off)) / 100)
        assert sum(found[i].get(coupon, 0) for i in range(len(lines))) == expected
        assert [i for i, own in enumerate(found) if coupon in own] == places
        for i in places:
            left[i] -= found[i][coupon]


def _ids(one: Discountable) -> list[str]:
    return [discount.id for discount in one.discounts]


def _own(lines: Sequence[Discountable]) -> list[str]:
    return [discount.coupon for one in lines for discount in one.discounts]


def _half_away(exact: Fraction) -> int:
    magnitude = abs(exact) + Fraction(1, 2)
    return int(magnitude) if exact > 0 else -int(magnitude)
