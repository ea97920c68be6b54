"""The read model of test clocks: the time shown moves when everything due by then is done."""

from datetime import UTC, datetime, timedelta

from ledger.kernel.events import DomainEvent
from ledger.test_clocks import events
from projections.test_clocks.projection import TestClocksProjection as Clocks
from projections.test_clocks.rows import TEST_CLOCKS
from projections.test_clocks.rows import TestClockRow as ClockRow
from tests.support.recorded import rows_after

START = datetime(2023, 11, 16, tzinfo=UTC)
EPOCH = 1700092800
DAY = 86_400
BORN = events.TestClockCreated(
    frozen_time=START,
    name="November",
    created=START,
    deletes_after=START + timedelta(days=30),
    livemode=False,
)
ADVANCED = events.TestClockAdvanced(frozen_time=START + timedelta(days=1))


def after(*facts: DomainEvent) -> ClockRow | None:
    rows = rows_after(Clocks(), *[("clock_1", fact) for fact in (BORN, *facts)])
    return rows.get(TEST_CLOCKS, "clock_1")


def row(**changes: object) -> ClockRow:
    shown = {
        "id": "clock_1",
        "sequence": 1,
        "created": EPOCH,
        "livemode": False,
        "name": "November",
        "frozen_time": EPOCH,
        "deletes_after": EPOCH + 30 * DAY,
    }
    return ClockRow(**{**shown, **changes})  # type: ignore[arg-type]


def test_a_new_clock_is_ready():
    assert after() == row()


def test_an_advancing_clock_shows_where_it_was_and_where_it_goes():
    assert after(ADVANCED) == row(status="advancing", target=EPOCH + DAY)


def test_a_clock_that_is_ready_has_arrived():
    assert after(ADVANCED, events.TestClockReady()) == row(frozen_time=EPOCH + DAY)


def test_nothing_is_left_of_a_deleted_clock():
    assert after(events.TestClockDeleted(deleted_at=START)) is None
