"""Read models as they stood at a position, folded in memory from the log."""

from collections.abc import Callable, Collection
from typing import Any, Protocol, TypeVar

import msgspec

from ledger.kernel.errors import NotFound
from projections.runtime.log import Log
from projections.runtime.projection import Projection
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


class PastLookup:
    """Rows of one ledger as of a position. Usage rows are not among them."""

    def __init__(
        self, log: Log, projection_of: Callable[[Table[Any]], Projection], position: int
    ) -> None:
        self._log = log
        self._projection_of = projection_of
        self.position = position
        self._folded: dict[str, MemoryRows] = {}

    def get(self, table: Table[R], *key: Any) -> R | None:
        return self._rows(self._projection_of(table)).get(table, *key)

    def require(self, table: Table[R], what: str, row_id: str, *, param: str | None = None) -> R:
        row = self.get(table, row_id)
        if row is None:
            raise NotFound(what, row_id, param=param)
        return row

    def many(self, table: Table[R], row_ids: Collection[str]) -> dict[str, R]:
        found = {row_id: self.get(table, row_id) for row_id in row_ids}
        return {row_id: row for row_id, row in found.items() if row is not None}

    def _rows(self, projection: Projection) -> MemoryRows:
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
