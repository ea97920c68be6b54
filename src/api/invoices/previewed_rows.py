"""Rows as they would be after what a preview decided: prices that it made."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from api.http.call import View
from ledger.kernel.errors import NotFound
from ledger.kernel.events import RecordedEvent
from projections.prices.projection import PricesProjection
from projections.runtime.as_of import Lookup
from projections.runtime.rows import MemoryRows
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)


class PreviewedRows(MemoryRows):
    """Rows in memory over those that are there."""

    def __init__(self, there: Lookup) -> None:
        super().__init__()
        self._there = there

    def get(self, table: Table[R], *key: Any) -> R | None:
        return super().get(table, *key) or self._there.get(table, *key)

    def require(self, table: Table[R], what: str, row_id: str, *, param: str | None = None) -> R:
        """Raises NotFound."""
        row = self.get(table, row_id)
        if row is None:
            raise NotFound(what, row_id, param=param)
        return row

    def many(self, table: Table[R], row_ids: Collection[str]) -> dict[str, R]:
        found = {row_id: super(PreviewedRows, self).get(table, row_id) for row_id in row_ids}
        own = {row_id: row for row_id, row in found.items() if row is not None}
        return own | self._there.many(table, [one for one in row_ids if one not in own])


def with_previewed(view: View, decided: Iterable[RecordedEvent]) -> View:
    """The view in which what was decided, and is recorded nowhere, is so."""
    rows, prices = PreviewedRows(view.rows), PricesProjection()
    for recorded in decided:
        prices.apply(recorded, rows)
    return replace(view, rows=rows)
