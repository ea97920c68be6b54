"""What is asked of test clocks."""

from pydantic import AwareDatetime

from ledger.kernel.commands import Command


class CreateTestClock(Command):
    test_clock: str
    frozen_time: AwareDatetime
    name: str | None = None


class AdvanceTestClock(Command):
    """Set a clock forward. It is ready again once everything due by then is done."""

    test_clock: str
    frozen_time: AwareDatetime


class CompleteTestClockAdvance(Command):
    """Say that nothing is due any more before the clock's time. Harmless to repeat."""

    test_clock: str


class DeleteTestClock(Command):
    """Delete a clock with its customers and their subscriptions."""

    test_clock: str
