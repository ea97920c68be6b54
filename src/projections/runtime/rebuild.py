"""Rebuild a projection from the first event: new tables beside the live ones, then a switch.

Reads and writes of the live tables go on all the while. The comparison looks at both as they
stand at the same positions, from a snapshot. The projection itself waits only while the last few
events are caught up, and the switch is one transaction: a rebuild that is cut off leaves the live
tables as they were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from psycopg import Connection, Cursor, IsolationLevel
from psycopg.rows import dict_row

from ledger.store import arrays
from ledger.store.migrate import only_rebuild
from projections.runtime.digest import digest_of
from projections.runtime.log import Log
from projections.runtime.partitions import (
    clear_lapsed,
    make_months,
    months_of,
    partitioned,
    rename_partitions,
)
from projections.runtime.projection import Projection, apply_page, checkpoint_name
from projections.runtime.sql_rows import SqlRows
from projections.runtime.tables import Table

_PAGE_EVENTS = 500
_NEW = "_rebuild"
_OLD = "_replaced"

Progress = Callable[[int, int], None]
"""Called with events done and events in all."""

Positions = dict[int, int]
"""A position of each ledger."""


@dataclass(frozen=True, slots=True)
class TableComparison:
    """A table before and after: rows and digest, None where no live one was built yet."""

    table: str
    rows: int
    digest: str
    live_rows: int | None
    live_digest: str | None

    @property
    def equal(self) -> bool | None:
        return None if self.live_digest is None else self.digest == self.live_digest


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of a rebuild."""

    projection: str
    events: int
    tables: list[TableComparison]

    @property
    def equal(self) -> bool:
        return all(table.equal is not False for table in self.tables)


def rebuild(
    owner_url: str,
    projection: Projection,
    log_of: Callable[[int], Log],
    progress: Progress,
) -> Rebuilt:
    """Build a projection anew for every ledger, compare, and switch to it. Under the owner's role.

    Raises Conflict while another process rebuilds it.
    """
    with only_rebuild(owner_url, checkpoint_name(projection)), _connected(owner_url) as conn:
        building = _Building(conn, projection, log_of, progress, {})
        building.make_tables()
        building.bring_to(building.checkpoints())
        building.clear_lapsed()
        compared = building.compare(owner_url)
        building.bring_to(building.heads())
        building.begin_checkpoints()
        with conn.transaction(), conn.cursor() as cursor:
            building.switch(cursor)
    return Rebuilt(checkpoint_name(projection), sum(building.reached.values()), compared)


