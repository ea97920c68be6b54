"""Requests on the wire exactly as the official Python client writes them, by the standard library.

The client itself (stripe 16.1.0) is needed for development only; a test compares the two.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from http.client import HTTPConnection, HTTPException
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote_plus, urlsplit

from ledger.kernel.ids import new_id

Value: TypeAlias = "str | int | Mapping[str, Value] | Sequence[Value]"
Given: TypeAlias = Mapping[str, Value]

CLIENT_VERSION: Final = "16.1.0"
API_VERSION: Final = "2026-10-28.endive"

_TIMEOUT_SECONDS: Final = 30


class RequestRefused(Exception):
    """An answer other than 200; the message is the server's own sentence."""


class Wire:
    """Talks to one server with one key, over one connection."""

    def __init__(self, base_url: str, key: str) -> None:
        address = urlsplit(base_url)
        self._connection = HTTPConnection(
            address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS
        )
        self._key = key

    def close(self) -> None:
        self._connection.close()

    def get(self, path: str, parameters: Given | None = None) -> dict[str, Any]:
        """Raises RequestRefused, or OSError when there is no answer."""
        query = encode_form(parameters or {})
        return self._answer("GET", f"{path}?{query}" if query else path, None)

    def post(self, path: str, parameters: Given | None = None) -> dict[str, Any]:
        """Raises RequestRefused, or OSError when there is no answer."""
        return self._answer("POST", path, encode_form(parameters or {}))

    def _answer(self, method: str, target: str, body: str | None) -> dict[str, Any]:
        try:
            self._connection.request(method, target, body, self._headers(method))
            response = self._connection.getresponse()
            text = response.read()
        except (HTTPException, OSError) as error:
            self._connection.close()
            raise ConnectionError(f"{method} {target}: {error}") from error
        answer = _object(text)
        if response.status != 200:
            sentence = answer.get("error", {}).get("message", text.decode(errors="replace"))
            raise RequestRefused(f"{method} {target}: {response.status} {sentence}")
        return answer

    def _headers(self, method: str) -> dict[str, str]:
        headers = {
            "User-Agent": f"Stripe/v1 PythonBindings/{CLIENT_VERSION}",
            "Accept": "*/*",
            "Connection": "keep-alive",
            "X-Stripe-Client-User-Agent": _client_description(),
            "Authorization": f"Bearer {self._key}",
            "Stripe-Version": API_VERSION,
        }
        if method == "POST":
            headers["Idempotency-Key"] = new_id("demo", 32)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        return headers


def encode_form(parameters: Given) -> str:
    """Nested parameters as `items[0][price]=…`, with the brackets left as they are."""
    pairs = ((key, value) for name in parameters for key, value in _pairs(name, parameters[name]))
    encoded = "&".join(f"{quote_plus(key)}={quote_plus(value)}" for key, value in pairs)
    return encoded.replace("%5B", "[").replace("%5D", "]")


def _pairs(key: str, value: Value) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | int):
        yield key, str(value)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _pairs(f"{key}[{name}]", inner)
    else:
        for index, inner in enumerate(value):
            yield from _pairs(f"{key}[{index}]", inner)


def _object(text: bytes) -> dict[str, Any]:
    """The JSON object of an answer, with decimals exact; empty for anything else."""
    try:
        decoded = json.loads(text, parse_float=Decimal)
    except ValueError:
        return {}
    return cast("dict[str, Any]", decoded) if isinstance(decoded, dict) else {}


def _client_description() -> str:
    return json.dumps(
        {
            "bindings_version": CLIENT_VERSION,
            "lang": "python",
            "httplib": "http.client",
            "lang_version": sys.version.split()[0],
        }
    )
