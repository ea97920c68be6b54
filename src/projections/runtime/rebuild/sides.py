"""The tables of one version of a projection: those that are read, or others beside them."""

import hashlib
from typing import Any, Final, LiteralString, cast

from psycopg import Connection, Cursor
from psycopg.rows import tuple_row

from projections.runtime.partitions import (
    Partition,
    make_months,
    months_of,
    partitions_of,
)
from projections.runtime.projection import Projection
from projections.runtime.tables import Table

LIVE: Final = ""
"""The tables that are read and followed."""

OTHER: Final = "_other"
"""The version beside them: being built, built, or replaced by them."""

FRESH: Final = "_fresh"
"""A version that is built to verify the live one, and dropped."""

_SWAPPED: Final = "_swapped"

_Connected = Connection[Any] | Cursor[Any]


def shape_of(projection: Projection) -> str:
    """A value that changes with the tables of a projection."""
    made = "; ".join(table.create_statement() for table in projection.tables)
    return hashlib.sha256(made.encode()).hexdigest()[:16]


def make(conn: _Connected, projection: Projection, side: str) -> None:
    """Make the tables of a side, empty, with partitions for the months that the live ones have."""
    for table in projection.tables:
        _execute(conn, table.create_statement(side))
        if table.months is not None:
            make_months(conn, table, months_of(conn, table), side)
        for relation in _stored(conn, table, side):
            # It would look at rows that nobody reads yet, and again when the rest is there.
            _execute(conn, f"ALTER TABLE {relation} SET (autovacuum_enabled = off)")


def drop(conn: _Connected, projection: Projection, side: str) -> None:
    """Drop the tables of a side, if they are there."""
    for table in projection.tables:
        _execute(conn, f"DROP TABLE IF EXISTS {table.relation(side)}")


def are_there(conn: _Connected, projection: Projection, side: str) -> bool:
    """Whether a side has all of its tables."""
    return all(_exists(conn, table.relation(side)) for table in projection.tables)


def size_of(conn: _Connected, projection: Projection, side: str) -> int:
    """Bytes of the tables of a side, indexes and all."""
    whole = 0
    for table in projection.tables:
        relations = [p.relation for p in partitions_of(conn, table, side)]
        for relation in [*relations, table.relation(side)]:
            whole += _one(
                conn,
                "SELECT coalesce(pg_total_relation_size(to_regclass(%s)), 0)::bigint",
                relation,
            )
    return whole


def take_stock(conn: _Connected, projection: Projection, side: str) -> None:
    """Let PostgreSQL see what is in the tables of a side, so that it reads them well from the
    first moment on."""
    for table in projection.tables:
        _execute(conn, f"ANALYZE {table.relation(side)}")


def keep_from_vacuum(cursor: Cursor[Any], projection: Projection, side: str) -> None:
    """End what PostgreSQL's autovacuum does to the tables of both sides, until the commit; from
    there on it takes care of both.

    It gives way to a lock that waits for it, after a second (`deadlock_timeout`), for which readers
    cannot be made to wait. So it is asked for one beside which all others read and write: changing
    a setting of vacuum takes it.
    """
    for table in projection.tables:
        for of in (LIVE, side):
            for relation in _stored(cursor, table, of):
                _execute(cursor, f"ALTER TABLE {relation} RESET (autovacuum_enabled)")


def set_aside(cursor: Cursor[Any], projection: Projection) -> None:
    """Take the names of the live tables away, and with them everybody else's use of them, until
    the commit."""
    for table in projection.tables:
        _rename(cursor, table, LIVE, _SWAPPED)


def put_in_place(cursor: Cursor[Any], projection: Projection, side: str) -> None:
    """Give the tables of a side the names of the live ones, and those that were set aside
    theirs."""
    for table in projection.tables:
        _rename(cursor, table, side, LIVE)
        _rename(cursor, table, _SWAPPED, side)


def _rename(cursor: Cursor[Any], table: Table[Any], of: str, to: str) -> None:
    """Rename a table with its indexes, and its partitions with theirs."""
    for partition in partitions_of(cursor, table, of):
        name = _partition_name(table, partition, to)
        _execute(cursor, f"ALTER TABLE {partition.relation} RENAME TO {name}")
        _execute(cursor, f"ALTER INDEX {_key_of(cursor, name)} RENAME TO {name}_pkey")
    _execute(cursor, f"ALTER TABLE {table.relation(of)} RENAME TO {_bare(table)}{to}")
    key = _key_of(cursor, f"{_bare(table)}{to}")
    _execute(cursor, f"ALTER INDEX {key} RENAME TO {_bare(table)}{to}_pkey")
    for index in table.indexes:
        name = f"{_bare(table)}_{'_'.join(index)}"
        _execute(cursor, f"ALTER INDEX projections.{name}{of} RENAME TO {name}{to}")


def _stored(conn: _Connected, table: Table[Any], side: str) -> list[str]:
    """The relations that hold the rows of a table."""
    partitions = [partition.relation for partition in partitions_of(conn, table, side)]
    return partitions or [table.relation(side)]


def _partition_name(table: Table[Any], partition: Partition, side: str) -> str:
    month = "default" if partition.month is None else str(partition.month).replace("-", "_")
    return f"{_bare(table)}{side}_{month}"


def _key_of(cursor: Cursor[Any], name: str) -> str:
    """The qualified name of the primary key's index of a table, whatever it was called so far."""
    return _one(
        cursor,
        "SELECT i.indexrelid::regclass::text FROM pg_index AS i "
        "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary",
        f"projections.{name}",
    )


def _exists(conn: _Connected, relation: str) -> bool:
    return bool(_one(conn, "SELECT to_regclass(%s) IS NOT NULL", relation))


def _one(conn: _Connected, statement: str, *parameters: object) -> Any:
    """The one value that a statement gives."""
    opened = conn if isinstance(conn, Connection) else conn.connection
    with opened.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(cast("LiteralString", statement), parameters).fetchone()
    if row is None:
        raise LookupError(f"nothing was found by {statement}")
    return row[0]


def _bare(table: Table[Any]) -> str:
    return f"{table.name}_v{table.version}"


def _execute(conn: _Connected, statement: str) -> None:
    conn.execute(cast("LiteralString", statement))
