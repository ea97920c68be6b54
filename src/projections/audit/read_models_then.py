"""Rows that answers as of an earlier position are made from, against the log folded up to there.

The read models of then are gone. What an answer of the past takes instead is checked: rows that
are folded from the few streams that they rest on and, of rows that never change, those of now that
were there.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

import msgspec

from ledger.audit.ledger_check.identities import Identity
from projections.audit.read_models import COMPARED, FoldedRows, Snapshot, require_same
from projections.audit.streams_behind import STREAMS_BEHIND
from projections.runtime.as_of import PastLookup
from projections.runtime.tables import Table

_BATCH: Final = 500
"""Rows whose streams are held at once."""

Looking = Callable[[], PastLookup]
"""Makes a lookup as of the position, which knows nothing yet."""


def compare_then(folded: FoldedRows, there: Snapshot, position: int, looking: Looking) -> Identity:
    """Every row of the past that can be asked for, with what it should be."""
    for projection in COMPARED:
        for table in projection.tables:
            expected = {table.key_of(row): row for row in folded.rows.all(table)}
            if table.name in STREAMS_BEHIND:
                _compare_lookups(folded.identity, table, expected, there, looking)
            elif "sequence" in table.types:
                _compare_kept(folded.identity, table, expected, there, position)
    return folded.identity


def _compare_lookups(
    identity: Identity,
    table: Table[Any],
    expected: dict[tuple[Any, ...], msgspec.Struct],
    there: Snapshot,
    looking: Looking,
) -> None:
    """Those of now as well, which may not have been there then."""
    keys = iter(dict.fromkeys([*expected, *(table.key_of(row) for row in there.rows(table))]))
    while some := list(islice(keys, _BATCH)):
        lookup = looking()
        for key in some:
            require_same(identity, table, key, expected.get(key), lookup.get(table, *key))


def _compare_kept(
    identity: Identity,
    table: Table[Any],
    expected: dict[tuple[Any, ...], msgspec.Struct],
    there: Snapshot,
    position: int,
) -> None:
    kept = {table.key_of(row): row for row in _by_then(there.rows(table), position)}
    for key in dict.fromkeys([*expected, *kept]):
        require_same(identity, table, key, expected.get(key), kept.get(key))


def _by_then(rows: Iterable[msgspec.Struct], position: int) -> Iterable[msgspec.Struct]:
    return (row for row in rows if getattr(row, "sequence") <= position)  # noqa: B009
