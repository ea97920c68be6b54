"""Rows that count no more are deleted, a batch at a time, whatever else goes on.

The rows are those before the `kept_from` of their ledger (`tables.ByMonth`). Nobody reads them, so
that it does not matter when they go, nor whether some are left by a sweep that is cut off.
"""

from collections.abc import Callable
from typing import Any, Final, LiteralString, cast

from ledger.store.datastore import Datastore
from projections.runtime.tables import Table

_AT_ONCE: Final = 20_000


def sweep(
    datastore: Datastore,
    ledger_id: int,
    table: Table[Any],
    progress: Callable[[int], None],
    at_once: int = _AT_ONCE,
) -> int:
    """Delete the rows of a ledger that count no more; how many there were.

    Walks along the key, so that no batch passes over what those before it left behind. `progress`
    is called with the number of rows deleted so far.
    """
    deleted, last = 0, dict[str, Any]()
    while True:
        statement = _statement(table, onwards=bool(last))
        parameters = {**last, "ledger_id": ledger_id, "at_once": at_once}
        with datastore.get_connection() as conn:
            found = conn.execute(statement, parameters).fetchone()
        if found is None:
            return deleted
        deleted += found.pop("deleted")
        last = found
        progress(deleted)


def _statement(table: Table[Any], *, onwards: bool) -> LiteralString:
    """Deletes the next rows; the last of their keys and how many they were, if there are any."""
    if table.months is None or table.months.kept is None:
        raise TypeError(f"rows of {table.name} are kept for ever")
    relation, key, column = table.relation(), ", ".join(table.key), table.months.column
    after = ", ".join(f"%({name})s::{table.types[name]}" for name in table.key)
    kept_from = (
        f"(SELECT k.kept_from FROM {table.months.kept.relation()} AS k "
        "WHERE k.ledger_id = %(ledger_id)s)"
    )
    return cast(
        "LiteralString",
        f"WITH lapsed AS MATERIALIZED (SELECT {key} FROM {relation} "
        f"WHERE ledger_id = %(ledger_id)s AND {column} < {kept_from} "
        f"{f'AND ({key}) > ({after}) ' if onwards else ''}"
        f"ORDER BY {key} LIMIT %(at_once)s), "
        f"gone AS (DELETE FROM {relation} AS t USING lapsed AS l "
        f"WHERE t.ledger_id = %(ledger_id)s AND t.{column} < {kept_from} AND "
        f"{' AND '.join(f't.{name} = l.{name}' for name in table.key)}) "
        f"SELECT {key}, (SELECT count(*) FROM lapsed) AS deleted FROM lapsed "
        f"ORDER BY {', '.join(f'{name} DESC' for name in table.key)} LIMIT 1",
    )
