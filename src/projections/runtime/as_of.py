"""Read models as they stood at a position, folded in memory from the log.

A row that rests on few streams is folded from those alone; any other row together with its whole
projection, from every event but usage.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from ledger.kernel.errors import NotFound, NotYet
from ledger.kernel.events import RecordedEvent
from projections.runtime.log import Log
from projections.runtime.projection import Projection
from projections.runtime.reader import Reader
from projections.runtime.rows import MemoryRows
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)

_PAGE_EVENTS = 1000


class Lookup(Protocol):
    """Rows by key, of now or of the past."""

    def get(self, table: Table[R], *key: Any) -> R | None: ...

    def require(
        self, table: Table[R], what: str, row_id: str, *, param: str | None = None
    ) -> R: ...

    def many(self, table: Table[R], row_ids: Collection[str]) -> dict[str, R]: ...


StreamsBehind = Callable[["PastLookup", Any], Collection[str] | None]
"""The streams that the row with a key rests on, its own one first; None where that is not known."""


class PastLookup:
    """Rows of one ledger as of a position. Usage rows are not among them.

    `streams` are those that the rows which were looked up rest on.
    """

    def __init__(
        self,
        log: Log,
        projection_of: Callable[[Table[Any]], Projection],
        position: int,
        behind: Mapping[str, StreamsBehind] | None = None,
        today: Callable[[], Reader] | None = None,
    ) -> None:
        """`behind` says for a table, by name, what its rows rest on, with the help of `today`."""
        self._log = log
        self._projection_of = projection_of
        self._behind = behind or {}
        self._today = today
        self._reader: Reader | None = None
        self._folded: dict[str, MemoryRows] = {}
        self._facts: dict[str, list[RecordedEvent]] = {}
        self._found: dict[tuple[str, tuple[Any, ...]], msgspec.Struct | None] = {}
        self.position = position
        self.streams: set[str] = set()

    @property
    def today(self) -> Reader:
        """The read models of now, which know what belongs together."""
        if self._reader is None:
            if self._today is None:
                raise LookupError("this lookup was given no read models of now")
            self._reader = self._today()
        return self._reader

    def get(self, table: Table[R], *key: Any) -> R | None:
        slot = (table.name, key)
        if slot not in self._found:
            self._found[slot] = self._row(table, key)
        row = self._found[slot]
        return row if isinstance(row, table.row) else None

    def require(self, table: Table[R], what: str, row_id: str, *, param: str | None = None) -> R:
        """Raises NotYet for what was recorded later, NotFound for what is not known at all."""
        row = self.get(table, row_id)
        if row is None:
            first = self._first_recorded(table, row_id)
            if first > self.position:
                raise NotYet(what, row_id, self.position, first, param=param)
            raise NotFound(what, row_id, param=param)
        return row

    def many(self, table: Table[R], row_ids: Collection[str]) -> dict[str, R]:
        found = {row_id: self.get(table, row_id) for row_id in row_ids}
        return {row_id: row for row_id, row in found.items() if row is not None}

    def all(self, table: Table[R]) -> list[R]:
        """Every row of a table, by key: folded from every event but usage."""
        return self._whole(self._projection_of(table)).all(table)

    def facts(self, stream_id: str) -> list[RecordedEvent]:
        """The facts of a stream, those after the position as well."""
        if stream_id not in self._facts:
            self._facts[stream_id] = self._log.stream(stream_id)
        return self._facts[stream_id]

    def _row(self, table: Table[R], key: tuple[Any, ...]) -> R | None:
        projection, streams = self._projection_of(table), self._streams_behind(table, key)
        if streams is None:
            return self._whole(projection).get(table, *key)
        self.streams.update(streams)
        facts = [one for stream in set(streams) for one in self.facts(stream)]
        rows = MemoryRows()
        for recorded in sorted(facts, key=lambda one: one.position):
            if recorded.position <= self.position:
                projection.apply(recorded, rows)
        return rows.get(table, *key)

    def _streams_behind(self, table: Table[Any], key: tuple[Any, ...]) -> Collection[str] | None:
        behind = self._behind.get(table.name)
        return None if behind is None or len(key) != 1 else behind(self, key[0])

    def _first_recorded(self, table: Table[Any], row_id: str) -> int:
        """The first position of the row's own stream, 0 where there is none."""
        streams = self._streams_behind(table, (row_id,))
        facts = self.facts(next(iter(streams))) if streams else []
        return facts[0].position if facts else 0

    def _whole(self, projection: Projection) -> MemoryRows:
        if projection.name not in self._folded:
            self._folded[projection.name] = self._fold(projection)
        return self._folded[projection.name]

    def _fold(self, projection: Projection) -> MemoryRows:
        rows, after = MemoryRows(), 0
        while page := self._log.catalogue_page(after, _PAGE_EVENTS, self.position):
            for recorded in page:
                projection.apply(recorded, rows)
            after = page[-1].position
        return rows
