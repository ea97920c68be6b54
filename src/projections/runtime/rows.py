"""The rows that a projection reads and changes while it applies events."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from projections.runtime.copying import PackedRows
from projections.runtime.log import Log
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)

_ByKey = dict[tuple[Any, ...], msgspec.Struct]


class Within(NamedTuple):
    """Values of a column from `start` up to, not including, `end`."""

    column: str
    start: int
    end: int


class Spans(NamedTuple):
    """Many times one value of the column `equal`, and values of another column from one number up
    to, not including, a second one."""

    equal: str
    column: str
    spans: Sequence[tuple[Any, int, int]]


class Rows(Protocol):
    """Read, put and delete rows by key. Nothing else is known to a projection, but for the log up
    to the event that it applies, where `log` is not None."""

    @property
    def log(self) -> Log | None: ...

    @property
    def memory(self) -> dict[str, Any] | None:
        """What projections may keep from page to page of a ledger while a table of theirs cannot be
        read, None otherwise. It may be empty at any page: a table that is read all the same can be
        from then on."""
        ...

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

    def merge_returning(
        self, table: Table[R], rows: Iterable[R], *columns: str
    ) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        """Merge rows at once; what some columns hold then, by the key of the row."""
        ...

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
        """The first rows, at most `most` of them, by `order`, greatest or least first: of those
        within bounds and equal to `equal`. It looks at every row there: for rare use."""
        ...

    def spans(
        self, table: Table[Any], columns: tuple[str, ...], within: Spans
    ) -> list[tuple[Any, ...]]:
        """What some columns hold in the rows of several spans, after the index of the span."""
        ...


class MemoryRows:
    """Rows in memory: for a past state, and for tests of a projection alone."""

    memory: dict[str, Any] | None = None

    def __init__(self, log: Log | None = None) -> None:
        self.log = log
        self._rows: defaultdict[str, _ByKey] = defaultdict(dict)

    def get(self, table: Table[R], *key: Any) -> R | None:
        row = self._rows[table.name].get(key)
        return row if isinstance(row, table.row) else None

    def put(self, table: Table[R], row: R) -> None:
        self._rows[table.name][table.key_of(row)] = row

    def delete(self, table: Table[Any], *key: Any) -> None:
        self._rows[table.name].pop(key, None)

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

    def merge_returning(
        self, table: Table[R], rows: Iterable[R], *columns: str
    ) -> dict[tuple[Any, ...], tuple[Any, ...]]:
        merged = list(rows)
        self.merge_many(table, merged)
        keys = dict.fromkeys(table.key_of(row) for row in merged)
        return {
            key: tuple(getattr(row, name) for name in columns)
            for key in keys
            if (row := self.get(table, *key)) is not None
        }

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
        found = [
            row
            for row in self.each(table)
            if within.start <= getattr(row, within.column) < within.end
            and all(getattr(row, name) == value for name, value in equal.items())
        ]
        found.sort(key=lambda row: tuple(getattr(row, name) for name in order), reverse=not least)
        return found[:most]

    def spans(
        self, table: Table[Any], columns: tuple[str, ...], within: Spans
    ) -> list[tuple[Any, ...]]:
        found: defaultdict[Any, list[Any]] = defaultdict(list)
        for row in self.each(table):
            found[getattr(row, within.equal)].append(row)
        return [
            (n, *(getattr(row, name) for name in columns))
            for n, (value, start, end) in enumerate(within.spans)
            for row in found.get(value, ())
            if start <= getattr(row, within.column) < end
        ]

    def all(self, table: Table[R]) -> list[R]:
        """Every row of a table, by key."""
        found = self._rows[table.name]
        return [row for key in sorted(found) if isinstance(row := found[key], table.row)]

    def each(self, table: Table[R]) -> list[R]:
        """The same in any order."""
        return [row for row in self._rows[table.name].values() if isinstance(row, table.row)]
