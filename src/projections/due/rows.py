"""Rows of due work. Times are epoch seconds, on a test clock's time where `test_clock` is set."""

from typing import Literal

import msgspec

from projections.runtime.tables import Table

Kind = Literal["close_period", "finalize_invoice", "resume_collection"]


class DueRow(msgspec.Struct, frozen=True):
    """One thing to do to `subject` at `due_at`; `id` is the kind and the subject.

    `sequence` is the position of the fact that scheduled it: of what is due in the same second,
    the earlier comes first.
    """

    id: str
    kind: Kind
    subject: str
    due_at: int
    test_clock: str
    sequence: int


class SubscriptionEndRow(msgspec.Struct, frozen=True):
    """When the periods of a subscription end, by how often they do, and when it is to be
    cancelled, if it is. While it is paused no period ends."""

    id: str
    period_ends: dict[str, int]
    cancel_at: int | None
    test_clock: str
    paused: bool = False

    @property
    def due_at(self) -> int | None:
        """When something of it ends next; None if nothing does."""
        ends = [] if self.paused else [*self.period_ends.values()]
        return min([*ends, *([] if self.cancel_at is None else [self.cancel_at])], default=None)


class RestingDraftRow(msgspec.Struct, frozen=True):
    """A draft that someone has to finalize, and the clock that it lives by."""

    id: str
    test_clock: str


class ClockRow(msgspec.Struct, frozen=True):
    """A test clock's time; `advancing` until everything due before it was done."""

    id: str
    frozen_time: int
    advancing: bool


DUE = Table(
    "due",
    DueRow,
    columns={
        "kind": "text",
        "subject": "text",
        "due_at": "bigint",
        "test_clock": "text",
        "sequence": "bigint",
    },
    indexes=(("test_clock", "due_at"),),
    version=3,
)
RESTING_DRAFTS = Table("resting_drafts", RestingDraftRow, version=2)
SUBSCRIPTION_ENDS = Table("subscription_ends", SubscriptionEndRow, version=3)
CLOCKS = Table(
    "due_clocks", ClockRow, columns={"advancing": "boolean"}, indexes=(("advancing",),), version=3
)
