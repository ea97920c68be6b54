"""One random edit of anything that is stored of a ledger, as somebody makes it who owns the tables.

An edit that leaves what is stored as it was is none: bytes that inflate to the same event, a row
that counts no more.
"""

import json
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString, cast
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ledger.store.mapper import inflate
from projections.meter_events.rows import METER_EVENTS, USAGE_RETENTION
from projections.registry import PROJECTIONS
from tests.tampering.looking import Tampered

Row = dict[str, Any]

_KEYS = {
    "ledger.events": ("originator_id", "originator_version"),
    "ledger.heads": (),
    "ledger.usage_keys": ("key",),
}
_KEYS |= {table.relation(): table.key for p in PROJECTIONS for table in p.tables}

_UNCHANGED = {"ledger_id"}
_ATTEMPTS = 200


def _sql(text: str) -> sql.SQL:
    """A statement or the name of a table, made of names in the source alone."""
    return sql.SQL(cast("LiteralString", text))


class NotAnEdit(Exception):
    """Nothing that counts would be changed."""


@dataclass(slots=True)
class Edits:
    """Makes random edits of one ledger."""

    there: Tampered
    chance: random.Random

    def one(self) -> str:
        """Make an edit; what it was."""
        kinds: list[Callable[[], str]] = [
            self._changed_row,
            self._changed_row,
            self._deleted_row,
            self._copied_row,
            self._flipped_byte,
            self._swapped_pair,
            self._early_claim,
        ]
        for _ in range(_ATTEMPTS):
            try:
                with self.there.conn.transaction():
                    return self.chance.choice(kinds)()
            except (NotAnEdit, psycopg.errors.IntegrityError):
                continue
        raise AssertionError("no edit could be made")

    def _changed_row(self) -> str:
        table = self.chance.choice(sorted(_KEYS))
        row = self._row(table)
        column = self.chance.choice(sorted(row.keys() - _UNCHANGED))
        value = self._other(row[column])
        if table == "ledger.events" and column == "state":
            raise NotAnEdit
        self._update(table, row, column, value)
        return f"{table} {self._named(table, row)}: {column} from {row[column]!r} to {value!r}"

    def _deleted_row(self) -> str:
        table = self.chance.choice(sorted(_KEYS))
        row = self._row(table)
        self._execute(table, "DELETE FROM {} WHERE ledger_id = %s", row)
        return f"{table} {self._named(table, row)}: deleted"

    def _copied_row(self) -> str:
        table = self.chance.choice(sorted(_KEYS))
        row = self._row(table)
        key = self.chance.choice(_KEYS[table] or ("",))
        if not key:
            raise NotAnEdit
        copy = row | {key: self._other(row[key])}
        if table == "ledger.events":
            copy["position"] = row["position"] + self.chance.choice((1_000, -1_000))
        if table == METER_EVENTS.relation() and copy["timestamp"] < self._kept_from():
            raise NotAnEdit
        columns = sql.SQL(", ").join(map(sql.Identifier, copy))
        values = [Jsonb(value) if isinstance(value, dict) else value for value in copy.values()]
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            _sql(table), columns, sql.SQL(", ").join(sql.Placeholder() * len(values))
        )
        self.there.conn.execute(statement, values)
        return f"{table} {self._named(table, row)}: copied with {key} {copy[key]!r}"

    def _flipped_byte(self) -> str:
        row = self._row("ledger.events")
        state = bytearray(row["state"])
        at = self.chance.randrange(len(state))
        state[at] ^= 1 << self.chance.randrange(8)
        try:
            same = inflate(bytes(state)) == inflate(row["state"])
        except zlib.error:
            same = False
        if same:
            raise NotAnEdit
        self._update("ledger.events", row, "state", bytes(state))
        return f"position {row['position']}: byte {at} of {row['topic']}"

    def _swapped_pair(self) -> str:
        one, other = self._row("ledger.events"), self._row("ledger.events")
        if one["position"] == other["position"]:
            raise NotAnEdit
        self._update("ledger.events", other, "position", -1)
        self._update("ledger.events", one, "position", other["position"])
        self._update("ledger.events", other, "position", one["position"])
        return f"positions {one['position']} and {other['position']} swapped"

    def _early_claim(self) -> str:
        self.there.conn.execute(
            "INSERT INTO ledger.idempotency_keys "
            "(ledger_id, key, request_hash, position, created_at) VALUES (%s, %s, '', %s, 'epoch')",
            (self.there.ledger_id, "key-tampered", 10_000),
        )
        return "an idempotency key claimed beyond the head"

    def _row(self, table: str) -> Row:
        """A row of the table that counts."""
        statement = sql.SQL("SELECT * FROM {} WHERE ledger_id = %s").format(_sql(table))
        with self.there.conn.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(statement, (self.there.ledger_id,)).fetchall()
        if table == METER_EVENTS.relation():
            since = self._kept_from()
            rows = [row for row in rows if row["timestamp"] >= since]
        if not rows:
            raise NotAnEdit
        return self.chance.choice(sorted(rows, key=repr))

    def _kept_from(self) -> int:
        statement = f"SELECT kept_from FROM {USAGE_RETENTION.relation()} WHERE ledger_id = %s"
        found = self.there.conn.execute(statement, (self.there.ledger_id,)).fetchone()
        return found[0] if found else 0

    def _update(self, table: str, row: Row, column: str, value: Any) -> None:
        changed = sql.SQL("UPDATE {{}} SET {} = %s WHERE ledger_id = %s").format(
            sql.Identifier(column)
        )
        value = Jsonb(value) if isinstance(value, dict) else value
        self._execute(table, changed.as_string(), row, value)

    def _execute(self, table: str, text: str, row: Row, *values: Any) -> None:
        """Run a statement on exactly one row."""
        key = sql.SQL("").join(
            sql.SQL(" AND {} = %s").format(sql.Identifier(name)) for name in _KEYS[table]
        )
        statement = _sql(text).format(_sql(table)) + key
        named = [self.there.ledger_id, *(row[name] for name in _KEYS[table])]
        assert self.there.conn.execute(statement, [*values, *named]).rowcount == 1

    def _named(self, table: str, row: Row) -> str:
        return " ".join(str(row[name]) for name in _KEYS[table])

    def _other(self, value: Any) -> Any:
        """Another value of the same kind."""
        match value:
            case bool():
                return not value
            case int():
                return value + self.chance.choice((-1, 1, 7))
            case Decimal():
                return value + self.chance.choice((Decimal("-0.5"), Decimal(1)))
            case UUID():
                return UUID(int=value.int ^ 1 << self.chance.randrange(128))
            case str():
                return self._other_text(value)
            case bytes():
                return bytes([*value, 0])
            case dict():
                return self._other_document(value)
            case datetime():
                return value.replace(year=value.year + 1)
            case _:
                raise NotAnEdit

    def _other_text(self, text: str) -> str:
        if not text:
            return "x"
        at = self.chance.randrange(len(text))
        return f"{text[:at]}{chr(ord(text[at]) ^ 1)}{text[at + 1 :]}"

    def _other_document(self, document: Row) -> Row:
        """The same with one other leaf, or one more."""
        changed = json.loads(json.dumps(document))
        node: Any = changed
        while True:
            key = self.chance.choice(sorted(node) if isinstance(node, dict) else range(len(node)))
            if not isinstance(node[key], dict | list) or not node[key]:
                break
            node = node[key]
        there = node[key]
        node[key] = "tampered" if there is None or there in ([], {}) else self._other(there)
        return changed
