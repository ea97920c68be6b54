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
_MAX_INTEGER_DIGITS: Final = 40


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
    _check(cast("object", decoded), [])
    return cast("dict[str, Any]", decoded)


def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise ApiError("Invalid JSON: a number has too many digits.")
    return Decimal(text)


_DECODER: Final = msgspec.json.Decoder(float_hook=_number)


def _check(value: object, path: list[str]) -> None:
    match value:
        case str():
            if "\x00" in value:
                raise _refusal("contains a NUL character", path)
        case bool() | None | Decimal():
            pass
        case int():
            if abs(value) >= 10**_MAX_INTEGER_DIGITS:
                raise _refusal("has too many digits", path)
        case _:
            if len(path) >= MAX_DEPTH:
                raise _too_deep()
            for key, child in _children(value):
                if "\x00" in key:
                    raise _refusal("contains a NUL character", path)
                _check(child, [*path, key])


def _children(value: object) -> list[tuple[str, object]]:
    if isinstance(value, dict):
        return list(cast("dict[str, object]", value).items())
    items = cast("list[object]", value)
    return [(str(index), item) for index, item in enumerate(items)]


def _refusal(fault: str, path: list[str]) -> ApiError:
    name = bracketed(path) if path else ""
    return ApiError(f"Invalid JSON: {name or 'the request body'} {fault}.", param=name or None)


def _too_deep() -> ApiError:
    return ApiError(f"Invalid JSON: it is nested more than {MAX_DEPTH} levels deep.")
