"""The rows that a projection reads and changes while it applies events."""

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

import msgspec
from psycopg import Cursor

from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)

_Slot = tuple[str, tuple[Any, ...]]

_INSERTED_AT_ONCE = 10_000


class Rows(Protocol):
    """Read, put and delete rows by key. Nothing else is known to a projection."""

    def get(self, table: Table[R], *key: Any) -> R | None: ...

    def put(self, table: Table[R], row: R) -> None: ...

    def delete(self, table: Table[Any], *key: Any) -> None: ...

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        """Add rows that are known to be new and are not read again in this page."""
        ...


class MemoryRows:
    """Rows in memory: for a past state, and for tests of a projection alone."""

    def __init__(self) -> None:
        self._rows: dict[_Slot, msgspec.Struct] = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        row = self._rows.get((table.name, key))
        return row if isinstance(row, table.row) else None

    def put(self, table: Table[R], row: R) -> None:
        self._rows[table.name, table.key_of(row)] = row

    def delete(self, table: Table[Any], *key: Any) -> None:
        self._rows.pop((table.name, key), None)

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        for row in rows:
            self.put(table, row)

    def all(self, table: Table[R]) -> list[R]:
        """Every row of a table, by key."""
        found = [(key, row) for (name, key), row in self._rows.items() if name == table.name]
        return [
            row for _, row in sorted(found, key=lambda item: item[0]) if isinstance(row, table.row)
        ]


class SqlRows:
    """Rows of one ledger over a transaction: read when first asked for, written by `flush`."""

    def __init__(self, cursor: Cursor[dict[str, Any]], ledger_id: int, suffix: str = "") -> None:
        self._cursor = cursor
        self._ledger_id = ledger_id
        self._suffix = suffix
        self._known: dict[_Slot, msgspec.Struct | None] = {}
        self._changed: dict[Table[Any], dict[tuple[Any, ...], msgspec.Struct | None]] = {}
        self._inserted: dict[Table[Any], list[msgspec.Struct]] = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        slot = (table.name, key)
        if slot not in self._known:
            self._known[slot] = self._select(table, key)
        row = self._known[slot]
        return row if isinstance(row, table.row) else None

    def put(self, table: Table[R], row: R) -> None:
        self._set(table, table.key_of(row), row)

    def delete(self, table: Table[Any], *key: Any) -> None:
        self._set(table, key, None)

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        waiting = self._inserted.setdefault(table, [])
        waiting.extend(rows)
        if len(waiting) >= _INSERTED_AT_ONCE:
            self._insert(table, waiting)
            waiting.clear()

    def flush(self) -> None:
        """Write every change: one statement a table for puts, one for deletes."""
        for table, rows in self._inserted.items():
            self._insert(table, rows)
        for table, changes in self._changed.items():
            put = [row for row in changes.values() if row is not None]
            gone = [key for key, row in changes.items() if row is None]
            if put:
                self._execute(table.upsert_statement(self._suffix), table.arrays(put))
            if gone:
                columns = dict(zip(table.key, map(list, zip(*gone, strict=True)), strict=True))
                self._execute(table.delete_statement(self._suffix), columns)
        self._inserted.clear()
        self._changed.clear()

    def _set(self, table: Table[Any], key: tuple[Any, ...], row: msgspec.Struct | None) -> None:
        self._known[table.name, key] = row
        self._changed.setdefault(table, {})[key] = row

    def _select(self, table: Table[R], key: tuple[Any, ...]) -> R | None:
        parameters = dict(zip(table.key, key, strict=True)) | {"ledger_id": self._ledger_id}
        self._cursor.execute(table.select_statement(self._suffix), parameters, prepare=True)
        record = self._cursor.fetchone()
        return None if record is None else table.from_record(record)

    def _insert(self, table: Table[Any], rows: list[msgspec.Struct]) -> None:
        if rows:
            self._execute(table.insert_statement(self._suffix), table.arrays(rows))

    def _execute(self, statement: Any, arrays: dict[str, list[Any]]) -> None:
        self._cursor.execute(statement, arrays | {"ledger_id": self._ledger_id}, prepare=True)
