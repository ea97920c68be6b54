"""Commands on test clocks: load, decide, append. Deletion is with the customers it takes along."""

from collections.abc import Iterable
from typing import Protocol

from ledger.kernel.errors import NotFound
from ledger.store.work import Handlers, Work
from ledger.test_clocks import aggregate
from ledger.test_clocks.aggregate import CycleLength, TestClock
from ledger.test_clocks.commands import AdvanceTestClock, CompleteTestClockAdvance, CreateTestClock


class ClockSubscriptions(Protocol):
    """Tells how often the subscriptions of a clock's customers are billed."""

    def cycles_of(self, work: Work, clock: TestClock) -> Iterable[CycleLength]: ...


def require_test_clock(work: Work, clock_id: str, *, param: str | None = None) -> TestClock:
    """A clock that exists and is not deleted. Raises NotFound."""
    if not clock_id.startswith("clock_"):
        raise NotFound("test clock", clock_id, param=param)
    clock = work.require(aggregate.evolve, clock_id, "test clock", param=param)
    if clock.deleted:
        raise NotFound("test clock", clock_id, param=param)
    return clock


def create_test_clock(work: Work, command: CreateTestClock) -> None:
    work.append(
        command.test_clock,
        aggregate.create(
            command.frozen_time, command.name, now=work.now, livemode=work.ledger.livemode
        ),
    )


def complete_advance(work: Work, command: CompleteTestClockAdvance) -> None:
    clock = work.load(aggregate.evolve, command.test_clock)
    event = aggregate.complete(clock) if clock else None
    if event is not None:
        work.append(command.test_clock, event)


def handlers(subscriptions: ClockSubscriptions) -> Handlers:
    """The handlers, given who knows the subscriptions."""

    def advance_test_clock(work: Work, command: AdvanceTestClock) -> None:
        clock = require_test_clock(work, command.test_clock)
        cycles = subscriptions.cycles_of(work, clock)
        work.append(command.test_clock, aggregate.advance(clock, command.frozen_time, cycles))

    return {
        CreateTestClock: create_test_clock,
        AdvanceTestClock: advance_test_clock,
        CompleteTestClockAdvance: complete_advance,
    }
