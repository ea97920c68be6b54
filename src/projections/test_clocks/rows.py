"""Rows of test clocks. Times are epoch seconds."""

from typing import Literal

import msgspec

from projections.runtime.tables import Table


class TestClockRow(msgspec.Struct, frozen=True):
    """`frozen_time` moves to `target` once everything due by then is done."""

    id: str
    sequence: int
    created: int
    livemode: bool
    name: str | None
    frozen_time: int
    deletes_after: int
    status: Literal["ready", "advancing"] = "ready"
    target: int | None = None


TEST_CLOCKS = Table(
    "test_clocks",
    TestClockRow,
    columns={"sequence": "bigint", "created": "bigint"},
    indexes=(("sequence",),),
)
