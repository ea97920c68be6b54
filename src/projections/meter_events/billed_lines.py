"""The metered lines of invoices, and the last usage of their time that was recorded.

A line rests on the usage recorded through a position: that at which it was finalized or, later, at
which its late usage was settled. What is recorded or cancelled after that is late. Rows are merged
by the greatest positions, so that they are the same in whatever pages the log is read. A line may
be found late whose usage is the same after all; one that is not found late is up to date.
"""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

import msgspec

from projections.meter_events.rows import VERSION
from projections.runtime.tables import Merging, Table

NO_END: Final = 2**63 - 1
"""A time and a position after all others."""


class BilledLineRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A metered line. Usage of `series` from `from_time` up to `to_time`, in epoch microseconds,
    decides what it comes to.

    `since` is the position of its draft, `settled` that through which its usage is accounted for,
    0 for a draft's. `touched` is the position of the last usage of that time which was recorded
    after the draft, 0 for none, `touched_at` when that was, in epoch seconds. `late_at` is the same
    where that is after `settled`, and 0 instead on a test clock; None for a line up to date.
    """

    id: str
    invoice: str
    customer: str
    subscription: str | None
    series: UUID
    from_time: int
    to_time: int
    since: int
    clocked: int
    settled: int = 0
    touched: int = 0
    touched_at: int = 0
    late_at: int | None = None


class BilledUntilRow(msgspec.Struct, frozen=True, gc=False):
    """No line of the ledger is of a time from `to_time` on, in epoch microseconds."""

    id: str
    to_time: int


def with_lateness(row: BilledLineRow) -> BilledLineRow:
    """The row with `late_at` as its positions say."""
    late = 0 < row.settled < row.touched
    at = (0 if row.clocked else row.touched_at) if late else None
    return msgspec.structs.replace(row, late_at=at)


def _together(one: BilledLineRow, other: BilledLineRow) -> BilledLineRow:
    last = max(one, other, key=lambda row: (row.touched, row.touched_at))
    return with_lateness(
        msgspec.structs.replace(
            one,
            settled=max(one.settled, other.settled),
            touched=last.touched,
            touched_at=last.touched_at,
        )
    )


_SETTLED: Final = "greatest(t.settled, excluded.settled)"
_TOUCHED: Final = "greatest(t.touched, excluded.touched)"
_TOUCHED_AT: Final = (
    "CASE WHEN excluded.touched > t.touched THEN excluded.touched_at ELSE t.touched_at END"
)

BILLED_LINES = Table(
    "billed_lines",
    BilledLineRow,
    columns={
        "invoice": "text",
        "customer": "text",
        "subscription": "text",
        "series": "uuid",
        "from_time": "bigint",
        "to_time": "bigint",
        "since": "bigint",
        "clocked": "bigint",
        "settled": "bigint",
        "touched": "bigint",
        "touched_at": "bigint",
        "late_at": "bigint",
    },
    indexes=(("series", "to_time"), ("late_at",), ("invoice",)),
    version=VERSION,
    document=False,
    merging=Merging(
        _together,
        {
            "settled": _SETTLED,
            "touched": _TOUCHED,
            "touched_at": _TOUCHED_AT,
            "late_at": f"CASE WHEN {_SETTLED} > 0 AND {_TOUCHED} > {_SETTLED} "
            f"THEN CASE WHEN t.clocked > 0 THEN 0 ELSE {_TOUCHED_AT} END END",
        },
    ),
)

BILLED_UNTIL = Table(
    "billed_until",
    BilledUntilRow,
    columns={"to_time": "bigint"},
    version=VERSION,
    document=False,
    merging=Merging(
        lambda one, other: max(one, other, key=lambda row: row.to_time),
        {"to_time": "greatest(t.to_time, excluded.to_time)"},
    ),
)

_COLUMNS: Final = tuple(BILLED_LINES.types)


def rows_of(records: Iterable[Sequence[object]]) -> list[tuple[int, BilledLineRow]]:
    """Rows from selected columns, each with the index of the span that it was found by."""
    return [
        (int(str(n)), msgspec.convert(dict(zip(_COLUMNS, values, strict=True)), BilledLineRow))
        for n, *values in records
    ]
