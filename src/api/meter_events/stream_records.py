"""The body of a meter event stream request: up to 100 events, each read by itself."""

from datetime import datetime
from typing import Any, Final

import msgspec

from api.http.errors import ApiError
from api.meter_events.bulk_records import microseconds_of
from ledger.kernel.clock import to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.ids import derived_id, new_time_ordered_id
from ledger.meter_events.validation import UsageReport

MOST_EVENTS: Final = 100


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


class _StreamedEvent(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    event_name: str
    payload: dict[str, str]
    identifier: str | None = None
    timestamp: str | None = None


_bodies = msgspec.json.Decoder(_Body)
_events = msgspec.json.Decoder(_StreamedEvent)


def events_of(body: bytes) -> list[bytes]:
    """The events of a body. Raises ApiError (400) for a body that is none."""
    try:
        events = [bytes(event) for event in _bodies.decode(body).events]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(f"Invalid request: {error}.", param="events") from None
    if not 1 <= len(events) <= MOST_EVENTS:
        raise ApiError(f"Invalid events: a request has 1 to {MOST_EVENTS} of them.", param="events")
    return events


def read_streamed(raw: bytes, now: datetime, request_key: str | None, place: int) -> UsageReport:
    """One event of a request. Raises InvalidRequest.

    An event without an identifier gets one that follows from the request's idempotency key and its
    place, so that a request sent again counts once.
    """
    try:
        event: Any = _events.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"Invalid event: {error}.") from None
    identifier = event.identifier
    if identifier is None:
        identifier = (
            new_time_ordered_id(now)
            if request_key is None
            else derived_id("streamed", request_key, place)
        )
    timestamp = event.timestamp
    moment = to_microseconds(now) if timestamp is None else microseconds_of(timestamp)
    return UsageReport(event.event_name, identifier, event.payload, moment)
