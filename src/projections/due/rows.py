"""Rows of due work. Times are epoch seconds, on a test clock's time where `test_clock` is set."""

from typing import Literal

import msgspec

from projections.runtime.tables import Table

Kind = Literal["close_period", "finalize_invoice"]


class DueRow(msgspec.Struct, frozen=True):
    """One thing to do to `subject` at `due_at`; `id` is the kind and the subject."""

    id: str
    kind: Kind
    subject: str
    due_at: int
    test_clock: str


class SubscriptionEndRow(msgspec.Struct, frozen=True):
    """When a subscription's period ends, and when it is to be cancelled, if it is."""

    id: str
    period_end: int
    cancel_at: int | None
    test_clock: str


class ClockRow(msgspec.Struct, frozen=True):
    """A test clock's time; `advancing` until everything due before it was done."""

    id: str
    frozen_time: int
    advancing: bool


DUE = Table(
    "due",
    DueRow,
    columns={"kind": "text", "subject": "text", "due_at": "bigint", "test_clock": "text"},
    indexes=(("test_clock", "due_at"),),
)
SUBSCRIPTION_ENDS = Table("subscription_ends", SubscriptionEndRow)
CLOCKS = Table("due_clocks", ClockRow, columns={"advancing": "boolean"}, indexes=(("advancing",),))
