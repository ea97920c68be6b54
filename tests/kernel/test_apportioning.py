"""Whole shares of a whole amount."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.apportioning import apportion, apportion_by, round_fraction

SHARES = st.lists(st.fractions(-1000, 1000, max_denominator=200), max_size=12)


@pytest.mark.parametrize(
    ("exact", "whole"),
    [("0", 0), ("1/2", 1), ("-1/2", -1), ("49/100", 0), ("3/2", 2), ("-3/2", -2), ("5/2", 3)],
)
def test_a_half_goes_away_from_zero(exact: str, whole: int):
    assert round_fraction(Fraction(exact)) == whole


@pytest.mark.parametrize(
    ("exact", "shares"),
    [
        ([], []),
        (["1/3", "1/3", "1/3"], [1, 0, 0]),
        (["1/3", "2/3", "0"], [0, 1, 0]),
        (["10/3", "10/3", "10/3"], [4, 3, 3]),
        (["-10/3", "-10/3", "-10/3"], [-4, -3, -3]),
        (["3/5", "-3/5"], [0, 0]),
        (["9/10", "-2/5"], [1, 0]),
        (["7", "-3"], [7, -3]),
    ],
)
def test_largest_remainders_take_what_is_missing(exact: list[str], shares: list[int]):
    assert apportion([Fraction(share) for share in exact]) == shares


def test_without_room_a_share_is_not_rounded_up():
    halves = [Fraction(1, 2)] * 4
    assert apportion(halves, [0, 1, 1, 1]) == [0, 1, 1, 0]
    assert apportion(halves, [0, 0, 0, 1]) == [0, 0, 0, 1]


@given(SHARES)
def test_shares_sum_up_to_the_sum_rounded_once(exact: list[Fraction]):
    assert sum(apportion(exact)) == round_fraction(sum(exact, Fraction(0)))


@given(SHARES)
def test_no_share_is_a_unit_off_or_changes_its_sign(exact: list[Fraction]):
    for share, whole in zip(exact, apportion(exact), strict=True):
        assert abs(share - whole) < 1
        assert share * whole >= 0


@given(SHARES)
def test_what_is_given_back_is_shared_as_what_is_taken(exact: list[Fraction]):
    assert apportion([-share for share in exact]) == [-whole for whole in apportion(exact)]


@given(st.integers(-(10**18), 10**18), st.lists(st.integers(1, 10**12), min_size=1, max_size=9))
def test_a_total_is_divided_by_weights_without_a_rest(total: int, weights: list[int]):
    assert sum(apportion_by(total, weights)) == total
