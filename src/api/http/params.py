"""Request models: declared once, checked by pydantic, refused in the wire's words (contract §3).

A route declares `class MeterCreate(RequestParams)` with the types of `api.http.wire_types` and
calls `parse(MeterCreate, data)`. Rules across fields belong in a `model_validator(mode="after")`
that raises `ApiError` itself.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar, cast, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from api.http.errors import ApiError
from api.http.forms import as_elements, bracketed
from api.http.wire_types import ExpandParam, shown

_QUOTED: Final = re.compile(r"'([^']*)'")


class Params(BaseModel):
    """A map of fields in a request. Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def given(self, name: str) -> bool:
        """Whether the client sent the field at all, be it to unset it."""
        return name in self.model_fields_set


class RequestParams(Params):
    """The fields of a whole request; every request may ask to expand its answer."""

    expand: ExpandParam = Field(default_factory=list[str])


P = TypeVar("P", bound=Params)


def parse(model: type[P], data: Mapping[str, Any]) -> P:
    """Check decoded request data against its model.

    Raises `ApiError` 400 for the first fault only, unknown fields before all others, since a
    misspelt name usually also explains the field that is missing.
    """
    try:
        return model.model_validate(data)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        raise _as_api_error(first, model, data) from None


def exclusive(params: Params, *names: str) -> None:
    """Refuse a request that gives more than one of these fields."""
    sent = [name for name in names if params.given(name)]
    if len(sent) > 1:
        raise ApiError(
            f"You may only specify one of these parameters: {_listed(sent, 'and')}.",
            code="parameters_exclusive",
            param=sent[1],
        )


def missing(param: str) -> ApiError:
    """The refusal of a request without a field that it needs."""
    return ApiError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def _as_api_error(error: ErrorDetails, model: type[Params], data: Mapping[str, Any]) -> ApiError:
    context = error.get("ctx", {})
    path = [*_path(error, data), *context.get("inside", ())]
    param = bracketed([shown(part) for part in path]) if path else None
    name = param or "the request"
    if error["type"] == "missing":
        return missing(name)
    if error["type"] == "extra_forbidden":
        return _unknown(path, name, model)
    if error["input"] == "":
        return ApiError(
            f"You passed an empty string for '{name}', which asks to unset it, but '{name}' "
            "cannot be unset. Leave it out or give it a value.",
            code="parameter_invalid_empty",
            param=param,
        )
    if error["type"] == "wire":
        message = str(context["message"]).replace("{param}", name)
        return ApiError(message, code=context["code"], param=param)
    describe = _SENTENCES.get(error["type"], _other_fault)
    return ApiError(describe(name, error), param=param)


def _path(error: ErrorDetails, data: Mapping[str, Any]) -> list[str]:
    """The place of an error as the client wrote it.

    Pydantic's own place also names arms of unions, which the data does not have, and counts list
    elements where a form may have written other indices.
    """
    here: object = data
    path: list[str] = []
    for part in error["loc"]:
        entry = _entry(here, part)
        if entry is not None:
            name, here = entry
            path.append(name)
    if error["type"] == "missing":
        path.append(str(error["loc"][-1]))
    return path


def _entry(here: object, part: int | str) -> tuple[str, object] | None:
    if isinstance(part, int):
        keys, elements = as_elements(here) or ([], [])
        return (keys[part], elements[part]) if part < len(keys) else None
    if not isinstance(here, Mapping):
        return None
    fields = cast("Mapping[str, object]", here)
    return (part, fields[part]) if part in fields else None


def _unknown(path: list[str], name: str, model: type[Params]) -> ApiError:
    known = _names_beside(path, model)
    close = difflib.get_close_matches(shown(path[-1]), known, n=1)
    hint = f". Did you mean {close[0]}?" if close else ""
    return ApiError(
        f"Received unknown parameter: {name}{hint}", code="parameter_unknown", param=name
    )


def _names_beside(path: list[str], model: type[Params]) -> list[str]:
    level: list[type[BaseModel]] = [model]
    for part in path[:-1]:
        if not part.isdigit():
            fields = [field for m in level for n, field in _fields(m) if n == part]
            level = [inner for field in fields for inner in _models_in(field.annotation)]
    return [name for m in level for name, _ in _fields(m)]


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field


def _models_in(annotation: Any) -> Iterable[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _listed(names: list[str], last: str) -> str:
    if len(names) < 3:
        return f" {last} ".join(names)
    return f"{', '.join(names[:-1])}, {last} {names[-1]}"


def _choice(name: str, error: ErrorDetails) -> str:
    options = _QUOTED.findall(str(error.get("ctx", {}).get("expected", "")))
    prefix = "must be one of " if len(options) > 1 else "must be "
    return f"Invalid {name}: {prefix}{_listed(options, 'or')}"


def _other_fault(name: str, error: ErrorDetails) -> str:
    return f"Invalid {name}: {error['msg'].removeprefix('Value error, ')}"


def _limit(error: ErrorDetails, which: str) -> object:
    return error.get("ctx", {}).get(which)


_SENTENCES: Final[dict[str, Callable[[str, ErrorDetails], str]]] = {
    "enum": _choice,
    "literal_error": _choice,
    "list_type": lambda name, _: f"Invalid array: {name} must be a list.",
    "model_attributes_type": lambda name, _: f"Invalid object: {name} must be a map of fields.",
    "model_type": lambda name, _: f"Invalid object: {name} must be a map of fields.",
    "string_too_long": lambda name, e: (
        f"Invalid {name}: must be at most {_limit(e, 'max_length')} characters."
    ),
    "string_type": lambda _, e: f"Invalid string: {shown(e['input'])}",
    "too_long": lambda name, e: f"Invalid {name}: at most {_limit(e, 'max_length')} are allowed.",
    "too_short": lambda name, e: f"Invalid {name}: at least {_limit(e, 'min_length')} are needed.",
}
