"""`expand[]`: put whole objects where an answer has their ids (contract §2, expand).

Each concept registers what can be expanded in its objects, by object type and path inside it. A
path is walked breadth first, so that a page of a hundred invoices loads its customers at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from api.http.errors import ApiError
from api.http.wire_types import MAX_EXPAND_DEPTH, shown

JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reference:
    """A field that holds an id, or a list of ids; `load` gives the objects of many ids, by id.

    An id that `load` does not give stays as it is. `to` names the type of the objects, so that a
    path through the field can be judged before there is anything in it.
    """

    load: Callable[[Sequence[str]], Mapping[str, JsonObject]]
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Hidden:
    """A field that appears only when it is expanded; `load` makes it from the object it is of."""

    load: Callable[[JsonObject], Any]


Expansions: TypeAlias = Mapping[tuple[str, str], Reference | Hidden]
"""What can be expanded: `("invoice", "customer")`, `("price", "tiers")`,
`("invoice", "parent.subscription_details.subscription")`."""


_Slot: TypeAlias = tuple[Any, Any]
"""A map or list, and the key or index in it where an id stands."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Somewhere in an answer: a map, the object it lies in, and the path from that object to it."""

    value: JsonObject
    owner: JsonObject
    inside: str = ""

    def path_to(self, name: str) -> str:
        return f"{self.inside}.{name}" if self.inside else name


def expand(answer: JsonObject, paths: Sequence[str], expansions: Expansions) -> JsonObject:
    """Expand the paths in an answer, which is changed in place and returned.

    A path into an empty list is accepted, as there is nothing to judge it by. Raises `ApiError` 400
    with `expand[i]` in `param` for a path that does not exist or leads to nothing expandable.
    """
    for index, path in enumerate(paths):
        names = path.split(".")
        if len(names) > MAX_EXPAND_DEPTH:
            raise _refusal(path, index)
        places = [_Place(answer, answer)]
        for at, name in enumerate(names):
            reached = _step(places, name, expansions, is_last=at == len(names) - 1)
            if reached is None:
                raise _refusal(path, index)
            places = reached
    return answer


def check_before(paths: Sequence[str], object_type: str, expansions: Expansions) -> None:
    """Refuse what cannot be expanded in an object, before a request leads to anything.

    A path through a list cannot be judged without the object. Raises `ApiError` 400 as `expand`
    does.
    """
    for index, path in enumerate(paths):
        if _leads_nowhere(path.split("."), object_type, expansions):
            raise _refusal(path, index)


def _leads_nowhere(names: list[str], object_type: str, expansions: Expansions) -> bool:
    inside = ""
    for name in names[:-1]:
        inside = f"{inside}.{name}" if inside else name
        expansion = expansions.get((object_type, inside))
        if isinstance(expansion, Reference) and expansion.to is not None:
            object_type, inside = expansion.to, ""
        elif not _is_way(object_type, inside, expansions):
            return False
    last = f"{inside}.{names[-1]}" if inside else names[-1]
    return (object_type, last) not in expansions


def _is_way(object_type: str, inside: str, expansions: Expansions) -> bool:
    """Whether something further inside can be expanded."""
    return any(kind == object_type and place.startswith(f"{inside}.") for kind, place in expansions)


def _step(
    places: list[_Place], name: str, expansions: Expansions, *, is_last: bool
) -> list[_Place] | None:
    """Follow one name from every place, loading what is there by id; None if it cannot be."""
    if places and _is_page(places[0].value):
        if name != "data" or is_last:
            return None
        return [_Place(item, item) for place in places for item in place.value["data"]]
    expandable = True
    wanted: dict[int, tuple[Reference, list[_Slot]]] = {}
    for place in places:
        expansion = expansions.get((str(place.owner.get("object")), place.path_to(name)))
        if expansion is None:
            expandable = expandable and not is_last and _is_passage(place.value, name)
        elif isinstance(expansion, Hidden):
            if name not in place.value:
                place.value[name] = expansion.load(place.owner)
        else:
            wanted.setdefault(id(expansion), (expansion, []))[1].extend(_ids_at(place, name))
    if not expandable:
        return None
    for reference, slots in wanted.values():
        _load(reference, slots)
    return list(_places_at(places, name, is_last=is_last))


def _ids_at(place: _Place, name: str) -> Iterator[_Slot]:
    """Where the ids of a field stand: in the field itself, or one by one in its list."""
    value: object = place.value.get(name)
    if isinstance(value, str):
        yield place.value, name
    elif isinstance(value, list | tuple):
        ids = place.value[name] = list(cast("Sequence[object]", value))
        yield from ((ids, i) for i, one in enumerate(ids) if isinstance(one, str))


def _load(reference: Reference, slots: Sequence[_Slot]) -> None:
    loaded = reference.load(list(dict.fromkeys(holder[key] for holder, key in slots)))
    for holder, key in slots:
        found = loaded.get(holder[key])
        if found is not None:
            holder[key] = dict(found)


def _places_at(places: list[_Place], name: str, *, is_last: bool) -> Iterable[_Place]:
    if is_last:
        return
    for place in places:
        for value in _maps_in(place.value.get(name)):
            if "object" in value:
                yield _Place(value, value)
            else:
                yield _Place(value, place.owner, place.path_to(name))


def _maps_in(value: object) -> Iterator[JsonObject]:
    values = cast("Sequence[object]", value) if isinstance(value, list | tuple) else [value]
    yield from (cast("JsonObject", one) for one in values if isinstance(one, dict))


def _is_passage(value: JsonObject, name: str) -> bool:
    if name not in value:
        return False
    inside: object = value[name]
    if isinstance(inside, list | tuple):
        return all(isinstance(one, dict) for one in cast("Sequence[object]", inside))
    return isinstance(inside, dict | None)


_PAGE_TYPES: Final = frozenset({"list", "search_result"})


def _is_page(value: JsonObject) -> bool:
    return value.get("object") in _PAGE_TYPES


def _refusal(path: str, index: int) -> ApiError:
    return ApiError(f"This property cannot be expanded ({shown(path)}).", param=f"expand[{index}]")
