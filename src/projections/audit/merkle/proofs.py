"""Proofs from the tiles of one ledger: few rows, whatever the length of the log."""

from collections.abc import Iterable
from typing import LiteralString

from ledger.audit.merkle.tiles import TileId, hashes_from, tiles_for
from ledger.audit.merkle.tree import Span, consistency_spans, inclusion_spans, span_hash
from ledger.store.arrays import Int8Array
from projections.audit.merkle.rows import TILES
from projections.runtime.checkpoints import Checkpoints
from projections.runtime.reader import Reader

_SELECT_TILES: LiteralString = f"""
SELECT t.level, t.tile, t.hashes
FROM unnest(%(levels)s::bigint[], %(tiles)s::bigint[]) AS wanted (level, tile)
JOIN {TILES.relation()} AS t
    ON t.ledger_id = %(ledger_id)s AND t.level = wanted.level AND t.tile = wanted.tile
"""


class Tree:
    """The tree of a ledger, as far as its projection has come.

    Methods raise ValueError for leaves and sizes that no proof can be of, and MissingHashes where
    the tiles do not hold what they should.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def wait(self) -> int:
        """Wait until the tree has every event that was there when the reader was made; how many
        there were. Raises Unavailable."""
        self._reader.wait_for(TILES)
        return self._reader.head

    def reached(self) -> int:
        """How many leaves there are by now, without waiting."""
        name = self._reader.projection_of[TILES.name]
        found = Checkpoints(self._reader.datastore, [name]).of_ledger(self._reader.ledger_id)
        return found[name].position

    def root(self, size: int) -> bytes:
        """The root over the first events."""
        return self.hashes([Span(0, size)])[0]

    def inclusion(self, position: int, size: int) -> tuple[bytes, list[bytes]]:
        """The root over the first `size` events, and the proof that the one at a position is among
        them."""
        root, *proof = self.hashes([Span(0, size), *inclusion_spans(position - 1, size)])
        return root, proof

    def consistency(self, first: int, size: int) -> list[bytes]:
        """The proof that the first `size` events begin with the first `first`."""
        return self.hashes(consistency_spans(first, size))

    def hashes(self, spans: list[Span]) -> list[bytes]:
        """The hashes of spans that the tree is split into, in their order."""
        hash_of = hashes_from(self._tiles(tiles_for(spans)))
        return [span_hash(span, hash_of) for span in spans]

    def _tiles(self, wanted: Iterable[TileId]) -> dict[TileId, bytes]:
        places = list(wanted)
        records = self._reader.fetch(
            _SELECT_TILES,
            {
                "levels": Int8Array.of([tile.level for tile in places]),
                "tiles": Int8Array.of([tile.number for tile in places]),
            },
        )
        return {TileId(one["level"], one["tile"]): one["hashes"] for one in records}
