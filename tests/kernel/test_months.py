"""Months in UTC: found, counted, written and read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import to_microseconds
from ledger.kernel.months import Month

MONTHS = st.builds(Month, st.integers(1971, 9000), st.integers(1, 12))


@given(month=MONTHS)
def test_a_month_begins_where_the_one_before_ends(month: Month) -> None:
    first = month.first_microsecond
    assert Month.of_microseconds(first) == month
    assert Month.of_microseconds(first - 1) == month.plus(-1)
    assert Month.parse(str(month)) == month


@given(month=MONTHS, count=st.integers(-1_000, 1_000))
def test_months_are_counted_to_and_fro(month: Month, count: int) -> None:
    assert month.plus(count).plus(-count) == month
    assert (month.plus(count) > month) == (count > 0)


def test_a_time_lies_in_the_month_of_utc() -> None:
    late = datetime(2026, 1, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1)))
    assert Month.of(late) == Month(2026, 2)
    assert Month(2026, 2).first_microsecond == to_microseconds(datetime(2026, 2, 1, tzinfo=UTC))


@pytest.mark.parametrize("text", ["2026", "2026-1", "2026-13", "2026-00", "0000-01", "2026-01-01"])
def test_other_texts_are_no_month(text: str) -> None:
    with pytest.raises(ValueError, match="is no month such as 2026-01"):
        Month.parse(text)
