"""Shares of an amount by the second."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.money import round_half_away
from ledger.kernel.periods import Cycle, Period
from ledger.rating.proration import prorate
from tests.support.reference_formulas import rounded

JUNE = Period(datetime(2024, 6, 1, tzinfo=UTC), datetime(2024, 7, 1, tzinfo=UTC))


def part(days_in: int, days: int) -> Period:
    start = JUNE.start + timedelta(days=days_in)
    return Period(start, start + timedelta(days=days))


@pytest.mark.parametrize(
    ("amount", "covered", "share"),
    [
        ("3000", JUNE, 3000),
        ("3000", part(0, 15), 1500),
        ("3000", part(29, 1), 100),
        ("-3000", part(10, 10), -1000),
        ("0", part(1, 2), 0),
        ("1000", part(5, 0), 0),
    ],
)
def test_a_share_is_by_the_second(amount: str, covered: Period, share: int) -> None:
    assert prorate(Decimal(amount), covered, JUNE) == share


def test_half_a_short_month_is_half_the_amount() -> None:
    stub = Period(datetime(2023, 2, 15, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC))
    whole = Cycle(datetime(2023, 3, 1, tzinfo=UTC), "month").period_at(stub.start)
    assert prorate(Decimal(1999), stub, whole) == Decimal("999.5")


@pytest.mark.parametrize(
    "covered", [part(-1, 3), part(29, 2), Period(JUNE.end, JUNE.end + timedelta(days=1))]
)
def test_what_is_not_within_the_whole_is_refused(covered: Period) -> None:
    with pytest.raises(ValueError, match="is no part of"):
        prorate(Decimal(1), covered, JUNE)


def test_nothing_can_be_a_share_of_an_empty_period() -> None:
    empty = Period(JUNE.start, JUNE.start)
    with pytest.raises(ValueError, match="is no part of"):
        prorate(Decimal(1), empty, empty)


@given(
    st.decimals("-1e12", "1e12", places=12),
    st.integers(0, 2_592_000),
    st.integers(0, 2_592_000),
)
def test_the_rounded_share_is_the_exact_fraction_rounded(amount: Decimal, a: int, b: int) -> None:
    start, end = (JUNE.start + timedelta(seconds=s) for s in sorted((a, b)))
    share = round_half_away(prorate(amount, Period(start, end), JUNE))
    assert share == rounded(Fraction(amount) * Fraction(abs(a - b), 2_592_000))
