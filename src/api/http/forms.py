"""Bracketed form encoding, for bodies and query strings alike (contract §2, Encoding v1).

`items[0][price]=p` becomes `{"items": {"0": {"price": "p"}}}`: indices stay the keys of a map, as
only the request model knows whether a list or a map with such keys (`metadata[7]`) is meant; see
`api.http.wire_types.ArrayOf`. A list index is therefore never an allocation. `expand[]=x` becomes
a list, and `items[][a]=1&items[][b]=2` one element, as in Rack.

Values are strings. An empty one stays `""`, which asks to unset. Of a scalar given twice the last
value counts. `+`, `%20` and a literal space are all a space; brackets may be escaped or not.
"""

import re
from typing import Final, NoReturn, TypeAlias, cast
from urllib.parse import unquote_to_bytes

from api.http.errors import ApiError

FormValue: TypeAlias = "str | dict[str, FormValue] | list[FormValue]"
FormMap: TypeAlias = dict[str, FormValue]

MAX_BODY_BYTES: Final = 256 * 1024
"""Largest request body, in bytes, form or JSON."""
MAX_FIELDS: Final = 1_000
MAX_DEPTH: Final = 8
MAX_NAME_LENGTH: Final = 300

_SHOWN: Final = 80
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decode_form(raw: bytes) -> FormMap:
    """Decode a form body or a query string.

    Raises `ApiError` 413 for too many bytes and 400, naming the field, for all else that is wrong.
    The limits are checked before anything is taken apart, so a hostile body costs one scan.
    """
    if not raw:
        return {}
    if len(raw) > MAX_BODY_BYTES:
        raise ApiError(
            f"The request is too large: at most {MAX_BODY_BYTES} bytes are accepted.", status=413
        )
    if raw.count(b"&") >= MAX_FIELDS:
        raise ApiError(f"Too many parameters: at most {MAX_FIELDS} are accepted.")
    root: FormMap = {}
    for piece in _text(raw).replace("+", " ").split("&"):
        if not piece:
            continue
        escaped_name, _, value = piece.partition("=")
        name = _unescaped(escaped_name, escaped_name)
        _insert(root, name, _path(name), _unescaped(value, name))
    return root


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        start = raw.rfind(b"&", 0, error.start) + 1
        name = raw[start:].partition(b"=")[0].partition(b"&")[0]
        _refuse_text(name.decode("ascii", "replace"), "is not valid UTF-8")


def _unescaped(text: str, name: str) -> str:
    if "%" in text:
        if _BAD_ESCAPE.search(text):
            _refuse_text(name, "has a percent sign that is not followed by two hex digits")
        try:
            text = unquote_to_bytes(text).decode()
        except UnicodeDecodeError:
            _refuse_text(name, "is not valid UTF-8")
    if "\x00" in text:
        _refuse_text(name, "contains a NUL character")
    return text


def _path(name: str) -> list[str]:
    """Split `a[b][c]` into `["a", "b", "c"]`; an empty part stands for `[]`."""
    if len(name) > MAX_NAME_LENGTH:
        _refuse_name(name, f"is longer than {MAX_NAME_LENGTH} characters")
    root, opening, rest = name.partition("[")
    if not root:
        _refuse_name(name, "has no name before its value or brackets")
    if not opening:
        if "]" in root:
            _refuse_name(name, "has brackets that do not match")
        return [root]
    if "]" in root or not rest.endswith("]"):
        _refuse_name(name, "has brackets that do not match")
    parts = rest[:-1].split("][")
    if any("[" in part or "]" in part for part in parts):
        _refuse_name(name, "has brackets that do not match")
    if len(parts) >= MAX_DEPTH:
        _refuse_name(name, f"is nested more than {MAX_DEPTH} levels deep")
    return [root, *parts]


def _insert(root: FormMap, name: str, path: list[str], value: str) -> None:
    here = root
    at, last = 0, len(path) - 1
    while at < last:
        if path[at + 1] == "":
            items = here.setdefault(path[at], [])
            if not isinstance(items, list):
                _refuse_mixture(path[: at + 1])
            if at + 1 == last:
                items.append(value)
                return
            here = _element(items, path[at + 2 :], name)
            at += 2
        else:
            child = here.setdefault(path[at], {})
            if not isinstance(child, dict):
                _refuse_mixture(path[: at + 1])
            here = child
            at += 1
    if isinstance(here.get(path[last], ""), str):
        here[path[last]] = value
    else:
        _refuse_mixture(path)


def _element(items: list[FormValue], path: list[str], name: str) -> FormMap:
    """The element that `[]` followed by `path` belongs to: the last one until it has that field."""
    if path[0] == "":
        _refuse_name(name, "has a list directly inside a list")
    if items and isinstance(items[-1], dict) and not _holds(items[-1], path):
        return items[-1]
    element: FormMap = {}
    items.append(element)
    return element


def _holds(element: FormMap, path: list[str]) -> bool:
    node: FormValue = element
    for part in path:
        if part == "":
            return not isinstance(node, list)
        if not isinstance(node, dict):
            return True
        if part not in node:
            return False
        node = node[part]
    return True


def bracketed(path: list[str]) -> str:
    """Write a path the way the wire names a field: `items[0][price]`."""
    return path[0] + "".join(f"[{part}]" for part in path[1:])


def as_elements(value: object) -> tuple[list[str], list[object]] | None:
    """Read an indexed map or a list as list elements, in order of their index.

    Returns the keys as the client wrote them and the elements, or None if this is no list. Gaps
    between indices are closed; the same index written twice (`0` and `00`) is no list.
    """
    if isinstance(value, list):
        elements = cast("list[object]", value)
        return [str(index) for index in range(len(elements))], elements
    if not isinstance(value, dict):
        return None
    indexed = cast("dict[str, object]", value)
    if not all(key.isascii() and key.isdigit() and len(key) <= 9 for key in indexed):
        return None
    keys = sorted(indexed, key=int)
    if len({int(key) for key in keys}) < len(keys):
        return None
    return keys, [indexed[key] for key in keys]


def _refuse_text(name: str, fault: str) -> NoReturn:
    shown = name[:_SHOWN].replace("\x00", "")
    raise ApiError(f"Invalid encoding: the parameter {shown} {fault}.", param=shown)


def _refuse_name(name: str, fault: str) -> NoReturn:
    shown = name[:_SHOWN]
    raise ApiError(f"Invalid parameter name: {shown or 'it'} {fault}.", param=shown or None)


def _refuse_mixture(path: list[str]) -> NoReturn:
    shown = bracketed(path)
    raise ApiError(
        f"Invalid parameter: {shown} is given both as one value and as a map or list.", param=shown
    )
