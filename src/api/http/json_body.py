"""JSON request bodies (v2 and the audit API), decoded from the raw bytes.

Numbers never pass through a binary float: integers stay `int`, all else becomes `Decimal`, within
bounds that keep later arithmetic cheap. Of a key given twice the last value counts, as for forms.
"""

import re
from decimal import Decimal
from typing import Any, Final, cast

import msgspec

from api.http.errors import ApiError
from api.http.forms import MAX_BODY_BYTES, MAX_DEPTH, bracketed

_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,3})?")
_TOO_LARGE: Final = 10**40


def decode_json(raw: bytes, *, limit: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Decode a JSON object of at most `limit` bytes.

    Raises `ApiError` 413 for too many bytes and 400 for anything that is not an object of plain
    JSON values, at most 8 levels deep, in UTF-8 and without NUL.
    """
    if len(raw) > limit:
        raise ApiError(f"The request is too large: at most {limit} bytes are accepted.", status=413)
    try:
        decoded: object = _DECODER.decode(raw)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise ApiError("Invalid JSON: the request body is not valid UTF-8.") from None
    except msgspec.MsgspecError as error:
        raise ApiError(f"Invalid JSON: {error}.") from None
    if not isinstance(decoded, dict):
        raise ApiError("Invalid JSON: the request body must be an object.")
    found = cast("dict[str, Any]", decoded)
    _check_size(found, 1)
    # Raw control characters are no JSON, so only this escape can make a NUL.
    if b"\\u0000" in raw:
        _refuse_nul(found, [])
    return found


def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise ApiError("Invalid JSON: a number has too many digits.")
    return Decimal(text)


_DECODER: Final = msgspec.json.Decoder(float_hook=_number)


def _check_size(container: dict[str, Any] | list[Any], depth: int) -> None:
    """Refuse what is nested too deep or holds an integer that is costly to handle."""
    if depth > MAX_DEPTH:
        raise _too_deep()
    for child in container.values() if isinstance(container, dict) else container:
        if isinstance(child, dict | list):
            _check_size(cast("dict[str, Any] | list[Any]", child), depth + 1)
        elif isinstance(child, int) and not -_TOO_LARGE < child < _TOO_LARGE:
            raise ApiError("Invalid JSON: a number has too many digits.")


def _refuse_nul(value: object, path: list[str]) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise _nul(path)
    for key, child in _children(value):
        if "\x00" in key:
            raise _nul(path)
        _refuse_nul(child, [*path, key])


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).items())
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [(str(index), item) for index, item in enumerate(items)]


def _nul(path: list[str]) -> ApiError:
    name = bracketed(path) if path else None
    return ApiError(
        f"Invalid JSON: {name or 'the request body'} contains a NUL character.", param=name
    )


def _too_deep() -> ApiError:
    return ApiError(f"Invalid JSON: it is nested more than {MAX_DEPTH} levels deep.")
