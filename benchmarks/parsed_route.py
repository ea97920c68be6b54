"""The route for single meter events without authentication, ledger and database: the limit.

What is left is what any server with these libraries has to do: read the form, check it against
the request model, hash the request for its idempotency key, and render the answer.
"""

import socket
import sys
from typing import Any

import msgspec
import uvicorn
from litestar import HttpMethod, Litestar, Request, Response
from litestar.handlers import HTTPRouteHandler

from api.http.idempotency import claim_of
from api.http.params import parse
from api.http.request_data import request_data
from api.http.versions import requested_version
from api.http.wire_headers import mount_wire_headers
from api.meter_events.objects import RecordedMeterEvent, meter_event_object
from api.meter_events.params import MeterEventCreate
from api.serve.process import collect_garbage_seldom
from ledger.kernel.clock import system_now, to_microseconds
from ledger.kernel.ids import new_time_ordered_id

_PATH = "/v1/billing/meter_events"
_encoder = msgspec.json.Encoder(decimal_format="number")


async def _answer(request: Request[Any, Any, Any]) -> Response[bytes]:
    headers = request.headers
    requested_version(headers.get("stripe-version"))
    data = request_data(
        _PATH,
        request.scope["query_string"],
        await request.body(),
        content_type=headers.get("content-type"),
    )
    asked = parse(MeterEventCreate, data)
    claim_of(headers.get("idempotency-key"), "POST", _PATH, data)
    now = system_now()
    identifier = asked.identifier or new_time_ordered_id(now)
    moment = asked.timestamp or now
    event = RecordedMeterEvent(
        asked.event_name, identifier, asked.payload, to_microseconds(moment), now, livemode=False
    )
    return Response(_encoder.encode(meter_event_object(event)), media_type="application/json")


def serve(listener: int) -> None:
    """Serve the route on an open socket, as a worker of `tallybook serve` does."""
    route = HTTPRouteHandler(_PATH, http_method=HttpMethod.POST, status_code=200)(_answer)
    app = Litestar([route], openapi_config=None)
    mount_wire_headers(app)
    collect_garbage_seldom()
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    serve(int(sys.argv[1]))
