"""Test clocks: forward only, one step at a time, at most two intervals."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from ledger.kernel.errors import NotFound
from ledger.store.work import Work
from ledger.test_clocks import commands, events, handlers
from ledger.test_clocks.aggregate import CycleLength
from tests.support.given_when_then import NOW, LedgerInMemory

CLOCK = "clock_1"
START = datetime(2023, 11, 16, tzinfo=UTC)


class Billed:
    """Subscriptions that are billed in these cycles."""

    def __init__(self, *cycles: CycleLength) -> None:
        self.cycles = cycles

    def cycles_of(self, work: Work, clock: object) -> Iterable[CycleLength]:
        return self.cycles


def advance(*cycles: CycleLength):
    return handlers.handlers(Billed(*cycles))[commands.AdvanceTestClock]


def created(**changes: object) -> events.TestClockCreated:
    facts = {
        "frozen_time": START,
        "name": None,
        "created": NOW,
        "deletes_after": NOW + timedelta(days=30),
        "livemode": False,
    }
    return events.TestClockCreated.model_validate(facts | changes)


def to(moment: datetime) -> commands.AdvanceTestClock:
    return commands.AdvanceTestClock(test_clock=CLOCK, frozen_time=moment)


@pytest.fixture
def ledger() -> LedgerInMemory:
    return LedgerInMemory().given(CLOCK, created())


def test_a_clock_is_kept_for_thirty_days():
    command = commands.CreateTestClock(test_clock=CLOCK, frozen_time=START, name="November")
    assert LedgerInMemory().when(handlers.create_test_clock, command) == [
        (CLOCK, created(name="November"))
    ]


def test_there_are_no_clocks_on_a_live_ledger():
    command = commands.CreateTestClock(test_clock=CLOCK, frozen_time=START)
    refused = LedgerInMemory(livemode=True).refusal(handlers.create_test_clock, command)
    assert refused.message == "Test clocks are only available in test mode."


def test_a_clock_advances_and_is_ready_once(ledger: LedgerInMemory):
    later = START + timedelta(days=20)
    assert ledger.when(advance(), to(later)) == [
        (CLOCK, events.TestClockAdvanced(frozen_time=later))
    ]
    complete = commands.CompleteTestClockAdvance(test_clock=CLOCK)
    assert ledger.when(handlers.complete_advance, complete) == [(CLOCK, events.TestClockReady())]
    assert ledger.when(handlers.complete_advance, complete) == []


def test_a_clock_that_is_advancing_is_not_advanced(ledger: LedgerInMemory):
    ledger.when(advance(), to(START + timedelta(days=1)))
    refused = ledger.refusal(advance(), to(START + timedelta(days=2)))
    assert refused.message.startswith("This test clock is advancing.")


@pytest.mark.parametrize("moment", [START, START - timedelta(seconds=1)])
def test_a_clock_never_stands_still_or_goes_back(ledger: LedgerInMemory, moment: datetime):
    assert ledger.refusal(advance(), to(moment)).param == "frozen_time"


@pytest.mark.parametrize(
    ("cycles", "farthest"),
    [
        ([], datetime(2025, 11, 16, tzinfo=UTC)),
        ([("month", 1)], datetime(2024, 1, 16, tzinfo=UTC)),
        ([("year", 1), ("month", 3)], datetime(2024, 5, 16, tzinfo=UTC)),
        ([("day", 1), ("month", 1)], datetime(2023, 11, 18, tzinfo=UTC)),
        ([("year", 3)], datetime(2029, 11, 16, tzinfo=UTC)),
    ],
)
def test_one_step_is_two_intervals_of_the_shortest_subscription(
    ledger: LedgerInMemory, cycles: list[CycleLength], farthest: datetime
):
    refused = ledger.refusal(advance(*cycles), to(farthest + timedelta(seconds=1)))
    assert refused.param == "frozen_time"
    assert str(int(farthest.timestamp())) in refused.message
    assert len(ledger.when(advance(*cycles), to(farthest))) == 1


@pytest.mark.parametrize("clock", ["clock_unknown", "cus_1"])
def test_what_is_no_clock_is_not_found(clock: str):
    ledger = LedgerInMemory().given("cus_1", events.CustomerPlaced(customer="cus_1"))
    command = commands.AdvanceTestClock(test_clock=clock, frozen_time=START)
    refused = ledger.refusal(advance(), command)
    assert isinstance(refused, NotFound)
    assert refused.message == f"No such test clock: '{clock}'"


def test_a_deleted_clock_is_not_found(ledger: LedgerInMemory):
    ledger.given(CLOCK, events.TestClockDeleted(deleted_at=NOW))
    assert isinstance(ledger.refusal(advance(), to(START + timedelta(days=1))), NotFound)
