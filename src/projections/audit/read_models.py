"""Rows of read models that hold amounts, against the same rows folded from the log.

All of it is looked at as of one position, at which a snapshot of the database found the read
models; rows are read from that snapshot, in pages.
"""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, cast

import msgspec
from psycopg import Connection, IsolationLevel

from ledger.audit.ledger_check.identities import Identity
from ledger.kernel.errors import Unavailable
from ledger.kernel.events import RecordedEvent
from projections.credit_notes.projection import CreditNotesProjection
from projections.invoices.projection import InvoicesProjection
from projections.late_usage.projection import LateUsageProjection
from projections.meter_events.billed_lines import BILLED_LINES
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.reader import Reader
from projections.runtime.rows import MemoryRows
from projections.runtime.tables import Table

COMPARED: Final[tuple[Projection, ...]] = (
    InvoicesProjection(),
    CreditNotesProjection(),
    LateUsageProjection(),
)
_PAGE: Final = 500


@dataclass(slots=True)
class Snapshot:
    """A moment of the database, and the position of the log that its read models had reached."""

    conn: Connection[dict[str, Any]]
    ledger_id: int
    position: int

    def rows(self, table: Table[Any]) -> Iterator[msgspec.Struct]:
        """Every row of a table, by key."""
        what = "data::text AS data" if table.document else ", ".join(table.types)
        statement = f"SELECT {what} FROM {table.relation()} WHERE ledger_id = %s"
        with self.conn.cursor(name="ledger_check") as cursor:
            cursor.itersize = _PAGE
            cursor.execute(cast("LiteralString", statement), (self.ledger_id,))
            for record in cursor:
                yield table.from_record(record)


@contextmanager
def snapshot(reader: Reader) -> Generator[Snapshot]:
    """The read models as fresh as the log was when the reader was made.

    Raises Unavailable where they do not get there, or stand at different positions.
    """
    tables = [table for projection in COMPARED for table in projection.tables]
    reader.wait_for(*tables, BILLED_LINES)
    names = [*map(checkpoint_name, COMPARED), reader.projection_of[BILLED_LINES.name]]
    with reader.datastore.get_connection() as conn:
        before = conn.isolation_level
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        try:
            with conn.transaction():
                yield Snapshot(conn, reader.ledger_id, _position(conn, reader.ledger_id, names))
        finally:
            conn.isolation_level = before


def _position(conn: Connection[dict[str, Any]], ledger_id: int, names: list[str]) -> int:
    """Where all of them stand; one that has taken nothing yet stands at 0."""
    found = conn.execute(
        "SELECT projection, position FROM projections.checkpoints "
        "WHERE ledger_id = %s AND projection = ANY(%s)",
        (ledger_id, names),
    ).fetchall()
    reached = {row["projection"]: row["position"] for row in found}
    positions = {reached.get(name, 0) for name in names}
    if len(positions) != 1:
        raise Unavailable("The read models stand at different positions. Try again.")
    return positions.pop()


@dataclass(slots=True)
class FoldedRows:
    """The rows that the log leads to, taken fact by fact."""

    rows: MemoryRows = field(default_factory=MemoryRows)
    identity: Identity = field(
        default_factory=lambda: Identity("read_models", "the read models = the log folded", "rows")
    )

    def take(self, recorded: RecordedEvent) -> None:
        """The next fact."""
        for projection in COMPARED:
            projection.apply(recorded, self.rows)

    def compare(self, there: Snapshot) -> Identity:
        """Every row with what it should be."""
        for projection in COMPARED:
            for table in projection.tables:
                self._compare(table, there)
        return self.identity

    def _compare(self, table: Table[Any], there: Snapshot) -> None:
        folded = {table.key_of(row): row for row in self.rows.all(table)}
        for row in there.rows(table):
            key = table.key_of(row)
            require_same(self.identity, table, key, folded.pop(key, None), row)
        for key, row in folded.items():
            require_same(self.identity, table, key, row, None)


def require_same(
    identity: Identity,
    table: Table[Any],
    key: tuple[Any, ...],
    expected: msgspec.Struct | None,
    found: msgspec.Struct | None,
) -> None:
    """A row that must be as the log says; None where there is none, which is nothing to look at
    where there should be none."""
    if expected is None and found is None:
        return
    identity.checked += 1
    if expected == found:
        return
    if expected is None:
        why = "it is not in the log"
    else:
        why = "it is missing" if found is None else _differing(expected, found)
    identity.require(f"{table.name} {_named(key)}", holds=False, why=why)


def check_late_lines(there: Snapshot, late: Mapping[str, int]) -> Identity:
    """Lines that something came late for, by the log, are found by who settles them."""
    identity = Identity(
        "late_usage_found", "usage that came after a line was settled is found", "billed lines"
    )
    found: set[str] = set()
    for row in there.rows(BILLED_LINES):
        identity.checked += 1
        if isinstance(row, BILLED_LINES.row) and row.late_at is not None:
            found.add(row.id)
    for line, position in late.items():
        why = f"usage at position {position} is not found"
        identity.require(line, holds=line in found, why=why)
    return identity


def _named(key: tuple[Any, ...]) -> str:
    return " ".join(map(str, key))


def _differing(expected: msgspec.Struct, found: msgspec.Struct) -> str:
    """The first field that differs."""
    for name in expected.__struct_fields__:
        should, stands = getattr(expected, name), getattr(found, name)
        if should != stands:
            return f"{name} is {stands}, not {should}"
    return "it differs"
