"""Headers that every response carries, refusals included (contract §2, Response headers).

`Request-Id` is new, `Stripe-Version` and `Idempotency-Key` say back what the request said. All
other headers that clients send for themselves (telemetry, account, context) are ignored.
"""

from typing import Any, Final

from litestar import Litestar
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.http.errors import ApiError, error_body, unrecognized_url
from api.http.versions import CURRENT_TEXT, requested_version
from ledger.kernel.ids import new_id

MAX_IDEMPOTENCY_KEY: Final = 255

_ALWAYS: Final = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store")]


class WireHeaders:
    """An ASGI application around another that completes the headers of its responses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = new_id("req", 14)
        scope["state"]["request_id"] = request_id
        added = [(b"request-id", request_id.encode()), *_echoes(scope["headers"]), *_ALWAYS]

        async def send_completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        if "\x00" in scope["path"]:
            await _unknown_url(scope["method"], scope["path"], send_completed)
        else:
            await self._app(scope, receive, send_completed)


def mount_wire_headers(app: Litestar) -> None:
    """Put the headers around a whole application.

    Litestar's own middleware would miss the answers to URLs that no route serves.
    """
    app.asgi_handler = WireHeaders(app.asgi_handler)


def request_id_of(scope: Any) -> str:
    """The id that the response to this request carries."""
    return scope["state"]["request_id"]


async def _unknown_url(method: str, path: str, send: Send) -> None:
    """Answer for a path that holds a NUL: no id has one, and no database takes one."""
    body = error_body(unrecognized_url(method, path), path)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _echoes(headers: list[tuple[bytes, bytes]] | Any) -> list[tuple[bytes, bytes]]:
    version = CURRENT_TEXT.encode()
    echoes: list[tuple[bytes, bytes]] = []
    for name, value in headers:
        if name == b"stripe-version" and _is_version(value):
            version = value
        elif name == b"idempotency-key" and len(value) <= MAX_IDEMPOTENCY_KEY:
            echoes.append((name, value))
    return [(b"stripe-version", version), *echoes]


def _is_version(value: bytes) -> bool:
    try:
        requested_version(value.decode("latin-1"))
    except ApiError:
        return False
    return True
