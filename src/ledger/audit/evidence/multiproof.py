"""One proof for many leaves of a tree: the hashes that they share are in it once.

The proof is the roots of the largest subtrees without a known leaf, from left to right. Whoever
knows the leaves, their indexes and the size of the tree rebuilds its root from them.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ledger.audit.merkle.tree import HashOf, Span, span_hash


def unknown_spans(indexes: Sequence[int], size: int) -> Iterator[Span]:
    """What a proof of leaves has to stand for, from left to right.

    `indexes` ascend. Raises ValueError for none at all, and for one outside of the tree.
    """
    if not indexes or indexes[0] < 0 or indexes[-1] >= size:
        raise ValueError(f"a tree of {size} leaves has not all of these")
    yield from _within(indexes, Span(0, size), 0, len(indexes))


def multiproof(indexes: Sequence[int], size: int, hash_of: HashOf) -> list[bytes]:
    """The hashes that prove some leaves of a tree together. Raises ValueError as above."""
    return [span_hash(span, hash_of) for span in unknown_spans(indexes, size)]


def _within(indexes: Sequence[int], span: Span, first: int, last: int) -> Iterator[Span]:
    """The same within a span, of the indexes from place `first` up to `last`."""
    if first == last:
        yield span
        return
    length = span.end - span.start
    if length == 1:
        return
    middle = span.start + (1 << ((length - 1).bit_length() - 1))
    cut = bisect_left(indexes, middle, first, last)
    yield from _within(indexes, Span(span.start, middle), first, cut)
    yield from _within(indexes, Span(middle, span.end), cut, last)
