"""Rows over a transaction."""

from collections.abc import Iterable
from typing import Any, TypeVar, cast

import msgspec
from psycopg import Cursor
from psycopg.rows import tuple_row

from projections.runtime.copying import HEADER, TRAILER, PackedRows
from projections.runtime.log import Log
from projections.runtime.rows import Spans, Within
from projections.runtime.tables import Table
from projections.runtime.unkeyed import Unkeyed

R = TypeVar("R", bound=msgspec.Struct)

_Slot = tuple[str, tuple[Any, ...]]

_INSERTED_AT_ONCE = 10_000
_COPIED_AT_ONCE = 250_000
"""Bytes; each time that some are handed over costs as much as some rows."""


class SqlRows:
    """Rows of one ledger over a transaction: read when first asked for, written by `flush`.

    Raises KeyWanted where a table without its key is not only added to.
    """

    def __init__(
        self,
        cursor: Cursor[dict[str, Any]],
        ledger_id: int,
        suffix: str = "",
        log: Log | None = None,
        unkeyed: Unkeyed | None = None,
    ) -> None:
        self.log = log
        self.memory = None if unkeyed is None else unkeyed.memory
        self._unkeyed = unkeyed
        self._cursor = cursor
        self._ledger_id = ledger_id
        self._suffix = suffix
        self._known: dict[_Slot, msgspec.Struct | None] = {}
        self._changed: dict[Table[Any], dict[tuple[Any, ...], msgspec.Struct | None]] = {}
        self._inserted: dict[Table[Any], list[msgspec.Struct]] = {}
        self._merged: dict[Table[Any], dict[tuple[Any, ...], msgspec.Struct]] = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        self._before_use(table)
        slot = (table.name, key)
        if slot not in self._known:
            self._known[slot] = self._select(table, key)
        row = self._known[slot]
        return row if isinstance(row, table.row) else None

    def put(self, table: Table[R], row: R) -> None:
        self._before_use(table)
        self._set(table, table.key_of(row), row)

    def delete(self, table: Table[Any], *key: Any) -> None:
        self._before_use(table)
        self._set(table, key, None)

    def insert_many(self, table: Table[R], rows: Iterable[R]) -> None:
        waiting = self._inserted.setdefault(table, [])
        waiting.extend(rows)
        if len(waiting) >= _INSERTED_AT_ONCE:
            self._insert(table, waiting)
            waiting.clear()

    def insert_packed(self, table: Table[R], rows: PackedRows[R]) -> None:
        with self._cursor.copy(table.copy_statement(self._suffix, packed=True)) as copy:
            waiting = bytearray(HEADER)
            for piece in rows.packed(self._ledger_id):
                waiting += piece
                if len(waiting) >= _COPIED_AT_ONCE:
                    copy.write(bytes(waiting))
                    waiting.clear()
            copy.write(bytes(waiting) + TRAILER)

    def merge_many(self, table: Table[R], rows: Iterable[R]) -> None:
        self._write_changed(table)
        together = table.merged().together
        waiting = self._merged.setdefault(table, {})
        for row in rows:
            key = table.key_of(row)
            self._known.pop((table.name, key), None)
            there = waiting.get(key)
            waiting[key] = row if there is None else together(cast("R", there), row)

    def merge_returning(
        self, table: Table[R], rows: Iterable[R], *columns: str
    ) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        self._before_use(table)
        self.merge_many(table, rows)
        merged = cast("list[R]", [*self._merged.pop(table, {}).values()])
        if not merged:
            return {}
        statement, arrays = table.merge_statement(self._suffix, columns), table.arrays(merged)
        found = self._tuples(statement, arrays | {"ledger_id": self._ledger_id})
        past = len(table.key)
        return {row[:past]: row[past:] for row in found}

    def greatest(
        self,
        table: Table[R],
        within: Within,
        order: tuple[str, ...],
        most: int | None,
        *,
        least: bool = False,
        **equal: Any,
    ) -> list[R]:
        self._before_use(table)
        self._write_changed(table)
        statement = table.greatest_statement(
            within.column, order, list(equal), self._suffix, least=least
        )
        bounds = {"from_bound": within.start, "to_bound": within.end, "most": most}
        self._cursor.execute(statement, {**equal, **bounds, "ledger_id": self._ledger_id})
        return [table.from_record(record) for record in self._cursor.fetchall()]

    def spans(
        self, table: Table[Any], columns: tuple[str, ...], within: Spans
    ) -> list[tuple[Any, ...]]:
        self._before_use(table)
        self._write_changed(table)
        statement = table.spans_statement(columns, within.equal, within.column, self._suffix)
        arrays = table.span_arrays(within.equal, within.spans) | {"ledger_id": self._ledger_id}
        return self._tuples(statement, arrays)

    def flush(self) -> None:
        """Write every change: one statement a table for inserts, merges, puts and deletes each."""
        for table in [*self._inserted, *self._merged]:
            self._write_added(table)
        for table in [*self._changed]:
            self._write_changed(table)

    def _before_use(self, table: Table[Any]) -> None:
        """What comes before a table is read or changed by its key."""
        if self._unkeyed is not None:
            self._unkeyed.expect_key(table)
        self._write_added(table)

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
        # COPY of rows that do not pack themselves takes longer than arrays for those that merge.
        if (table.document or table.merging is not None) and rows:
            self._execute(table.insert_statement(self._suffix), table.arrays(rows))
        elif rows:
            ledger = (self._ledger_id,)
            with self._cursor.copy(table.copy_statement(self._suffix)) as copy:
                for values in map(table.values_of, rows):
                    copy.write_row(ledger + values)

    def _tuples(self, statement: Any, arrays: dict[str, Any]) -> list[tuple[Any, ...]]:
        with self._cursor.connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(statement, arrays, prepare=True).fetchall()

    def _execute(self, statement: Any, arrays: dict[str, list[Any]]) -> None:
        self._cursor.execute(statement, arrays | {"ledger_id": self._ledger_id}, prepare=True)