@dataclass(slots=True)
class _Building:
    """The new tables, and the position that each ledger has reached in them."""

    conn: Connection[dict[str, Any]]
    projection: Projection
    log_of: Callable[[int], Log]
    progress: Progress
    reached: Positions

    def make_tables(self) -> None:
        for table in self.projection.tables:
            self.conn.execute(f"DROP TABLE IF EXISTS {table.relation(_NEW)}")
            self.conn.execute(table.create_statement(_NEW))
            make_months(self.conn, table, months_of(self.conn, table), _NEW)

    def clear_lapsed(self) -> None:
        """Take away the rows that were let go later in the log."""
        for table in partitioned([self.projection]):
            clear_lapsed(self.conn, table, _NEW)

    def heads(self) -> Positions:
        return _positions(
            self.conn.execute("SELECT ledger_id, position FROM ledger.heads ORDER BY ledger_id")
        )

    def checkpoints(self) -> Positions:
        return _checkpoints(self.conn, self.projection)

    def begin_checkpoints(self) -> None:
        """Give every ledger a checkpoint that can be locked."""
        self.conn.execute(
            "INSERT INTO projections.checkpoints (ledger_id, projection, position) "
            "SELECT ledger_id, %s, 0 FROM ledger.heads ON CONFLICT DO NOTHING",
            (checkpoint_name(self.projection),),
        )

    def bring_to(self, targets: Positions) -> None:
        """Apply the events of each ledger up to a position."""
        total = sum(self.heads().values())
        for ledger_id, target in targets.items():
            log, after = self.log_of(ledger_id), self.reached.get(ledger_id, 0)
            while after < target and (page := log.batch(after, _PAGE_EVENTS, target)):
                with self.conn.transaction(), self.conn.cursor() as cursor:
                    rows = SqlRows(cursor, ledger_id, _NEW, log)
                    apply_page(self.projection, page, rows)
                    rows.flush()
                after = self.reached[ledger_id] = page[-1].position
                self.progress(sum(self.reached.values()), total)

    def compare(self, owner_url: str) -> list[TableComparison]:
        """Each new table with the live one, both at the positions of one moment."""
        with _connected(owner_url) as live:
            live.isolation_level = IsolationLevel.REPEATABLE_READ
            with live.transaction():
                self.bring_to(_checkpoints(live, self.projection))
                return [self._compared(live, table) for table in self.projection.tables]

    def _compared(self, live: Connection[dict[str, Any]], table: Table[Any]) -> TableComparison:
        rows, digest = digest_of(self.conn, table, _NEW)
        if not self.reached:
            return TableComparison(table.name, rows, digest, None, None)
        return TableComparison(table.name, rows, digest, *digest_of(live, table))

    def switch(self, cursor: Cursor[dict[str, Any]]) -> None:
        """Catch up, and put the new tables in the place of the live ones, in one transaction.

        While the checkpoints are locked no projector applies an event of their ledgers. A ledger
        that began since then has a checkpoint that is not: its rows are taken along as they stand
        once the live tables are locked, and its checkpoint is left alone.
        """
        name = checkpoint_name(self.projection)
        held = _checkpoints(cursor, self.projection, locked=True)
        heads = self.heads()
        self.bring_to({ledger_id: heads[ledger_id] for ledger_id in held})
        for table in self.projection.tables:
            _execute(cursor, f"ALTER TABLE {table.relation()} RENAME TO {_name(table)}{_OLD}")
        standing = _checkpoints(cursor, self.projection)
        self.bring_to(
            {ledger_id: at for ledger_id, at in standing.items() if ledger_id not in held}
        )
        for table in self.projection.tables:
            _replace(cursor, table)
        for ledger_id in held:
            cursor.execute(
                "UPDATE projections.checkpoints SET position = %s, stopped_at = NULL, error = NULL "
                "WHERE ledger_id = %s AND projection = %s",
                (self.reached.get(ledger_id, 0), ledger_id, name),
            )


def _connected(owner_url: str) -> Connection[dict[str, Any]]:
    conn = Connection[dict[str, Any]].connect(owner_url, autocommit=True, row_factory=dict_row)
    arrays.register(conn.adapters)
    return conn


def _checkpoints(
    conn: Connection[dict[str, Any]] | Cursor[dict[str, Any]],
    projection: Projection,
    *,
    locked: bool = False,
) -> Positions:
    """Where the live projection stands in each ledger, locked until the commit if asked."""
    return _positions(
        conn.execute(
            "SELECT ledger_id, position FROM projections.checkpoints WHERE projection = %s "
            "ORDER BY ledger_id" + (" FOR UPDATE" if locked else ""),
            (checkpoint_name(projection),),
        )
    )


def _positions(records: Cursor[dict[str, Any]]) -> Positions:
    return {record["ledger_id"]: record["position"] for record in records.fetchall()}


def _replace(cursor: Cursor[dict[str, Any]], table: Table[Any]) -> None:
    """Give the new table the name of the old one, and its indexes theirs."""
    name = _name(table)
    _execute(cursor, f"DROP TABLE projections.{name}{_OLD}")
    _execute(cursor, f"ALTER TABLE {table.relation(_NEW)} RENAME TO {name}")
    _execute(cursor, f"ALTER INDEX projections.{name}{_NEW}_pkey RENAME TO {name}_pkey")
    for index in table.indexes:
        of = f"{name}_{'_'.join(index)}"
        _execute(cursor, f"ALTER INDEX projections.{of}{_NEW} RENAME TO {of}")
    if table.months is not None:
        rename_partitions(cursor, table, _NEW)


def _name(table: Table[Any]) -> str:
    return f"{table.name}_v{table.version}"


def _execute(cursor: Cursor[dict[str, Any]], statement: str) -> None:
    cursor.execute(cast("LiteralString", statement))
