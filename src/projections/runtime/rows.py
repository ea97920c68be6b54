"""The rows that a projection reads and changes while it applies events."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, TypeVar, cast

import msgspec
from psycopg import Cursor

from projections.runtime.copying import HEADER, TRAILER, PackedRows
from projections.runtime.log import Log
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)

_Slot = tuple[str, tuple[Any, ...]]

_INSERTED_AT_ONCE = 10_000


class Within(NamedTuple):
    """Values of a column from `start` up to, not including, `end`."""

    column: str
    start: int
    end: int


class Rows(Protocol):
    """Read, put and delete rows by key. Nothing else is known to a projection, but for the log up
    to the event that it applies, where `log` is not None."""

    @property
    def log(self) -> Log | None: ...

    def get(self, table: Table[R], *key: Any) -> R | None: ...

    def put(self, table: Table[R], row: R) -> None: ...

    def delete(self, table: Table[Any], *key: Any) -> None: ...

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        """Add rows that are known to be new."""
        ...

    def insert_packed(self, table: Table[R], rows: PackedRows[R]) -> None:
        """The same for rows that pack themselves, of a table without documents."""
        ...

    def merge_many(self, table: Table[R], rows: Iterable[R]) -> None:
        """Add rows, each merged with the one of its key if there is one (`Table.merging`)."""
        ...

    def newest(
        self,
        table: Table[R],
        within: Within,
        order: tuple[str, ...],
        most: int | None,
        **equal: Any,
    ) -> list[R]:
        """The first rows, at most `most` of them, by `order`, greatest first: of those within
        bounds and equal to `equal`. It looks at every row there: for rare use."""
        ...


class MemoryRows:
    """Rows in memory: for a past state, and for tests of a projection alone."""

    def __init__(self, log: Log | None = None) -> None:
        self.log = log
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

    def insert_packed(self, table: Table[R], rows: PackedRows[R]) -> None:
        self.insert_many(table, rows.rows())

    def merge_many(self, table: Table[R], rows: Iterable[R]) -> None:
        together = table.merged().together
        for row in rows:
            there = self.get(table, *table.key_of(row))
            self.put(table, row if there is None else together(there, row))

    def newest(
        self,
        table: Table[R],
        within: Within,
        order: tuple[str, ...],
        most: int | None,
        **equal: Any,
    ) -> list[R]:
        found = [
            row
            for row in self.all(table)
            if within.start <= getattr(row, within.column) < within.end
            and all(getattr(row, name) == value for name, value in equal.items())
        ]
        found.sort(key=lambda row: tuple(getattr(row, name) for name in order), reverse=True)
        return found[:most]

    def all(self, table: Table[R]) -> list[R]:
        """Every row of a table, by key."""
        found = [(key, row) for (name, key), row in self._rows.items() if name == table.name]
        return [
            row for _, row in sorted(found, key=lambda item: item[0]) if isinstance(row, table.row)
        ]


class SqlRows:
    """Rows of one ledger over a transaction: read when first asked for, written by `flush`."""

    def __init__(
        self,
        cursor: Cursor[dict[str, Any]],
        ledger_id: int,
        suffix: str = "",
        log: Log | None = None,
    ) -> None:
        self.log = log
        self._cursor = cursor
        self._ledger_id = ledger_id
        self._suffix = suffix
        self._known: dict[_Slot, msgspec.Struct | None] = {}
        self._changed: dict[Table[Any], dict[tuple[Any, ...], msgspec.Struct | None]] = {}
        self._inserted: dict[Table[Any], list[msgspec.Struct]] = {}
        self._merged: dict[Table[Any], dict[tuple[Any, ...], msgspec.Struct]] = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        self._write_added(table)
        slot = (table.name, key)
        if slot not in self._known:
            self._known[slot] = self._select(table, key)
        row = self._known[slot]
        return row if isinstance(row, table.row) else None

    def put(self, table: Table[R], row: R) -> None:
        self._write_added(table)
        self._set(table, table.key_of(row), row)

    def delete(self, table: Table[Any], *key: Any) -> None:
        self._write_added(table)
        self._set(table, key, None)

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        waiting = self._inserted.setdefault(table, [])
        waiting.extend(rows)
        if len(waiting) >= _INSERTED_AT_ONCE:
            self._insert(table, waiting)
            waiting.clear()

    def insert_packed(self, table: Table[R], rows: PackedRows[R]) -> None:
        with self._cursor.copy(table.copy_statement(self._suffix, packed=True)) as copy:
            copy.write(HEADER + rows.packed(self._ledger_id) + TRAILER)

    def merge_many(self, table: Table[R], rows: Iterable[R]) -> None:
        self._write_changed(table)
        together = table.merged().together
        waiting = self._merged.setdefault(table, {})
        for row in rows:
            key = table.key_of(row)
            self._known.pop((table.name, key), None)
            there = waiting.get(key)
            waiting[key] = row if there is None else together(cast("R", there), row)

    def newest(
        self,
        table: Table[R],
        within: Within,
        order: tuple[str, ...],
        most: int | None,
        **equal: Any,
    ) -> list[R]:
        self._write_added(table)
        self._write_changed(table)
        statement = table.newest_statement(within.column, order, list(equal), self._suffix)
        bounds = {"from_bound": within.start, "to_bound": within.end, "most": most}
        self._cursor.execute(statement, {**equal, **bounds, "ledger_id": self._ledger_id})
        return [table.from_record(record) for record in self._cursor.fetchall()]

    def flush(self) -> None:
        """Write every change: one statement a table for inserts, merges, puts and deletes each."""
        for table in [*self._inserted, *self._merged]:
            self._write_added(table)
        for table in [*self._changed]:
            self._write_changed(table)

    def _write_added(self, table: Table[Any]) -> None:
        """Write what was inserted or merged, before anything else is done with the table."""
        self._insert(table, self._inserted.pop(table, []))
        if merged := self._merged.pop(table, None):
            self._execute(table.merge_statement(self._suffix), table.arrays(list(merged.values())))

    def _write_changed(self, table: Table[Any]) -> None:
        changes = self._changed.pop(table, {})
        put = [row for row in changes.values() if row is not None]
        gone = [key for key, row in changes.items() if row is None]
        if put:
            self._execute(table.upsert_statement(self._suffix), table.arrays(put))
        if gone:
            columns = dict(zip(table.key, map(list, zip(*gone, strict=True)), strict=True))
            self._execute(table.delete_statement(self._suffix), columns)

    def _set(self, table: Table[Any], key: tuple[Any, ...], row: msgspec.Struct | None) -> None:
        self._known[table.name, key] = row
        self._changed.setdefault(table, {})[key] = row

    def _select(self, table: Table[R], key: tuple[Any, ...]) -> R | None:
        parameters = dict(zip(table.key, key, strict=True)) | {"ledger_id": self._ledger_id}
        self._cursor.execute(table.select_statement(self._suffix), parameters, prepare=True)
        record = self._cursor.fetchone()
        return None if record is None else table.from_record(record)

    def _insert(self, table: Table[Any], rows: list[msgspec.Struct]) -> None:
        if table.document and rows:
            self._execute(table.insert_statement(self._suffix), table.arrays(rows))
        elif rows:
            ledger = (self._ledger_id,)
            with self._cursor.copy(table.copy_statement(self._suffix)) as copy:
                for values in map(table.values_of, rows):
                    copy.write_row(ledger + values)

    def _execute(self, statement: Any, arrays: dict[str, list[Any]]) -> None:
        self._cursor.execute(statement, arrays | {"ledger_id": self._ledger_id}, prepare=True)
