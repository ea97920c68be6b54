"""The tables of read models, made under the owner's role."""

from collections.abc import Iterable
from typing import Any

import psycopg

from ledger.store.migrate import only_migrator
from projections.runtime.projection import Projection
from projections.runtime.tables import Table


def create_tables(owner_url: str, projections: Iterable[Projection]) -> list[str]:
    """Make the tables of projections that are not there yet; names of those made.

    A table that is there is not touched: one of another shape has another version. When none is
    missing nothing but reading is done, so that any role will do.
    """
    tables = [table for projection in projections for table in projection.tables]
    missing = _missing(owner_url, tables)
    if not missing:
        return []
    with only_migrator(owner_url) as conn:
        for table in missing:
            conn.execute(table.create_statement())
    return [table.relation() for table in missing]


def _missing(url: str, tables: list[Table[Any]]) -> list[Table[Any]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return [table for table in tables if not _exists(conn, table)]


def _exists(conn: psycopg.Connection[tuple[Any, ...]], table: Table[Any]) -> bool:
    row = conn.execute("SELECT to_regclass(%s)::text", (table.relation(),)).fetchone()
    return row is not None and row[0] is not None
