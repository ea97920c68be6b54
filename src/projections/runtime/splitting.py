"""Rows move from the default partition into partitions of their months, while they are read and
more of them come.

They are copied from a snapshot, which holds up nobody. Then the copies take the place of the
default partition in one short transaction that also takes along the rows that came meanwhile; reads
and writes wait for it, about a second for ten million rows that lay in the default partition. What
is cut off before that leaves everything as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, LiteralString, NamedTuple, cast

import psycopg
from psycopg import Connection, Cursor, IsolationLevel
from psycopg.rows import tuple_row

from ledger.kernel.months import Month
from ledger.store.migrate import briefly_locking, only_migrator, only_rebuild
from projections.runtime.partitions import (
    attach,
    may_have_partition,
    months_around,
    partitions_of,
    rename_partitions,
    retrying,
    within,
)
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.tables import Table

WORTH_ROWS: Final = 100_000
"""Rows of a month that are worth a partition, whichever month it is."""

_MOVING: Final = "_moving"
_REPLACED: Final = "_replaced"
_CHECK: Final = "within_month"
_DAY_MICROSECONDS: Final = 86_400 * 1_000_000

Progress = Callable[[int, int], None]
"""Called with rows copied and rows in all."""


class Moved(NamedTuple):
    """Rows of a month that got a partition."""

    table: str
    month: Month
    rows: int


def split_default(
    owner_url: str,
    projection: Projection,
    now: Month,
    progress: Progress,
    worth: int = WORTH_ROWS,
) -> list[Moved]:
    """Move rows out of the default partitions of a projection: those of the months around now, and
    of every month that has as many as are `worth` it.

    Raises Conflict while the projection is rebuilt, or where a table is read for too long.
    """
    moved: list[Moved] = []
    name = checkpoint_name(projection)
    with (
        only_rebuild(owner_url, name),
        psycopg.connect(owner_url, autocommit=True, row_factory=tuple_row) as conn,
    ):
        for table in projection.tables:
            if table.months is None:
                continue
            splitting = _Splitting(conn, table, table.months.column, name, progress)
            splitting.copy(now, worth)
            if splitting.rows:
                retrying(partial(splitting.swap, owner_url))
            moved += [Moved(table.name, *month) for month in sorted(splitting.rows.items())]
    return moved


@dataclass(slots=True)
class _Splitting:
    """A default partition on its way; `rows` and `positions` are as of the snapshot."""

    conn: Connection[tuple[Any, ...]]
    table: Table[Any]
    column: str
    checkpoint: str
    progress: Progress
    rows: dict[Month, int] = field(default_factory=dict[Month, int])
    positions: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def default(self) -> str:
        """The name of the default partition, which is looked up, for a rebuild gives it another."""
        found = partitions_of(self.conn, self.table)
        return next(partition.relation for partition in found if partition.month is None)

    def copy(self, now: Month, worth: int) -> None:
        """Copy every row, all of them as of one moment, if some have a month to go to."""
        self._drop_leftovers()
        self.conn.isolation_level = IsolationLevel.REPEATABLE_READ
        with self.conn.transaction():
            self.positions = self._execute(
                "SELECT ledger_id, position FROM projections.checkpoints WHERE projection = %s",
                self.checkpoint,
            ).fetchall()
            total, done = self._count(now, worth), 0
            for month, rows in self.rows.items():
                bounds = within(self.column, month)
                self._copy(self._moving(month), bounds)
                # Spares reading all rows again when it is attached.
                self._execute(
                    f"ALTER TABLE {self._moving(month)} ADD CONSTRAINT {_CHECK} CHECK ({bounds})"
                )
                self.progress(done := done + rows, total)
            if self.rows:
                others = [f"NOT ({within(self.column, month)})" for month in self.rows]
                self._copy(self._moving(None), " AND ".join(others))
                self.progress(total, total)
        self.conn.isolation_level = None

    def swap(self, owner_url: str) -> None:
        """Put the copies in the place of the default partition, with what came since. Nobody else
        makes partitions meanwhile."""
        whole, default = self.table.relation(), self.default
        replaced = f"{whole}{_REPLACED}"
        ledgers, positions = zip(*self.positions, strict=True) if self.positions else ((), ())
        with only_migrator(owner_url) as conn, briefly_locking(conn):
            _execute(conn, f"ALTER TABLE {whole} DETACH PARTITION {default}")
            _execute(conn, f"ALTER TABLE {default} RENAME TO {_bare(replaced)}")
            for month in self.rows:
                name = attach(conn, self.table, month, self._moving(month))
                _execute(conn, f"ALTER TABLE {name} DROP CONSTRAINT {_CHECK}")
            _execute(conn, f"ALTER TABLE {self._moving(None)} RENAME TO {_bare(whole)}_default")
            _execute(conn, f"ALTER TABLE {whole} ATTACH PARTITION {whole}_default DEFAULT")
            _execute(
                conn,
                f"INSERT INTO {whole} SELECT t.* FROM {replaced} AS t "
                "LEFT JOIN unnest(%s::integer[], %s::bigint[]) AS copied (ledger_id, position) "
                "ON copied.ledger_id = t.ledger_id "
                "WHERE t.position > coalesce(copied.position, 0)",
                list(ledgers),
                list(positions),
            )
            _execute(conn, f"DROP TABLE {replaced}")
            rename_partitions(conn, self.table, _MOVING)

    def _count(self, now: Month, worth: int) -> int:
        """Find the months to go to; how many rows there are in all."""
        by_day = self._execute(
            f"SELECT {self.column} / %s, count(*) FROM {self.default} AS t "
            f"WHERE {self.table.counting('t')} GROUP BY 1",
            _DAY_MICROSECONDS,
        ).fetchall()
        by_month: dict[Month, int] = {}
        for day, rows in by_day:
            month = Month.of_microseconds(day * _DAY_MICROSECONDS)
            by_month[month] = by_month.get(month, 0) + rows
        self.rows = {
            month: rows
            for month, rows in sorted(by_month.items())
            if may_have_partition(month) and (rows >= worth or month in months_around(now))
        }
        return sum(by_month.values())

    def _copy(self, name: str, condition: str) -> None:
        """A table as the partition is to be, its index made when the rows are there."""
        self._execute(f"CREATE TABLE {name} (LIKE {self.table.relation()} INCLUDING DEFAULTS)")
        self._execute(
            f"INSERT INTO {name} SELECT * FROM {self.default} AS t "
            f"WHERE {condition} AND {self.table.counting('t')}"
        )
        key = ", ".join(("ledger_id", *self.table.key))
        self._execute(f"ALTER TABLE {name} ADD PRIMARY KEY ({key})")

    def _drop_leftovers(self) -> None:
        leftovers = self._execute(
            "SELECT c.oid::regclass::text FROM pg_class AS c "
            "WHERE c.relnamespace = to_regnamespace('projections') AND c.relkind = 'r' "
            "AND starts_with(c.relname, %s)",
            _bare(self.table.relation()) + _MOVING,
        ).fetchall()
        for (name,) in leftovers:
            self._execute(f"DROP TABLE {name}")

    def _moving(self, month: Month | None) -> str:
        name = "default" if month is None else str(month).replace("-", "_")
        return f"{self.table.relation()}{_MOVING}_{name}"

    def _execute(self, statement: str, *parameters: Any) -> Cursor[tuple[Any, ...]]:
        return _execute(self.conn, statement, *parameters)


def _execute(
    conn: Connection[tuple[Any, ...]], statement: str, *parameters: Any
) -> Cursor[tuple[Any, ...]]:
    return conn.execute(cast("LiteralString", statement), parameters or None)


def _bare(relation: str) -> str:
    return relation.removeprefix("projections.")
