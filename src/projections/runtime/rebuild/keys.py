"""The keys of a side's largest tables, made when their rows are there.

To sort all rows once takes a third of the work of finding a place in the index for each of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, LiteralString, cast

from psycopg import Connection
from psycopg.errors import InvalidTableDefinition
from psycopg.rows import tuple_row

from ledger.store import crash_points
from projections.runtime.partitions import partitions_of
from projections.runtime.projection import Projection
from projections.runtime.tables import Table
from projections.runtime.unkeyed import Unkeyed

KEY: Final = "rebuild.key"
"""The name of a key's commit for fault tests (`ledger.store.crash_points`)."""

# A page of a new index is written to the WAL as it is, whatever was there before. To compress that
# takes as long as to make the index, and only a role that was given the right can do without.
_UNCOMPRESSED: Final[LiteralString] = (
    "SELECT set_config('wal_compression', 'off', true) "
    "WHERE has_parameter_privilege('wal_compression', 'SET')"
)
_KEY: Final[LiteralString] = (
    "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND contype = 'p'"
)


def leave_out(conn: Connection[Any], projection: Projection, side: str) -> None:
    """Take the keys of tables that are still empty away."""
    for table in _filled_first([projection]):
        relation = table.relation(side)
        for name in _key_of(conn, relation):
            _execute(conn, f"ALTER TABLE {relation} DROP CONSTRAINT {name}")


def unkeyed(conn: Connection[Any], projections: Iterable[Projection], side: str) -> Unkeyed | None:
    """The tables of a side whose keys are still to be made, if there are any."""
    found = [t for t in _filled_first(projections) if not _key_of(conn, t.relation(side))]
    return Unkeyed(frozenset(table.name for table in found)) if found else None


def make(conn: Connection[Any], projections: Iterable[Projection], side: str) -> None:
    """Make what keys are missing, partition by partition. What is cut off goes on with the next."""
    for table in _filled_first(projections):
        for partition in partitions_of(conn, table, side):
            _make(conn, table, partition.relation)
        _make(conn, table, table.relation(side))


def _make(conn: Connection[Any], table: Table[Any], relation: str) -> None:
    """Make the key of one table, unless another process did. A table takes up the keys that its
    partitions have."""
    if _key_of(conn, relation):
        return
    try:
        with conn.transaction():
            conn.execute(_UNCOMPRESSED)
            key = ", ".join(("ledger_id", *table.key))
            _execute(conn, f"ALTER TABLE {relation} ADD PRIMARY KEY ({key})")
            crash_points.reach("before_commit", (KEY,))
    except InvalidTableDefinition:  # it has one by now
        if not _key_of(conn, relation):
            raise
    crash_points.reach("after_commit", (KEY,))


def _filled_first(projections: Iterable[Projection]) -> Sequence[Table[Any]]:
    return [table for one in projections for table in one.tables if table.filled_first]


def _key_of(conn: Connection[Any], relation: str) -> list[str]:
    """The name of a table's primary key, if it has one."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        return [name for (name,) in cursor.execute(_KEY, (relation,)).fetchall()]


def _execute(conn: Connection[Any], statement: str) -> None:
    conn.execute(cast("LiteralString", statement))
