"""The hash tree of RFC 6962 section 2.1, and proofs that need only a few of its hashes.

A leaf is SHA-256(0x00 || entry), an inner node SHA-256(0x01 || left || right). A tree of n leaves
is split after the largest power of two below n. Leaves are counted from 0; a hash has 32 bytes.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

HASH_BYTES: Final = 32

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

# To copy a hash that has taken the first byte is quicker than to put it before every entry.
_leaf = hashlib.sha256(b"\x00").copy
_node = hashlib.sha256(b"\x01").copy


class Subtree(NamedTuple):
    """A complete subtree: 2**level leaves, from the leaf number * 2**level on."""

    level: int
    number: int


class Span(NamedTuple):
    """Leaves from `start` up to, not including, `end`, as the tree is split into."""

    start: int
    end: int


HashOf = Callable[[Subtree], bytes]
"""Where the hashes of complete subtrees come from."""


def leaf_hash(entry: bytes) -> bytes:
    """The leaf of an entry."""
    hashed = _leaf()
    hashed.update(entry)
    return hashed.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """The leaves of many entries."""
    leaves: list[bytes] = []
    for entry in entries:
        hashed = _leaf()
        hashed.update(entry)
        leaves.append(hashed.digest())
    return leaves


def node_hash(left: bytes, right: bytes) -> bytes:
    """The inner node over two hashes."""
    hashed = _node()
    hashed.update(left + right)
    return hashed.digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of a tree."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def hashes_over(leaves: Sequence[bytes]) -> HashOf:
    """The complete subtrees of some leaves, each inner node hashed once."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append(_parents(below[: len(below) & ~1]))
    return lambda of: levels[of.level][of.number]


def complete_subtrees(span: Span) -> list[Subtree]:
    """The fewest complete subtrees that make up a span, from left to right."""
    found: list[Subtree] = []
    start = span.start
    while start < span.end:
        level = (span.end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append(Subtree(level, start >> level))
        start += 1 << level
    return found


def span_hash(span: Span, hash_of: HashOf) -> bytes:
    """The hash of a span that a tree is split into, or of a whole tree."""
    if span.start == span.end:
        return EMPTY_ROOT
    hashes = [hash_of(subtree) for subtree in complete_subtrees(span)]
    joined = hashes.pop()
    while hashes:
        joined = node_hash(hashes.pop(), joined)
    return joined


def inclusion_spans(index: int, size: int) -> list[Span]:
    """The spans whose hashes prove a leaf, in the order of the proof: from the leaf up.

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    spans: list[Span] = []
    start, end = 0, size
    while end - start > 1:
        middle = _split(start, end)
        if index < middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(first: int, size: int) -> list[Span]:
    """The spans whose hashes prove that a tree begins with the first leaves of another.

    Raises ValueError unless 0 < first <= size.
    """
    if not 0 < first <= size:
        raise ValueError(f"a tree of {size} leaves cannot extend one of {first}")
    spans: list[Span] = []
    start, end = 0, size
    while first < end:
        middle = _split(start, end)
        if first <= middle:
            spans.append(Span(middle, end))
            end = middle
        else:
            spans.append(Span(start, middle))
            start = middle
    if start:
        spans.append(Span(start, end))
    return spans[::-1]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The hashes that prove a leaf to be in a tree. Raises ValueError when it has none such."""
    hash_of = hashes_over(leaves)
    return [span_hash(span, hash_of) for span in inclusion_spans(index, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The hashes that prove a tree to begin with its own first leaves. Raises ValueError."""
    hash_of = hashes_over(leaves)
    return [span_hash(span, hash_of) for span in consistency_spans(first, len(leaves))]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows that a tree of this size and root has the leaf at an index."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    first: int, size: int, proof: Sequence[bytes], first_root: bytes, root: bytes
) -> bool:
    """Whether a proof shows that the tree of `size` begins with that of `first` leaves."""
    if not 0 < first <= size:
        return False
    if first == size:
        return not proof and first_root == root
    hashes = list(proof) if first & (first - 1) else [first_root, *proof]
    if not hashes:
        return False
    at, last = first - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and before == first_root and after == root


class GrowingTree:
    """A tree that only its last few hashes are kept of: the root after any number of leaves."""

    def __init__(self) -> None:
        self.size = 0
        self._complete: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Add the next leaf."""
        found, full = leaf, self.size
        while full & 1:
            found = node_hash(self._complete.pop(), found)
            full >>= 1
        self._complete.append(found)
        self.size += 1

    def root(self) -> bytes:
        """The root as it is now."""
        if not self._complete:
            return EMPTY_ROOT
        *left, joined = self._complete
        while left:
            joined = node_hash(left.pop(), joined)
        return joined


def _split(start: int, end: int) -> int:
    """Where the tree over a span is split."""
    return start + (1 << ((end - start - 1).bit_length() - 1))


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """The level above; a last hash without a neighbour goes up as it is."""
    above: list[bytes] = []
    hashes = iter(level)
    for left, right in zip(hashes, hashes, strict=False):
        hashed = _node()
        hashed.update(left + right)
        above.append(hashed.digest())
    if len(level) % 2:
        above.append(level[-1])
    return above
