"""The single meter events behind a line: those that the log says were counted, page by page."""

import itertools
from dataclasses import replace
from datetime import datetime
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.kernel.clock import to_microseconds
from ledger.meter_events.usage import Asked, Positions
from ledger.meters.events import TimeWindow
from ledger.store.datastore import Datastore
from projections.meter_events.behind_lines import BEGINNING, NOW, BehindLine, events_behind
from projections.runtime.reader import Reader
from tests.meter_events.test_retention import STEPS, TIMES, lived

_PAGE: Final = 3


def every_page(reader: Reader, asked: Asked, through: int, known: int = NOW) -> list[BehindLine]:
    found: list[BehindLine] = []
    for _ in itertools.count():
        after = found[-1].place if found else BEGINNING
        page = events_behind(reader, "cus_a", asked, through, after=after, limit=_PAGE, known=known)
        found += page
        if len(page) < _PAGE:
            return found
    raise AssertionError


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=STEPS,
    window=st.sampled_from([None, None, "hour", "day"]),
    stretch=st.tuples(TIMES, TIMES),
    part=st.floats(0, 1),
    later=st.floats(0, 1),
)
def test_those_that_were_rated_are_those_that_count(
    datastore: Datastore,
    steps: list[tuple[object, ...]],
    window: TimeWindow | None,
    stretch: tuple[datetime, datetime],
    part: float,
    later: float,
) -> None:
    """Whatever is recorded late, cancelled, let go and swept, as of any position."""
    retained = lived(datastore, steps, "sum", window)
    ledger, reader = retained.ledger, retained.reader()
    asked = Asked(ledger.definition("usage"), *sorted(stretch))
    through = round(ledger.head() * part)
    found = every_page(reader, asked, through)
    assert [one.place for one in found] == sorted({one.place for one in found})
    known = through + round((ledger.head() - through) * later)
    assert every_page(reader, asked, through, known) == [
        one if (one.cancelled_at or 0) <= known else replace(one, cancelled_at=None)
        for one in found
        if one.place.position <= known
    ]
    [expected] = ledger.log_usage.usages("cus_a", [asked], through).usages
    rated = [one.place.position for one in found if one.standing == "rated"]
    assert len(rated) == expected.meter_events
    assert min(rated, default=None) == expected.first_position
    assert max(rated, default=None) == expected.last_position
    assert all((one.standing == "late") == (one.place.position > through) for one in found)
    if asked.start < asked.end:
        everything = ledger.log_usage.recorded(
            "cus_a", [asked.meter.id], Positions(1, ledger.head())
        )
        first, last = asked.meter.reach(*map(to_microseconds, (asked.start, asked.end)))
        assert len(found) == sum(first <= one.record.timestamp < last for one in everything)
