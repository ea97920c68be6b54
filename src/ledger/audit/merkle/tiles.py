"""The hashes of a tree that are kept, in tiles of 256, as C2SP's tlog-tiles lays them out.

Tile n of level 0 holds the leaves from 256 n on, one of a level above the roots over the full tiles
of the level below. A full tile never changes. Every other hash is computed when it is asked for,
from hashes of one tile.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ledger.audit.merkle.tree import (
    HASH_BYTES,
    HashOf,
    Span,
    Subtree,
    complete_subtrees,
    root_of,
)

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
_FULL_BYTES: Final = WIDTH * HASH_BYTES


class TileId(NamedTuple):
    """The place of a tile."""

    level: int
    number: int


class MissingHashes(LookupError):
    """Tiles do not hold what they should hold of a tree."""


def grow(
    size: int, leaves: Sequence[bytes], tile: Callable[[TileId], bytes]
) -> Iterator[tuple[TileId, bytes]]:
    """The tiles that change when a tree of some size gets more leaves, as they are then.

    `tile` gives what one holds before. Raises MissingHashes where that is not what it should hold.
    """
    level, held, added = 0, size, leaves
    while added:
        first, width = divmod(held, WIDTH)
        before = tile(TileId(level, first)) if width else b""
        if len(before) != width * HASH_BYTES:
            raise MissingHashes(f"tile {level}/{first} holds {len(before)} bytes")
        hashes = before + b"".join(added)
        full: list[bytes] = []
        for n, at in enumerate(range(0, len(hashes), _FULL_BYTES)):
            held_now = hashes[at : at + _FULL_BYTES]
            yield TileId(level, first + n), held_now
            if len(held_now) == _FULL_BYTES:
                full.append(root_of(hashes_in(held_now)))
        level, held, added = level + 1, first, full


def tiles_for(spans: Iterable[Span]) -> list[TileId]:
    """The tiles that the hashes of spans are computed from."""
    subtrees = (subtree for span in spans for subtree in complete_subtrees(span))
    return sorted({_place(subtree)[0] for subtree in subtrees})


def hashes_from(tiles: Mapping[TileId, bytes]) -> HashOf:
    """The complete subtrees of a tree, from its tiles. It raises MissingHashes."""

    def hash_of(subtree: Subtree) -> bytes:
        tile, start, end = _place(subtree)
        held = hashes_in(tiles.get(tile, b"")[start * HASH_BYTES : end * HASH_BYTES])
        if len(held) != end - start:
            raise MissingHashes(f"tile {tile.level}/{tile.number} is not there or too short")
        return root_of(held)

    return hash_of


def hashes_in(tile: bytes) -> list[bytes]:
    """The hashes that a tile, or part of one, holds."""
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def _place(subtree: Subtree) -> tuple[TileId, int, int]:
    """The tile that a subtree is computed from, and which of its hashes: from, up to."""
    level, within = divmod(subtree.level, HEIGHT)
    number, start = divmod(subtree.number << within, WIDTH)
    return TileId(level, number), start, start + (1 << within)
