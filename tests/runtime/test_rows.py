"""Rows over a transaction are what rows in memory are, in whatever order they are changed."""

import itertools
import struct
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.quantities import decimal_text
from ledger.meter_events.aggregation import canonical
from ledger.store.datastore import Datastore
from projections.meter_events.rollup_rows import USAGE_ROLLUPS, UsageRollupRow
from projections.meter_events.rows import METER_EVENTS, MeterEventRow, series_of
from projections.runtime.copying import NumericFields, TextFields
from projections.runtime.rows import MemoryRows, Rows, Spans, Within
from projections.runtime.sql_rows import SqlRows

SERIES = series_of("mtr_1", "cus_1")
_ledger_ids = itertools.count(1)

Step = Callable[[Rows], object]

NUMBER = st.decimals(-999, 999, places=2).map(canonical)
LASTS = st.tuples(st.integers(0, 5), st.none() | NUMBER)


def rollup(
    bucket: int,
    count: int,
    numbers: tuple[Decimal | None, Decimal | None, Decimal | None],
    last: tuple[int, Decimal | None] | None,
    finer: bool | None,
) -> UsageRollupRow:
    """Of any formula, or none."""
    at, value = last or (None, None)
    place = (None, None, None) if at is None else (at, at + 1, at + 2)
    return UsageRollupRow(SERIES, 60, bucket, count, *numbers, *place, value, finer)


def rollups(kept: str) -> st.SearchStrategy[list[UsageRollupRow]]:
    """Rows of one formula: they all have numbers, a last event, or neither."""
    return st.lists(
        st.builds(
            rollup,
            st.integers(0, 3),
            st.integers(1, 9),
            st.tuples(*[NUMBER if kept == "numbers" else st.none()] * 3),
            LASTS if kept == "last" else st.none(),
            st.sampled_from([None, None, True]),
        ),
        max_size=4,
    )


def merge(rollups: list[UsageRollupRow]) -> Step:
    return lambda rows: rows.merge_many(USAGE_ROLLUPS, rollups)


def put(rollup: UsageRollupRow) -> Step:
    return lambda rows: rows.put(USAGE_ROLLUPS, rollup)


def delete(bucket: int) -> Step:
    return lambda rows: rows.delete(USAGE_ROLLUPS, SERIES, 60, bucket)


def get(bucket: int) -> Step:
    return lambda rows: str(rows.get(USAGE_ROLLUPS, SERIES, 60, bucket))


def merge_returning(rollups: list[UsageRollupRow]) -> Step:
    return lambda rows: str(
        sorted(rows.merge_returning(USAGE_ROLLUPS, rollups, "count", "sum", "finer").items())
    )


def greatest(most: int | None, *, least: bool) -> Step:
    within = Within("bucket", 1, 3)
    return lambda rows: [
        row.bucket
        for row in rows.greatest(
            USAGE_ROLLUPS, within, ("bucket",), most, least=least, series=SERIES
        )
    ]


def spans(*bounds: tuple[int, int]) -> Step:
    wanted = Spans("series", "bucket", [(SERIES, min(pair), max(pair)) for pair in bounds])
    columns = ("bucket", "count", "sum", "finer")
    return lambda rows: sorted(map(str, rows.spans(USAGE_ROLLUPS, columns, wanted)))


BOUNDS = st.tuples(st.integers(0, 4), st.integers(0, 4))


def steps_with(rows: st.SearchStrategy[list[UsageRollupRow]]) -> st.SearchStrategy[list[Step]]:
    return st.lists(
        st.builds(merge, rows)
        | st.builds(merge_returning, rows)
        | st.builds(put, rows.filter(bool).map(lambda some: some[0]))
        | st.builds(delete, st.integers(0, 3))
        | st.builds(get, st.integers(0, 3))
        | st.builds(greatest, st.sampled_from([1, None]), least=st.booleans())
        | st.builds(spans, BOUNDS, BOUNDS),
        max_size=15,
    )


@pytest.mark.parametrize("kept", ["numbers", "last", "nothing"])
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_steps_do_the_same_to_both(
    datastore: Datastore, kept: str, data: st.DataObject
) -> None:
    steps = data.draw(steps_with(rollups(kept)))
    in_memory, ledger_id = MemoryRows(), next(_ledger_ids)
    steps = [*steps, greatest(None, least=True), *(get(bucket) for bucket in range(4))]
    with datastore.transaction(commit=True) as cursor:
        stored = SqlRows(cursor, ledger_id)
        for step in steps:
            assert step(stored) == step(in_memory)
        stored.flush()
        again = SqlRows(cursor, ledger_id)
        for bucket in range(4):
            assert get(bucket)(again) == get(bucket)(in_memory)


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=9)
NUMBERS = st.decimals(-(10**15), 10**15, places=12).map(decimal_text) | st.sampled_from(
    ["0", "9999", "10000", "100000000", "-0.5", "0.000000000001", "123456789012345"]
)


@dataclass(frozen=True)
class Packed:
    """One row, packed."""

    place: int
    value: str | None
    payload: str

    def rows(self) -> list[MeterEventRow]:
        number = None if self.value is None else Decimal(self.value)
        return [MeterEventRow(SERIES, 5, self.place, 0, number, self.payload)]

    def packed(self, ledger_id: int) -> list[bytes]:
        place = struct.pack(
            "!hiiiiiqiqi16s", 7, 4, ledger_id, 4, 0, 8, 5, 8, self.place, 16, SERIES.bytes
        )
        return [place, NumericFields()[self.value], TextFields()[self.payload.encode()]]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.none() | NUMBERS, payload=TEXTS)
def test_packed_rows_are_found_as_they_were(
    datastore: Datastore, value: str | None, payload: str
) -> None:
    """Any canonical number, to its last decimal, and any text."""
    packed, ledger_id = Packed(1, value, payload), next(_ledger_ids)
    in_memory = MemoryRows()
    in_memory.insert_packed(METER_EVENTS, packed)
    with datastore.transaction(commit=True) as cursor:
        rows = SqlRows(cursor, ledger_id)
        rows.insert_packed(METER_EVENTS, packed)
        found = rows.get(METER_EVENTS, SERIES, 5, 1, 0)
    assert str(found) == str(in_memory.get(METER_EVENTS, SERIES, 5, 1, 0))
    assert found is not None
    assert found.value is None or str(found.value) == value or f"{found.value:f}" == value


def test_rows_that_were_just_inserted_are_found(datastore: Datastore) -> None:
    text = 'tab\t, newline\n, backslash \\ and "quotes"'
    row = MeterEventRow(SERIES, 5, 1, 0, None, text)
    with datastore.transaction(commit=True) as cursor:
        rows = SqlRows(cursor, next(_ledger_ids))
        rows.insert_many(METER_EVENTS, [row])
        assert rows.get(METER_EVENTS, SERIES, 5, 1, 0) == row
