"""Rebuild a projection from the first event: new tables beside the live ones, then a switch.

Reads go on from the live tables until the switch, which happens in one transaction. A rebuild
that is cut off leaves the live tables as they were.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from psycopg import Connection, Cursor
from psycopg.rows import dict_row

from projections.runtime.digest import digest_of
from projections.runtime.log import Log
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rows import SqlRows
from projections.runtime.tables import Table

_PAGE_EVENTS = 500
_NEW = "_rebuild"
_OLD = "_replaced"

Progress = Callable[[int, int], None]
"""Called with events done and events in all."""


@dataclass(frozen=True, slots=True)
class TableComparison:
    """A table before and after: rows and digest, None where the live one could not be compared."""

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

    The live projection waits while the last events are caught up and the tables are switched.
    """
    with Connection[dict[str, Any]].connect(
        owner_url, autocommit=True, row_factory=dict_row
    ) as conn:
        for table in projection.tables:
            conn.execute(f"DROP TABLE IF EXISTS {table.relation(_NEW)}")
            conn.execute(table.create_statement(_NEW))
        positions = _build(conn, projection, log_of, {}, progress)
        with conn.transaction(), conn.cursor() as cursor:
            live = _hold_live(cursor, projection)
            positions = _build(conn, projection, log_of, positions, progress)
            compared = [_compare(conn, table, live, positions) for table in projection.tables]
            for table in projection.tables:
                _switch(cursor, table)
            _set_checkpoints(cursor, projection, positions)
    return Rebuilt(checkpoint_name(projection), sum(positions.values()), compared)


def _build(
    conn: Connection[dict[str, Any]],
    projection: Projection,
    log_of: Callable[[int], Log],
    since: dict[int, int],
    progress: Progress,
) -> dict[int, int]:
    """Apply every event after `since`, ledger by ledger; the positions reached."""
    heads = {
        row["ledger_id"]: row["position"]
        for row in conn.execute("SELECT ledger_id, position FROM ledger.heads ORDER BY 1")
    }
    total, done = sum(heads.values()), sum(since.values())
    reached = dict(since)
    for ledger_id, head in heads.items():
        log, after = log_of(ledger_id), since.get(ledger_id, 0)
        while page := log.page(after, _PAGE_EVENTS, head):
            with conn.transaction(), conn.cursor() as cursor:
                rows = SqlRows(cursor, ledger_id, _NEW)
                for recorded in page:
                    projection.apply(recorded, rows)
                rows.flush()
            after = page[-1].position
            done += len(page)
            progress(done, total)
        reached[ledger_id] = after
    return reached


def _hold_live(cursor: Cursor[dict[str, Any]], projection: Projection) -> dict[int, int]:
    """Lock the live checkpoints until the switch, so that no projector writes; where they stand."""
    cursor.execute(
        "SELECT ledger_id, position FROM projections.checkpoints WHERE projection = %s "
        "ORDER BY ledger_id FOR UPDATE",
        (checkpoint_name(projection),),
    )
    return {row["ledger_id"]: row["position"] for row in cursor.fetchall()}


def _compare(
    conn: Connection[dict[str, Any]],
    table: Table[Any],
    live: dict[int, int],
    rebuilt: dict[int, int],
) -> TableComparison:
    rows, digest = digest_of(conn, table, _NEW)
    if {k: v for k, v in live.items() if v} != {k: v for k, v in rebuilt.items() if v}:
        return TableComparison(table.name, rows, digest, None, None)
    return TableComparison(table.name, rows, digest, *digest_of(conn, table))


def _switch(cursor: Cursor[dict[str, Any]], table: Table[Any]) -> None:
    """Put the new table in the place of the live one, with its indexes' names."""
    name = f"{table.name}_v{table.version}"
    for statement in (
        f"ALTER TABLE {table.relation()} RENAME TO {name}{_OLD}",
        f"DROP TABLE projections.{name}{_OLD}",
        f"ALTER TABLE {table.relation(_NEW)} RENAME TO {name}",
        f"ALTER INDEX projections.{name}{_NEW}_pkey RENAME TO {name}_pkey",
        *(
            f"ALTER INDEX projections.{name}_{'_'.join(index)}{_NEW} "
            f"RENAME TO {name}_{'_'.join(index)}"
            for index in table.indexes
        ),
    ):
        cursor.execute(cast("LiteralString", statement))


def _set_checkpoints(
    cursor: Cursor[dict[str, Any]], projection: Projection, positions: dict[int, int]
) -> None:
    for ledger_id, position in positions.items():
        cursor.execute(
            "INSERT INTO projections.checkpoints (ledger_id, projection, position) "
            "VALUES (%s, %s, %s) ON CONFLICT (ledger_id, projection) "
            "DO UPDATE SET position = excluded.position, stopped_at = NULL, error = NULL",
            (ledger_id, checkpoint_name(projection), position),
        )
