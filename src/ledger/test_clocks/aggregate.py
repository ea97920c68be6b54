"""A test clock only goes forward, one step at a time, and not too far in one step."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal

from ledger.kernel.clock import to_epoch
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.kernel.periods import Cycle, Interval
from ledger.test_clocks.events import (
    CustomerPlaced,
    TestClockAdvanced,
    TestClockCreated,
    TestClockDeleted,
    TestClockReady,
)

KEPT_FOR: Final = timedelta(days=30)
"""From a clock's creation to its `deletes_after`, which is only shown: nothing deletes a clock by
itself (a decision, contract §12)."""

CycleLength = tuple[Interval, int]
"""An interval and how many of it make one billing period."""

_FARTHEST_INTERVALS: Final = 2
_WITHOUT_SUBSCRIPTIONS: Final[CycleLength] = ("year", 1)


@dataclass(frozen=True, slots=True)
class TestClock:
    """`frozen_time` is the time that the clock's customers live in, also while it is advancing."""

    frozen_time: datetime
    name: str | None
    created: datetime
    customers: tuple[str, ...] = ()
    status: Literal["ready", "advancing"] = "ready"
    deleted: bool = False


def evolve(clock: TestClock | None, event: DomainEvent) -> TestClock:
    """The clock after a fact."""
    match event:
        case TestClockCreated():
            return TestClock(event.frozen_time, event.name, event.created)
        case CustomerPlaced():
            clock = _known(clock)
            return replace(clock, customers=(*clock.customers, event.customer))
        case TestClockAdvanced():
            return replace(_known(clock), frozen_time=event.frozen_time, status="advancing")
        case TestClockReady():
            return replace(_known(clock), status="ready")
        case TestClockDeleted():
            return replace(_known(clock), deleted=True)
        case _:
            return _known(clock)


def _known(clock: TestClock | None) -> TestClock:
    if clock is None:
        raise ValueError("a test clock's first event must be its creation")
    return clock


def create(
    frozen_time: datetime, name: str | None, *, now: datetime, livemode: bool
) -> TestClockCreated:
    """Raises InvalidRequest on a live ledger."""
    if livemode:
        raise InvalidRequest("Test clocks are only available in test mode.")
    return TestClockCreated(
        frozen_time=frozen_time,
        name=name,
        created=now,
        deletes_after=now + KEPT_FOR,
        livemode=livemode,
    )


def advance(
    clock: TestClock, frozen_time: datetime, subscribed: Iterable[CycleLength]
) -> TestClockAdvanced:
    """Set the clock forward; `subscribed` are the cycles of its customers' subscriptions.

    Raises InvalidRequest while it is advancing, for a time that is not later, and for one that is
    more than two intervals of the shortest subscription ahead (two years if there is none).
    """
    if clock.status == "advancing":
        raise InvalidRequest(
            "This test clock is advancing. Wait until its status is ready, then advance it again."
        )
    if frozen_time <= clock.frozen_time:
        raise InvalidRequest(
            "Invalid frozen_time: a test clock only goes forward, to a time after its current "
            "frozen_time.",
            param="frozen_time",
        )
    if frozen_time > (farthest := farthest_advance(clock, subscribed)):
        raise InvalidRequest(
            "Invalid frozen_time: a test clock can be advanced at most two intervals of its "
            "shortest subscription at once, or two years without subscriptions. The latest time "
            f"now is {to_epoch(farthest)}.",
            param="frozen_time",
        )
    return TestClockAdvanced(frozen_time=frozen_time)


def farthest_advance(clock: TestClock, subscribed: Iterable[CycleLength]) -> datetime:
    """The latest time that one step may lead to."""
    cycles = list(subscribed) or [_WITHOUT_SUBSCRIPTIONS]
    return min(
        Cycle(clock.frozen_time, interval, count).boundary(_FARTHEST_INTERVALS)
        for interval, count in cycles
    )


def complete(clock: TestClock) -> TestClockReady | None:
    """None if there is nothing to complete."""
    return TestClockReady() if clock.status == "advancing" and not clock.deleted else None
