"""`/ingest/v1/usage`: our own door for usage in bulk."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from eventsourcing.persistence import InterfaceError, OperationalError
from litestar import HttpMethod, Request, Response
from litestar.handlers import HTTPRouteHandler

from api.http.auth import Authenticator, Caller
from api.http.errors import ApiError, envelope, from_ledger
from api.http.openapi import Endpoint
from api.http.threads import Threads
from api.http.wire_headers import request_id_of
from api.meter_events.bulk_body import format_of, pieces
from api.meter_events.bulk_formats import Format
from api.meter_events.bulk_framing import BrokenBody
from api.meter_events.bulk_intake import BulkIntake
from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import LedgerError, Unavailable
from ledger.kernel.ids import new_id

THREADS: Final = 4
MOST_WAITING: Final = 64
"""Requests that may wait for a thread; each holds one piece of its body."""

ENDPOINT: Final = Endpoint(
    method="POST",
    path="/ingest/v1/usage",
    params=None,
    returns="usage_batch",
    summary="Record usage in bulk",
    tag="Meter events",
    description=(
        "The body holds up to 64 MiB of meter events: NDJSON (`application/x-ndjson`), a JSON "
        "array (`application/json`), CSV with a header row (`text/csv`), or CloudEvents "
        "(`application/cloudevents+json`, `application/cloudevents-batch+json`), plain or packed "
        "with gzip or zstd. A record has `event_name`, `identifier`, `timestamp` (epoch seconds or "
        "RFC 3339) and `payload`. The answer counts `accepted`, `duplicates`, `conflicts` and "
        "`rejected`, and names the first 100 refusals by line; of the others the number is kept. A "
        "bad record is refused alone. Sending a body again is safe: what was recorded is a "
        "duplicate."
    ),
)


@dataclass(slots=True)
class _BulkRequest:
    """One request on its way. The first piece authenticates it."""

    services: Services
    authenticator: Authenticator
    headers: Any
    request_id: str
    format: Format
    encoding: str
    intake: BulkIntake | None = None
    identity: LedgerIdentity | None = None

    def take(self, piece: bytes, last: bool) -> None:
        """Runs in a thread. Raises BrokenBody, LedgerError, ApiError."""
        if self.intake is None or self.identity is None:
            caller = self.authenticator.authenticate(self.headers, "POST")
            self.identity, self.intake = caller.identity, self._begin(caller)
        if piece:
            self.intake.feed(piece)
        if last:
            self.intake.finish()
        self.services.wake_projector(self.identity.ledger_id)

    def _begin(self, caller: Caller) -> BulkIntake:
        circumstances = Circumstances(
            now=system_now(),
            actor=caller.actor,
            correlation_id=self.request_id,
            request_id=self.request_id,
        )
        ingestion = self.services.usage_ingestion(caller.identity)
        return BulkIntake(
            ingestion, circumstances, self.format.framing(), self.format.read, self.encoding
        )

    def close(self, settle: bool) -> None:
        """Record what waits, if that can be, and what was refused. Runs in a thread."""
        if self.intake is None or self.identity is None:
            return
        if settle:
            self.intake.settle()
        report = self.intake.tally.rejections.report(new_id("usgrej"), "bulk")
        if report is not None:
            application = self.services.application(self.identity)
            application.execute(report, self.intake.circumstances)
            self.services.wake_projector(self.identity.ledger_id)


def bulk_route(services: Services, authenticator: Authenticator) -> HTTPRouteHandler:
    """The route, which reads its body as it arrives."""
    threads = Threads(THREADS, MOST_WAITING)

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        kind, encoding = format_of(request.headers)
        request_id = request_id_of(request.scope)
        asked = _BulkRequest(services, authenticator, request.headers, request_id, kind, encoding)
        error = await _taken(asked, request.stream(), threads)
        return _answer(asked, error)

    return HTTPRouteHandler(
        ENDPOINT.path, http_method=HttpMethod.POST, status_code=200, request_max_body_size=None
    )(handle)


async def _taken(
    asked: _BulkRequest, stream: AsyncIterator[bytes], threads: Threads
) -> ApiError | None:
    """Take the whole body; why it could not be taken to its end, if so.

    Raises what refuses the request before any record was dealt with.
    """
    error: ApiError | None = None
    settle = False
    try:
        async for piece, last in pieces(stream):
            await threads.run(asked.take, piece, last)
    except (BrokenBody, ApiError, LedgerError, OperationalError, InterfaceError) as stopped:
        if asked.intake is None:
            raise
        error = _as_api_error(stopped)
        settle = isinstance(stopped, BrokenBody | ApiError)
    try:
        await threads.run(asked.close, settle)
    except (LedgerError, OperationalError, InterfaceError) as stopped:
        error = error or _as_api_error(stopped)
    return error


def _as_api_error(stopped: Exception) -> ApiError:
    match stopped:
        case ApiError():
            return stopped
        case LedgerError():
            return from_ledger(stopped)
        case BrokenBody():
            return ApiError(str(stopped))
        case _:
            return from_ledger(Unavailable("The database cannot be reached now."))


def _answer(asked: _BulkRequest, error: ApiError | None) -> Response[bytes]:
    tally = asked.intake.tally if asked.intake else None
    document = tally.document() if tally else {}
    if tally is not None and error is not None:
        told = ApiError(
            f"{error.message} The body was taken through line {tally.lines}; what is counted as "
            "accepted is recorded. Sending the whole body again is safe.",
            status=error.status,
            type=error.type,
            code=error.code,
            headers=error.headers,
        )
        return Response(
            msgspec.json.encode(envelope(told, v2=False) | document),
            status_code=told.status,
            headers=dict(told.headers),
            media_type="application/json",
        )
    return Response(msgspec.json.encode(document), media_type="application/json")
