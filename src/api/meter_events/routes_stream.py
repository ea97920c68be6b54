"""`/v2/billing/meter_event_session` and `/v2/billing/meter_event_stream` (contract §5).

A stream request is answered once its events are recorded; those that are refused are recorded as
such and change nothing in the answer.
"""

from typing import Any, Final

from litestar import HttpMethod, Request, Response
from litestar.handlers import HTTPRouteHandler

from api.http.auth import Authenticator, Caller
from api.http.call import Call
from api.http.errors import ApiError
from api.http.openapi import Endpoint
from api.http.params import Params
from api.http.routes import JsonObject, Route
from api.http.sessions import Session
from api.http.threads import Threads
from api.http.wire_headers import request_id_of
from api.meter_events.bulk_framing import Cut
from api.meter_events.bulk_intake import Sent, Tally
from api.meter_events.objects import rfc_3339
from api.meter_events.stream_records import events_of, read_streamed
from api.services import Services
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.accounts.lookup import find_api_key_by_id
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import new_id, new_moded_id

THREADS: Final = 8
MOST_WAITING: Final = 256
TAG: Final = "Meter events"


class SessionCreate(Params):
    """A session needs nothing."""


STREAM: Final = Endpoint(
    method="POST",
    path="/v2/billing/meter_event_stream",
    params=None,
    returns="v2.billing.meter_event_stream",
    summary="Record up to 100 meter events",
    tag=TAG,
    description=(
        "Takes `events` with the token of a session and answers `{}` once they are recorded. An "
        "event that is refused is recorded as such: `/audit/v1/usage/{identifier}` says why."
    ),
)


def _begin(call: Call[SessionCreate]) -> JsonObject:
    now = system_now()
    key = find_api_key_by_id(call.services.application(CONTROL_LEDGER), call.caller.key_id)
    if key is None:
        raise ApiError("The API key is gone.", status=401)
    session = Session.begun(key, now)
    livemode = call.identity.livemode
    return {
        "object": "v2.billing.meter_event_session",
        "id": new_moded_id("mtr_evt_session", livemode=livemode),
        "authentication_token": session.token,
        "created": rfc_3339(now),
        "expires_at": rfc_3339(session.expires_at),
        "livemode": livemode,
    }


SESSIONS: Final[list[Route]] = [
    Route(
        endpoint=Endpoint(
            method="POST",
            path="/v2/billing/meter_event_session",
            params=SessionCreate,
            returns="v2.billing.meter_event_session",
            summary="Begin a meter event session",
            tag=TAG,
            description="Gives a token for the meter event stream, valid for 15 minutes.",
        ),
        handle=_begin,
    )
]


def stream_route(services: Services, authenticator: Authenticator) -> HTTPRouteHandler:
    """The route of the stream, whose callers are known by their session."""
    threads = Threads(THREADS, MOST_WAITING)

    def record(body: bytes, headers: Any, request_id: str) -> None:
        caller = authenticator.authenticate_session(headers)
        _record(services, caller, events_of(body), request_id, headers.get("idempotency-key"))

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        body, request_id = await request.body(), request_id_of(request.scope)
        await threads.run(record, body, request.headers, request_id)
        return Response(b"{}", media_type="application/json")

    return HTTPRouteHandler(STREAM.path, http_method=HttpMethod.POST, status_code=200)(handle)


def _record(
    services: Services,
    caller: Caller,
    events: list[bytes],
    request_id: str,
    request_key: str | None,
) -> None:
    now = system_now()
    circumstances = Circumstances(now, caller.actor, request_id, request_id)
    tally, sent = Tally(), list[Sent]()
    for place, raw in enumerate(events, 1):
        try:
            sent.append(Sent(place, read_streamed(raw, now, request_key, place)))
        except InvalidRequest as error:
            tally.refuse(Cut(place, raw), error)
    if sent:
        ingestion = services.usage_ingestion(caller.identity)
        verdicts = ingestion.record([one.report for one in sent], circumstances)
        for one, verdict in zip(sent, verdicts, strict=True):
            tally.count(one, verdict)
    report = tally.rejections.report(new_id("usgrej"), "stream")
    if report is not None:
        services.application(caller.identity).execute(report, circumstances)
    services.wake_projector(caller.identity.ledger_id)
