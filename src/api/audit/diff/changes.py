"""Which fields differ between two JSON documents."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeGuard, cast

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A field by its path, `lines.data[il_1].amount`, with what it was and what it is.

    What is absent on one side is None there; `kind` tells it from a null.
    """

    path: str
    kind: Literal["added", "removed", "changed"]
    before: Any
    after: Any


def changes(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every field that differs, in the order of the documents.

    Members of lists that have ids are compared by these, wherever they stand; those without by
    their places.
    """
    if before is _ABSENT or after is _ABSENT or not _comparable(before, after):
        yield from _whole(before, after, path)
    elif isinstance(before, dict):
        yield from _members(cast("dict[str, Any]", before), after, path, ".{}")
    else:
        yield from _of_lists(before, after, path)


def _comparable(before: Any, after: Any) -> bool:
    return any(isinstance(before, kind) and isinstance(after, kind) for kind in (dict, list))


def _whole(before: Any, after: Any, path: str) -> Iterator[Change]:
    if before is _ABSENT:
        yield Change(path, "added", None, after)
    elif after is _ABSENT:
        yield Change(path, "removed", before, None)
    elif before != after or type(before) is not type(after):
        yield Change(path, "changed", before, after)


def _members(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str, step: str
) -> Iterator[Change]:
    for name in dict.fromkeys([*before, *after]):
        inside = f"{path}{step.format(name)}".removeprefix(".")
        yield from changes(before.get(name, _ABSENT), after.get(name, _ABSENT), inside)


def _of_lists(before: Sequence[Any], after: Sequence[Any], path: str) -> Iterator[Change]:
    if _have_ids(before) and _have_ids(after):
        yield from _members(_by_id(before), _by_id(after), path, "[{}]")
    else:
        yield from _members(_by_place(before), _by_place(after), path, "[{}]")


def _have_ids(members: Sequence[Any]) -> TypeGuard[Sequence[dict[str, Any]]]:
    ids = [cast("dict[str, Any]", m).get("id") for m in members if isinstance(m, dict)]
    return len(set(map(str, ids))) == len(members) and None not in ids


def _by_id(members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {str(member["id"]): member for member in members}


def _by_place(members: Sequence[Any]) -> dict[str, Any]:
    return {str(place): member for place, member in enumerate(members)}
