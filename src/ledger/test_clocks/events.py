"""Facts about test clocks. Streams are named by the clock's id (`clock_…`)."""

from typing import ClassVar

from pydantic import AwareDatetime

from ledger.kernel.events import DomainEvent


class TestClockCreated(DomainEvent):
    """A clock stands still at `frozen_time`. `deletes_after` is only shown."""

    TOPIC: ClassVar[str] = "test_clock.created.v1"

    frozen_time: AwareDatetime
    name: str | None
    created: AwareDatetime
    deletes_after: AwareDatetime
    livemode: bool


class CustomerPlaced(DomainEvent):
    """A customer lives on this clock's time from now on."""

    TOPIC: ClassVar[str] = "test_clock.customer_placed.v1"

    customer: str


class TestClockAdvanced(DomainEvent):
    """The clock was set forward to `frozen_time`; what falls due until then is being done."""

    TOPIC: ClassVar[str] = "test_clock.advanced.v1"

    frozen_time: AwareDatetime


class TestClockReady(DomainEvent):
    """Everything due up to the clock's time is done."""

    TOPIC: ClassVar[str] = "test_clock.ready.v1"


class TestClockDeleted(DomainEvent):
    """The clock is gone, and its customers with it."""

    TOPIC: ClassVar[str] = "test_clock.deleted.v1"

    deleted_at: AwareDatetime


EVENTS: tuple[type[DomainEvent], ...] = (
    TestClockCreated,
    CustomerPlaced,
    TestClockAdvanced,
    TestClockReady,
    TestClockDeleted,
)
