"""Where between two positions a thing came to differ, and by which fields."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from api.audit.diff.changes import changes

_KEPT: Final = 256
"""Answers that are held at once: those that the next steps are compared with are among them."""


class Step(NamedTuple):
    """A part of the log, after one position and through another, that changed these fields."""

    after: int
    through: int
    changed: tuple[str, ...]


class Steps:
    """Looks for the steps by halves: what is equal at both ends is not looked into, so that a
    change taken back in there is none."""

    def __init__(self, shown: Callable[[int], Any], differing: Sequence[str]) -> None:
        """`shown` gives the document as of a position; `differing` are the fields of interest."""
        self._shown = lru_cache(_KEPT)(shown)
        self._differing = differing

    def between(self, positions: Iterable[int], *, beyond: int) -> Iterator[Step]:
        """The steps from each of these positions to the next, in order: those that end after
        `beyond`, which are the same whatever that is."""
        places = sorted({*positions})
        if self._differing and len(places) > 1:
            yield from self._within(places, beyond)

    def _within(self, places: Sequence[int], beyond: int) -> Iterator[Step]:
        first, last = places[0], places[-1]
        if last <= beyond:
            return
        changed = self._changed(first, last)
        if not changed:
            return
        if len(places) == 2:
            yield Step(first, last, changed)
            return
        middle = len(places) // 2
        yield from self._within(places[: middle + 1], beyond)
        yield from self._within(places[middle:], beyond)

    def _changed(self, first: int, last: int) -> tuple[str, ...]:
        moved = [one.path for one in changes(self._shown(first), self._shown(last))]
        return tuple(
            path for path in self._differing if any(_concerns(path, other) for other in moved)
        )


def _concerns(path: str, other: str) -> bool:
    """Whether one of two fields is the other, or is a part of it."""
    inner, outer = (path, other) if len(path) > len(other) else (other, path)
    return inner == outer or not outer or inner.startswith((f"{outer}.", f"{outer}["))
