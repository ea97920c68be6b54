"""Free text that someone writes about a customer's things: where events hold it.

A field of an event, or of a part of one, that has such a type is stored sealed under the key of
the customer whom the event is about, and reads as None or {} once that key is destroyed.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

MARK: Final = "personal"
"""What the JSON schema of such a field says beside its type."""

_EACH: Final = "*"
_MANY: Final = (tuple, list)
_EITHER: Final = (Union, UnionType)


class Personal:
    """Marks the type of a field that is stored sealed."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(core_schema) | {MARK: True}


PersonalText: TypeAlias = Annotated[str | None, Personal()]
PersonalMetadata: TypeAlias = Annotated[dict[str, str], Personal()]

Path: TypeAlias = tuple[str, ...]
"""Names of fields from the event inwards, `*` for each of many."""


class Text(NamedTuple):
    """What one field held: its names and numbers in lists from the payload inwards, its value."""

    place: list[str | int]
    value: Any


@cache
def personal_paths(event: type[Any]) -> tuple[Path, ...]:
    """The fields of a class of events that are stored sealed, at any depth."""
    return tuple(_paths(event)) if issubclass(event, BaseModel) else ()


def _paths(model: type[BaseModel]) -> Iterator[Path]:
    for name, field in model.model_fields.items():
        if any(isinstance(mark, Personal) for mark in field.metadata):
            yield (name,)
        else:
            yield from ((name, *path) for path in _paths_of_type(field.annotation))


def _paths_of_type(kind: Any) -> Iterator[Path]:
    origin = get_origin(kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield from _paths(kind)
    elif origin in _MANY:
        yield from ((_EACH, *path) for path in _paths_of_type(get_args(kind)[0]))
    elif origin in _EITHER:
        for choice in get_args(kind):
            yield from _paths_of_type(choice)


def take_texts(payload: dict[str, Any], paths: Sequence[Path]) -> list[Text]:
    """Take the texts out of a JSON payload, which keeps None or {} in their places."""
    return [text for path in paths for text in _taken(payload, path, [])]


def _taken(within: Any, path: Path, place: list[str | int]) -> Iterator[Text]:
    name, *inner = path
    if name == _EACH:
        for index, one in enumerate(within):
            yield from _taken(one, tuple(inner), [*place, index])
        return
    value = within[name]
    blank: dict[str, Any] | None = {} if isinstance(value, dict) else None
    if inner:
        yield from _taken(value, tuple(inner), [*place, name]) if value else ()
    elif value != blank:
        within[name] = blank
        yield Text([*place, name], value)


def put_texts(payload: dict[str, Any], texts: Sequence[tuple[Sequence[str | int], Any]]) -> None:
    """Put texts back where they were taken from."""
    for place, value in texts:
        within: Any = payload
        for step in place[:-1]:
            within = within[step]
        within[place[-1]] = value
