"""A stretch of time is cut into few pieces."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import from_microseconds
from ledger.meter_events.aggregation import MICROSECONDS
from projections.meter_events.rolled import Edge, Grouping, Piece, cut
from projections.meter_events.rollups import DAY, HOUR, MINUTE
from tests.meter_events.followed_ledger import MIDNIGHT_AFTER
from tests.meter_events.metered_ledger import NOW_MICROSECONDS


@given(
    st.tuples(st.integers(0, 10**11), st.integers(0, 400 * DAY)),
    st.sampled_from([None, "hour", "day"]),
)
def test_a_stretch_is_cut_into_few_pieces_that_make_it_up(
    stretch: tuple[int, int], grouping: Grouping | None
) -> None:
    """Where every stretch is finer, and single events are read within minutes alone."""
    width = {None: 1, "hour": HOUR, "day": DAY}[grouping]
    start = stretch[0] // width * width * MICROSECONDS
    end = start + stretch[1] // width * width * MICROSECONDS
    parts = list(cut(start, end, grouping))
    pieces = [part for part in parts if isinstance(part, Piece)]
    within = [p for p in parts if isinstance(p, Edge) and p.resolution == MINUTE]
    covered = sorted([(p.first, p.past) for p in pieces] + [(e.start, e.end) for e in within])
    assert [start, *(past for _, past in covered)] == [*(first for first, _ in covered), end]
    assert all(edge.end - edge.start < 2 * MINUTE * MICROSECONDS for edge in within)
    for resolution, first, past in pieces:
        assert first % (resolution * MICROSECONDS) == past % (resolution * MICROSECONDS) == 0
    if grouping is None:
        buckets = sum((p.past - p.first) // (p.resolution * MICROSECONDS) for p in pieces)
        assert buckets <= (end - start) // (DAY * MICROSECONDS) + 2 * 23 + 2 * 59


def test_a_month_from_midnight_takes_a_row_a_day() -> None:
    start = int((MIDNIGHT_AFTER - timedelta(days=31)).timestamp()) * MICROSECONDS
    end = start + 31 * DAY * MICROSECONDS
    assert list(cut(start, end)) == [Piece(DAY, start, end)]


def test_a_cut_through_a_day_may_have_to_be_read_singly_at_each_resolution() -> None:
    start = NOW_MICROSECONDS - 30 * MICROSECONDS
    parts = list(cut(start, start + 120 * MICROSECONDS))
    assert [
        (part.resolution, isinstance(part, Edge), from_microseconds(part.first).isoformat()[11:19])
        for part in parts
    ] == [
        (DAY, True, "00:00:00"),
        (HOUR, True, "11:00:00"),
        (MINUTE, False, "12:00:00"),
        (MINUTE, True, "11:59:00"),
        (MINUTE, True, "12:01:00"),
    ]
