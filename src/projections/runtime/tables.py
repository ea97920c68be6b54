"""Tables of read models: a frozen row type, its key, and the columns that queries filter by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, LiteralString, TypeVar, cast

import msgspec

from ledger.store.arrays import Int8Array, TextArray
from projections.runtime.columns import SENT_AS_TEXT, array_of, values_of

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Merging(Generic[R]):
    """How two rows of one key become one; the order of rows must not matter.

    `together` does it in memory. `columns` says the same in SQL, column by column, of `t`, the row
    that is there, and `excluded`, the one that comes.
    """

    together: Callable[[R, R], R]
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ByMonth:
    """Rows lie in partitions by the month in UTC of `column`, in epoch microseconds, and in a
    default partition where their month has none (`projections.runtime.partitions`).

    `kept` is a table of the same projection with at most one row a ledger; rows from before its
    `kept_from`, also in epoch microseconds, count no more: they may be there or not. The table
    itself has a column `position`, of the event that a row comes from.
    """

    column: str
    kept: "Table[Any] | None" = None


@dataclass(frozen=True, eq=False)
class Table(Generic[R]):
    """One table of a read model, the same on every ledger.

    `key` and `columns` name attributes of the row, with their SQL types; the key is text unless
    `columns` says otherwise. Columns stand in the table in the order given. With `document` the
    whole row is kept as jsonb as well, and `columns` holds only what queries need. `indexes` are
    lists of columns, after `ledger_id`. A table with `merging` takes rows that are merged with
    those of the same key. One with `months` is cut in partitions; its key holds the column that
    says the month. One that is `filled_first` gets its key in a build when its rows are there, or
    when something is done with it by its key.
    """

    name: str
    row: type[R]
    key: tuple[str, ...] = ("id",)
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    indexes: tuple[tuple[str, ...], ...] = ()
    version: int = 1
    document: bool = True
    merging: Merging[R] | None = None
    months: ByMonth | None = None
    filled_first: bool = False

    def relation(self, suffix: str = "") -> LiteralString:
        """The qualified name, safe to put into SQL: it is made of names in this source alone."""
        return cast("LiteralString", f"projections.{self.name}_v{self.version}{suffix}")

    @cached_property
    def types(self) -> dict[str, str]:
        """SQL type of every attribute that has a column, in the order of the table."""
        return {name: "text" for name in self.key if name not in self.columns} | dict(self.columns)

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(self.row)

    def decode(self, data: str | bytes) -> R:
        """A row from its document."""
        return self._decoder.decode(data)

    def document_of(self, row: R) -> str:
        """The document of a row, which `decode` reads."""
        return msgspec.json.encode(row).decode()

    def key_of(self, row: R) -> tuple[Any, ...]:
        return self._values_of_key(row)

    @cached_property
    def _values_of_key(self) -> Callable[[R], tuple[Any, ...]]:
        return values_of(self.key)

    @cached_property
    def values_of(self) -> Callable[[R], tuple[Any, ...]]:
        """The values of a row that `copy_statement` takes after the ledger's number; not its
        document."""
        return values_of(tuple(self.types))

    def create_statement(self, suffix: str = "") -> LiteralString:
        """DDL, to be run under the owner's role."""
        columns = [
            f"{name} {kind}{' NOT NULL' * (name in self.key)}" for name, kind in self.types.items()
        ]
        if self.document:
            columns.append("data jsonb NOT NULL")
        relation, key = self.relation(suffix), ", ".join(("ledger_id", *self.key))
        create = (
            f"CREATE TABLE IF NOT EXISTS {relation} "
            f"(ledger_id integer NOT NULL, {', '.join(columns)}, PRIMARY KEY ({key}))"
        )
        if self.months is not None:
            create += (
                f" PARTITION BY RANGE ({self.months.column}); "
                f"CREATE TABLE IF NOT EXISTS {relation}_default PARTITION OF {relation} DEFAULT"
            )
        indexes = [
            f"CREATE INDEX IF NOT EXISTS {self.name}_v{self.version}_{'_'.join(index)}{suffix} "
            f"ON {self.relation(suffix)} ({', '.join(('ledger_id', *index))})"
            for index in self.indexes
        ]
        return cast("LiteralString", "; ".join([create, *indexes]))

    def counting(self, alias: str, suffix: str = "") -> LiteralString:
        """The condition that a row counts; see `ByMonth`."""
        if self.months is None or self.months.kept is None:
            return "true"
        kept, column = self.months.kept.relation(suffix), self.months.column
        return cast(
            "LiteralString",
            f"NOT EXISTS (SELECT 1 FROM {kept} AS k "
            f"WHERE k.ledger_id = {alias}.ledger_id AND {alias}.{column} < k.kept_from)",
        )

    def upsert_statement(self, suffix: str = "") -> LiteralString:
        """Insert or replace many rows, given as one array a column."""
        names = self._stored_names()
        changed = [name for name in names if name not in self.key]
        action = (
            "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in changed)
            if changed
            else "NOTHING"
        )
        return cast(
            "LiteralString",
            f"{self.insert_statement(suffix)} "
            f"ON CONFLICT ({', '.join(('ledger_id', *self.key))}) DO {action}",
        )

    def merge_statement(self, suffix: str = "", returning: Sequence[str] = ()) -> LiteralString:
        """Insert many rows or merge them with those there, given as one array a column. Returns
        the key and the columns of `returning`, if there are any.

        Raises TypeError for a table whose rows are not merged.
        """
        changes = ", ".join(f"{name} = {to}" for name, to in self.merged().columns.items())
        returned = ", ".join(f"t.{name}" for name in (*self.key, *returning))
        return cast(
            "LiteralString",
            f"{self.insert_statement(suffix)} ON CONFLICT ({', '.join(('ledger_id', *self.key))}) "
            + (f"DO UPDATE SET {changes}" if changes else "DO NOTHING")
            + f" RETURNING {returned}" * bool(returning),
        )

    def merged(self) -> Merging[R]:
        """How rows are merged. Raises TypeError where they are not."""
        if self.merging is None:
            raise TypeError(f"rows of {self.name} are not merged")
        return self.merging

    def greatest_statement(
        self,
        column: str,
        order: Sequence[str],
        equal: Sequence[str],
        suffix: str = "",
        *,
        least: bool = False,
    ) -> LiteralString:
        """Rows equal in some columns, within bounds of another, the greatest of `order` first, or
        the least."""
        match = " AND ".join(f"{name} = %({name})s" for name in ("ledger_id", *equal))
        way = "ASC" if least else "DESC"
        return cast(
            "LiteralString",
            f"SELECT {self._selected()} FROM {self.relation(suffix)} WHERE {match} "
            f"AND {column} >= %(from_bound)s AND {column} < %(to_bound)s "
            f"ORDER BY {', '.join(f'{name} {way}' for name in order)} LIMIT %(most)s",
        )

    def spans_statement(
        self, columns: Sequence[str], equal: str, column: str, suffix: str = ""
    ) -> LiteralString:
        """Columns of rows of many spans (`span_arrays`), each after the index of its span."""
        # OFFSET 0 keeps each span a search of its own.
        return cast(
            "LiteralString",
            f"SELECT span.n - 1, t.* FROM unnest(%(equal)s::{self._array_type(equal)}[], "
            "%(starts)s::bigint[], %(ends)s::bigint[]) WITH ORDINALITY "
            "AS span (equal, first, past, n) "
            f"CROSS JOIN LATERAL (SELECT {', '.join(columns)} FROM {self.relation(suffix)} "
            f"WHERE ledger_id = %(ledger_id)s AND {equal} = span.equal "
            f"AND {column} >= span.first AND {column} < span.past OFFSET 0) AS t",
        )

    def span_arrays(self, equal: str, spans: Sequence[tuple[Any, int, int]]) -> dict[str, Any]:
        """Spans as the statement above takes them: values, starts and ends."""
        return {
            "equal": array_of(self.types[equal], [value for value, _, _ in spans]),
            "starts": Int8Array.of([start for _, start, _ in spans]),
            "ends": Int8Array.of([end for _, _, end in spans]),
        }

    def insert_statement(self, suffix: str = "") -> LiteralString:
        """Insert many new rows, given as one array a column."""
        names = self._stored_names()
        arrays = ", ".join(f"%({name})s::{self._array_type(name)}[]" for name in names)
        values = ", ".join(f"r.{name}{self._from_array(name)}" for name in names)
        return cast(
            "LiteralString",
            f"INSERT INTO {self.relation(suffix)} AS t (ledger_id, {', '.join(names)}) "
            f"SELECT %(ledger_id)s, {values} FROM unnest({arrays}) AS r ({', '.join(names)})",
        )

    def copy_statement(self, suffix: str = "", *, packed: bool = False) -> LiteralString:
        """Insert many new rows without documents, streamed: several times as fast. In the binary
        format if they are packed."""
        return cast(
            "LiteralString",
            f"COPY {self.relation(suffix)} (ledger_id, {', '.join(self.types)}) FROM STDIN"
            + " (FORMAT binary)" * packed,
        )

    def delete_statement(self, suffix: str = "") -> LiteralString:
        """Delete many rows by key, given as one array a key column."""
        arrays = ", ".join(f"%({name})s::{self.types[name]}[]" for name in self.key)
        match = " AND ".join(f"t.{name} = k.{name}" for name in self.key)
        return cast(
            "LiteralString",
            f"DELETE FROM {self.relation(suffix)} AS t USING unnest({arrays}) "
            f"AS k ({', '.join(self.key)}) WHERE t.ledger_id = %(ledger_id)s AND {match}",
        )

    def select_statement(self, suffix: str = "") -> LiteralString:
        """One row by key, as its document or its columns."""
        match = " AND ".join(f"{name} = %({name})s" for name in self.key)
        return cast(
            "LiteralString",
            f"SELECT {self._selected()} FROM {self.relation(suffix)} "
            f"WHERE ledger_id = %(ledger_id)s AND {match}",
        )

    def from_record(self, record: Mapping[str, Any]) -> R:
        """A row from a selected record."""
        if self.document:
            return self.decode(record["data"])
        return self.row(**{name: record[name] for name in self.types})

    def arrays(self, rows: list[R]) -> dict[str, Any]:
        """One array a column, for the statements above."""
        arrays = {
            name: array_of(kind, [getattr(row, name) for row in rows])
            for name, kind in self.types.items()
        }
        if self.document:
            arrays["data"] = TextArray.of([self.document_of(row) for row in rows])
        return arrays

    def _selected(self) -> str:
        """What `from_record` takes."""
        return "data::text AS data" if self.document else ", ".join(self.types)

    def _stored_names(self) -> list[str]:
        return [*self.types, "data"] if self.document else list(self.types)

    def _array_type(self, name: str) -> str:
        kind = self.types.get(name, "jsonb")
        if kind == "integer":
            return "bigint"
        return "text" if kind in SENT_AS_TEXT else kind

    def _from_array(self, name: str) -> str:
        kind = self.types.get(name, "jsonb")
        return f"::{kind}" if kind in SENT_AS_TEXT else ""
