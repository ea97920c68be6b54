"""What the scheduler asks: which ledgers have work, and what comes first."""

from collections.abc import Collection
from typing import LiteralString

from ledger.store.datastore import Datastore
from projections.due.rows import CLOCKS, DUE, ClockRow, DueRow
from projections.meter_events.billed_lines import BILLED_LINES
from projections.runtime.reader import Reader

_LEDGERS_WITH_WORK: LiteralString = f"""
SELECT h.ledger_id FROM ledger.heads AS h
WHERE EXISTS (
    SELECT 1 FROM {DUE.relation()} AS d
    WHERE d.ledger_id = h.ledger_id AND d.test_clock = '' AND d.due_at <= %(now)s)
OR EXISTS (
    SELECT 1 FROM {CLOCKS.relation()} AS c WHERE c.ledger_id = h.ledger_id AND c.advancing)
OR EXISTS (
    SELECT 1 FROM {BILLED_LINES.relation()} AS l
    WHERE l.ledger_id = h.ledger_id AND l.late_at <= %(recorded_by)s)
ORDER BY h.ledger_id
"""


def ledgers_with_work(datastore: Datastore, now: int, recorded_by: int) -> list[int]:
    """Ledgers in which something is due by the system's time, a clock is advancing, or late usage
    is to be settled that was recorded by a time, or for a customer on a test clock."""
    times = {"now": now, "recorded_by": recorded_by}
    with datastore.get_connection() as conn:
        rows = conn.execute(_LEDGERS_WITH_WORK, times, prepare=True).fetchall()
    return [row["ledger_id"] for row in rows]


def next_due(
    reader: Reader, test_clock: str, now: int, limit: int, without: Collection[str] = ()
) -> list[DueRow]:
    """What is due first by the time of a clock, "" for the system's, `without` these row ids."""
    return reader.fetch_rows(
        DUE,
        "ledger_id = %(ledger_id)s AND test_clock = %(clock)s AND due_at <= %(now)s "
        "AND NOT id = ANY(%(without)s::text[]) ORDER BY due_at, kind, sequence, id LIMIT %(limit)s",
        {"clock": test_clock, "now": now, "limit": limit, "without": list(without)},
    )


def advancing_clocks(reader: Reader) -> list[ClockRow]:
    """Test clocks on their way to a new time."""
    return reader.fetch_rows(CLOCKS, "ledger_id = %(ledger_id)s AND advancing ORDER BY id", {})
