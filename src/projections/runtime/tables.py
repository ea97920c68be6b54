"""Tables of read models: a frozen row type, its key, and the columns that queries filter by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, LiteralString, TypeVar, cast

import msgspec

R = TypeVar("R", bound=msgspec.Struct)


@dataclass(frozen=True, eq=False)
class Table(Generic[R]):
    """One table of a read model, the same on every ledger.

    `key` and `columns` name attributes of the row, with their SQL types; the key is text unless
    `columns` says otherwise. With `document` the whole row is kept as jsonb as well, and `columns`
    holds only what queries need. `indexes` are lists of columns, after `ledger_id`.
    """

    name: str
    row: type[R]
    key: tuple[str, ...] = ("id",)
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    indexes: tuple[tuple[str, ...], ...] = ()
    version: int = 1
    document: bool = True

    def relation(self, suffix: str = "") -> LiteralString:
        """The qualified name, safe to put into SQL: it is made of names in this source alone."""
        return cast("LiteralString", f"projections.{self.name}_v{self.version}{suffix}")

    @cached_property
    def types(self) -> dict[str, str]:
        """SQL type of every attribute that has a column, the key first."""
        return {name: self.columns.get(name, "text") for name in self.key} | dict(self.columns)

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[R]:
        return msgspec.json.Decoder(self.row)

    def decode(self, data: str | bytes) -> R:
        """A row from its document."""
        return self._decoder.decode(data)

    def key_of(self, row: R) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.key)

    def create_statement(self, suffix: str = "") -> LiteralString:
        """DDL, to be run under the owner's role."""
        columns = [
            f"{name} {kind}{' NOT NULL' * (name in self.key)}" for name, kind in self.types.items()
        ]
        if self.document:
            columns.append("data jsonb NOT NULL")
        key = ", ".join(("ledger_id", *self.key))
        create = (
            f"CREATE TABLE IF NOT EXISTS {self.relation(suffix)} "
            f"(ledger_id integer NOT NULL, {', '.join(columns)}, PRIMARY KEY ({key}))"
        )
        indexes = [
            f"CREATE INDEX IF NOT EXISTS {self.name}_v{self.version}_{'_'.join(index)}{suffix} "
            f"ON {self.relation(suffix)} ({', '.join(('ledger_id', *index))})"
            for index in self.indexes
        ]
        return cast("LiteralString", "; ".join([create, *indexes]))

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

    def insert_statement(self, suffix: str = "") -> LiteralString:
        """Insert many new rows, given as one array a column."""
        names = self._stored_names()
        arrays = ", ".join(f"%({name})s::{self._array_type(name)}[]" for name in names)
        values = ", ".join("r.data::jsonb" if name == "data" else f"r.{name}" for name in names)
        return cast(
            "LiteralString",
            f"INSERT INTO {self.relation(suffix)} (ledger_id, {', '.join(names)}) "
            f"SELECT %(ledger_id)s, {values} FROM unnest({arrays}) AS r ({', '.join(names)})",
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
        what = "data::text AS data" if self.document else ", ".join(self.types)
        return cast(
            "LiteralString",
            f"SELECT {what} FROM {self.relation(suffix)} "
            f"WHERE ledger_id = %(ledger_id)s AND {match}",
        )

    def from_record(self, record: Mapping[str, Any]) -> R:
        """A row from a selected record."""
        if self.document:
            return self.decode(record["data"])
        return self.row(**{name: record[name] for name in self.types})

    def arrays(self, rows: list[R]) -> dict[str, list[Any]]:
        """One array a column, for the statements above."""
        arrays: dict[str, list[Any]] = {
            name: [getattr(row, name) for row in rows] for name in self.types
        }
        if self.document:
            arrays["data"] = [msgspec.json.encode(row).decode() for row in rows]
        return arrays

    def _stored_names(self) -> list[str]:
        return [*self.types, "data"] if self.document else list(self.types)

    def _array_type(self, name: str) -> str:
        return "text" if name == "data" else self.types[name]
