"""The tiles of a ledger's tree, held against the leaves of the events as they are stored."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final, LiteralString

from ledger.audit.merkle.tiles import HEIGHT, WIDTH, TileId, grow, hashes_from, hashes_in
from ledger.audit.merkle.tree import EMPTY_ROOT, HASH_BYTES, Span, span_hash
from ledger.audit.verifying.findings import TREE, Findings
from ledger.audit.verifying.moment import Moment
from projections.audit.merkle.rows import TILES

_TILE_BYTES: Final = WIDTH * HASH_BYTES
_AT_ONCE: Final = WIDTH * WIDTH

_LEAVES: LiteralString = f"""
SELECT tile, hashes FROM {TILES.relation()}
WHERE ledger_id = %(ledger)s AND level = 0 AND tile >= %(first)s AND tile < %(past)s
"""
_UPPER: LiteralString = f"""
SELECT level, tile, hashes FROM {TILES.relation()} WHERE ledger_id = %(ledger)s AND level <> 0
"""
_OUTSIDE: LiteralString = f"""
SELECT tile FROM {TILES.relation()}
WHERE ledger_id = %(ledger)s AND level = 0 AND (tile < 0 OR tile >= %(past)s)
ORDER BY tile LIMIT 20
"""


class _Computed(Mapping[TileId, bytes]):
    """Tiles as they have to be: of leaves given one after another, and those above."""

    def __init__(self, leaves: bytes) -> None:
        self.leaves = leaves
        self.upper: dict[TileId, bytes] = {}

    def __getitem__(self, tile: TileId) -> bytes:
        if tile.level:
            return self.upper[tile]
        return self.leaves[tile.number * _TILE_BYTES : (tile.number + 1) * _TILE_BYTES]

    def __iter__(self) -> Iterator[TileId]:
        return iter(self.upper)

    def __len__(self) -> int:
        return len(self.upper)


class LeafTree:
    """The tree over the leaves of a log."""

    def __init__(self, leaves: bytes) -> None:
        self._tiles = _Computed(leaves)
        self.size = len(leaves) // HASH_BYTES
        for first in range(0, self.size, _AT_ONCE):
            some = hashes_in(leaves[first * HASH_BYTES : (first + _AT_ONCE) * HASH_BYTES])
            for tile, hashes in grow(first, some, lambda one: self._tiles.get(one, b"")):
                if tile.level:
                    self._tiles.upper[tile] = hashes

    def root(self, size: int) -> bytes:
        """The root over the first leaves. Raises LookupError for more than there are."""
        if size > self.size:
            raise LookupError(f"the tree has {self.size} leaves, not {size}")
        return span_hash(Span(0, size), hashes_from(self._tiles)) if size else EMPTY_ROOT

    def check(self, moment: Moment, ledger_id: int, findings: Findings) -> None:
        """Hold every tile that is kept against those of this tree.

        Where a leaf is wrong, so are the hashes above it: only the leaf is named.
        """
        wrong: list[int] = []
        for first in range(0, self.size, _AT_ONCE):
            wrong += self._check_leaves(moment, ledger_id, first // WIDTH, findings)
        past = -(-self.size // WIDTH)
        for (number,) in moment.rows(_OUTSIDE, ledger=ledger_id, past=past):
            findings.add(TREE, "it holds leaves beyond the log", self.size + 1, f"0/{number}")
        self._check_upper(moment, ledger_id, wrong, findings)

    def _check_leaves(
        self, moment: Moment, ledger_id: int, first: int, findings: Findings
    ) -> list[int]:
        """The leaves of some tiles; the first that is wrong of each tile."""
        past = min(first + WIDTH, -(-self.size // WIDTH))
        held = dict(moment.rows(_LEAVES, ledger=ledger_id, first=first, past=past))
        wrong: list[int] = []
        for number in range(first, past):
            at = _differs(self._tiles[TileId(0, number)], held.get(number))
            if at is not None:
                leaf = number * WIDTH + at
                wrong.append(leaf)
                findings.add(TREE, "the event is not the one in the tree", leaf + 1, f"0/{number}")
        return wrong

    def _check_upper(
        self, moment: Moment, ledger_id: int, wrong: list[int], findings: Findings
    ) -> None:
        left = dict(self._tiles.upper)
        for level, number, hashes in moment.rows(_UPPER, ledger=ledger_id):
            due = left.pop(TileId(level, number), b"")
            _name_upper(TileId(level, number), due, hashes, wrong, findings)
        for tile, due in left.items():
            _name_upper(tile, due, None, wrong, findings)


def _name_upper(
    tile: TileId, due: bytes, held: bytes | None, wrong: list[int], findings: Findings
) -> None:
    """Name a hash that is wrong, unless it is for a leaf under it."""
    key = f"{tile.level}/{tile.number}"
    if not due:
        findings.add(TREE, "there is no such tile", None, key)
        return
    for n, hash_due in enumerate(hashes_in(due)):
        there = (held or b"")[n * HASH_BYTES : (n + 1) * HASH_BYTES]
        width = 1 << (HEIGHT * tile.level)
        first = (tile.number * WIDTH + n) * width
        below = bisect_left(wrong, first)
        follows = below < len(wrong) and wrong[below] < first + width
        if there != hash_due and not follows:
            findings.add(TREE, "a hash is not that of what is under it", first + 1, key)
            return
    if held is not None and len(held) > len(due):
        findings.add(TREE, "it holds more than there is", None, key)


def _differs(due: bytes, held: bytes | None) -> int | None:
    """The index of the first hash that differs."""
    if due == held:
        return None
    held = held or b""
    for n, hash_due in enumerate(hashes_in(due)):
        if held[n * HASH_BYTES : (n + 1) * HASH_BYTES] != hash_due:
            return n
    return len(due) // HASH_BYTES
