"""From the bytes of a request to its parameters, by the rules of the API half it addresses.

`/v1` takes form encoding, from the query string and the body alike (`DELETE` sends its parameters
in the query, contract §2); all else takes JSON bodies. The content type is ignored where there is
no body, as the official SDKs send one with every request.
"""

from typing import Any, Final

from api.http.errors import ApiError
from api.http.forms import decode_form
from api.http.json_body import decode_json

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"


def request_data(
    path: str,
    query: bytes,
    body: bytes,
    *,
    content_type: str | None = None,
    content_encoding: str | None = None,
) -> dict[str, Any]:
    """Decode all parameters of a request; a field of the body wins over one of the query.

    Raises `ApiError` 400, or 413 for a body that is too large.
    """
    takes_form = path.startswith("/v1/")
    if not body:
        return dict(decode_form(query))
    _check_content_type(content_type, FORM if takes_form else JSON)
    if content_encoding is not None and content_encoding.lower() != "identity":
        raise ApiError("Compressed request bodies are not accepted: send it without encoding.")
    if takes_form:
        return dict(decode_form(query + b"&" + body if query else body))
    decoded = decode_json(body)
    return {**decode_form(query), **decoded} if query else decoded


def _check_content_type(content_type: str | None, expected: str) -> None:
    if content_type is None or content_type == expected:
        return
    kind, *attributes = (part.strip().lower() for part in content_type.split(";"))
    if kind != expected:
        raise ApiError(
            f"Invalid content type: this endpoint takes {expected}, but the request body is "
            f"{kind[:80] or 'unnamed'}."
        )
    for attribute in attributes:
        name, _, value = attribute.partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            raise ApiError(f"Invalid content type: the charset must be utf-8, not {value[:80]}.")
