"""The one shape of every refusal on the wire (contract §3).

`ApiError` is what request handling raises, `exception_handlers` is what the application mounts.
Which envelope is written depends on the path alone: `/v2` has its own, everything else has v1's.
"""

import math
import zlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import msgspec
import structlog
from eventsourcing.persistence import InterfaceError, OperationalError
from litestar import Request, Response
from litestar.exceptions import HTTPException

from ledger.kernel.errors import (
    Conflict,
    IdempotencyMismatch,
    KeyInUse,
    LedgerError,
    NotFound,
    QueueFull,
    Unavailable,
)
from projections.runtime.log import UnreadableEvent

INVALID_REQUEST: Final = "invalid_request_error"
API_ERROR: Final = "api_error"
IDEMPOTENCY_ERROR: Final = "idempotency_error"

SHOULD_RETRY: Final = "Stripe-Should-Retry"
"""The response header that both official SDKs obey before any rule of their own."""

_TOO_MANY: Final = {
    "Retry-After": "1",
    SHOULD_RETRY: "true",
    "Stripe-Rate-Limited-Reason": "global-concurrency",
}

V2_ONLY_CODES: Final = frozenset({"duplicate_meter_event"})
"""Codes that v1 answers do not carry (contract §5, duplicate identifier)."""

_V2_CODE_BY_STATUS: Final = {
    400: "invalid_parameters",
    401: "unauthenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "request_too_large",
    429: "rate_limit",
}

_SHOWN_PATH: Final = 200

_Handler: TypeAlias = Callable[[Request[Any, Any, Any], Any], Response[Any]]

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class ApiError(Exception):
    """A refusal that already knows its status and wire fields.

    `param` is the offending field in bracket form (`items[0][price]`), `code` a code of the wire
    contract, `headers` go on the response as they are.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = INVALID_REQUEST,  # noqa: A002 - the wire's name
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message: Final = message
        self.status: Final = status
        self.type: Final = type
        self.code: Final = code
        self.param: Final = param
        self.headers: Final[Mapping[str, str]] = MappingProxyType(dict(headers or {}))


def from_ledger(error: LedgerError) -> ApiError:
    """Give a refusal of the ledger its status, type and headers (contract §3 and §4)."""
    status, kind, headers = _standing(error)
    return ApiError(
        error.message,
        status=status,
        type=kind,
        code=error.code,
        param=error.param,
        headers=headers,
    )


def _standing(error: LedgerError) -> tuple[int, str, dict[str, str]]:
    match error:
        case NotFound(param=None):
            return 404, INVALID_REQUEST, {}
        case Conflict():
            return 409, INVALID_REQUEST, {SHOULD_RETRY: "true"}
        case KeyInUse():
            return 409, IDEMPOTENCY_ERROR, {}
        case IdempotencyMismatch():
            return 400, IDEMPOTENCY_ERROR, {}
        case QueueFull():
            return 429, INVALID_REQUEST, dict(_TOO_MANY)
        case Unavailable():
            return 503, API_ERROR, {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
        case _ if error.code == "duplicate_meter_event":
            return 400, INVALID_REQUEST, {SHOULD_RETRY: "false"}
        case _:
            return 400, INVALID_REQUEST, {}


def is_v2(path: str) -> bool:
    """Whether a request path belongs to the v2 half of the API."""
    return path == "/v2" or path.startswith("/v2/")


def envelope(error: ApiError, *, v2: bool) -> dict[str, Any]:
    """Render an error as the JSON object of its API half."""
    if v2:
        fallback = _V2_CODE_BY_STATUS.get(error.status, "internal_error")
        code = error.code or fallback
        return {"error": {"code": code, "message": error.message, "type": error.type}}
    body: dict[str, Any] = {"type": error.type}
    if error.code is not None and error.code not in V2_ONLY_CODES:
        body["code"] = error.code
    body["message"] = error.message
    if error.param is not None:
        body["param"] = error.param
    return {"error": body}


def error_body(error: ApiError, path: str) -> bytes:
    """The response body for an error on a request path."""
    return msgspec.json.encode(envelope(error, v2=is_v2(path)))


def error_response(error: ApiError, path: str) -> Response[bytes]:
    """The whole response for an error on a request path."""
    return Response(
        error_body(error, path),
        status_code=error.status,
        headers=dict(error.headers),
        media_type="application/json",
    )


def unrecognized_url(method: str, path: str) -> ApiError:
    """The refusal of a URL that no endpoint serves."""
    return ApiError(
        f"Unrecognized request URL ({method}: {path[:_SHOWN_PATH]}). "
        "The page at /docs lists every endpoint that this server has.",
        status=404,
    )


def _on_api_error(request: Request[Any, Any, Any], error: ApiError) -> Response[bytes]:
    return error_response(error, request.scope["path"])


def _on_ledger_error(request: Request[Any, Any, Any], error: LedgerError) -> Response[bytes]:
    return error_response(from_ledger(error), request.scope["path"])


def _on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    path = request.scope["path"]
    return error_response(_from_http(error, request.scope["method"], path), path)


def _from_http(error: HTTPException, method: str, path: str) -> ApiError:
    match error.status_code:
        case 404:
            return unrecognized_url(method, path)
        case 405:
            return ApiError(
                f"Method {method} is not allowed for {path[:_SHOWN_PATH]}.",
                status=405,
                headers=error.headers,
            )
        case 413:
            return ApiError("The request body is too large.", status=413)
        case status if status >= 500:
            return _internal_error()
        case status:
            return ApiError(error.detail, status=status, headers=error.headers)


def _internal_error() -> ApiError:
    return ApiError(
        "Something went wrong on this server. The request may be sent again with the same "
        "idempotency key; the server's log has the details under this response's Request-Id.",
        status=500,
        type=API_ERROR,
    )


def _on_database_away(
    request: Request[Any, Any, Any], error: OperationalError | InterfaceError
) -> Response[bytes]:
    path = request.scope["path"]
    log.warning("database_unavailable", path=path[:_SHOWN_PATH], error=str(error))
    away = Unavailable("The database cannot be reached now. Nothing was lost; try again.")
    return error_response(from_ledger(away), path)


def _on_damaged_log(
    request: Request[Any, Any, Any], error: UnreadableEvent | msgspec.MsgspecError | zlib.error
) -> Response[bytes]:
    _log_failure(request, error)
    found = isinstance(error, UnreadableEvent)
    which = f"The event at position {error.position}" if found else "An event of the log"
    message = f"{which} cannot be read: {error}. `tallybook audit verify` says what was changed."
    damaged = ApiError(message, status=500, type=API_ERROR)
    return error_response(damaged, request.scope["path"])


def _on_unexpected(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log_failure(request, error)
    return error_response(_internal_error(), request.scope["path"])


def _log_failure(request: Request[Any, Any, Any], error: Exception) -> None:
    log.error(
        "request_failed",
        method=request.scope["method"],
        path=request.scope["path"][:_SHOWN_PATH],
        request_id=request.scope["state"].get("request_id"),
        exc_info=error,
    )


exception_handlers: Final[dict[int | type[Exception], _Handler]] = {
    ApiError: _on_api_error,
    LedgerError: _on_ledger_error,
    HTTPException: _on_http_exception,
    OperationalError: _on_database_away,
    InterfaceError: _on_database_away,
    UnreadableEvent: _on_damaged_log,
    msgspec.MsgspecError: _on_damaged_log,
    zlib.error: _on_damaged_log,
    Exception: _on_unexpected,
}
"""Handlers to mount on the application; nothing reaches the client in any other shape."""
