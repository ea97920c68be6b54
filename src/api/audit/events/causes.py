"""What led to an event, and what it led to."""

from typing import Annotated, Any

from pydantic import Field

from api.audit.events.objects import OpenedEvent, event_object, open_event
from api.audit.events.routes import ONE, event_at
from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.lists import DEFAULT_LIMIT, MAX_LIMIT, list_object
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.http.wire_types import Integer, NonNegativeInt
from ledger.kernel.errors import LedgerError
from ledger.store.event_sourcing import EventSourcedLedger
from projections.audit.causes import caused_by, correlated
from projections.runtime.reader import Reader

MOST_TOGETHER = 100
"""Events recorded for the same request that are named with one of them."""


class CausedList(AsOfParams):
    limit: Annotated[int, Integer(1, MAX_LIMIT)] = DEFAULT_LIMIT
    starting_after: Annotated[NonNegativeInt, Field(description="A position.")] = 0


def cause_of(
    reader: Reader, ledger: EventSourcedLedger, event: OpenedEvent, through: int | None = None
) -> JsonObject:
    """Who or what an event was recorded for: the request, the event that led to it, and what else
    was recorded then, up to a position if one is given."""
    meta = event.meta
    together = [] if event.is_usage else _together(reader, meta.correlation_id, through)
    return {
        "object": "event_cause",
        "position": event.position,
        "actor": meta.actor,
        "request_id": meta.request_id,
        "idempotency_key": meta.idempotency_key,
        "correlation_id": meta.correlation_id,
        "causation_id": meta.causation_id,
        "caused_by": _causing(ledger, meta.causation_id),
        "recorded_together": [position for position in together if position != event.position],
    }


def _together(reader: Reader, correlation_id: str, through: int | None) -> list[int]:
    return correlated(reader, correlation_id, after=0, limit=MOST_TOGETHER, through=through)


def _causing(ledger: EventSourcedLedger, causation_id: str | None) -> dict[str, Any] | None:
    if causation_id is None:
        return None
    try:
        return event_object(event_at(ledger, causation_id))
    except LedgerError:
        return None


def _cause(call: Call[AsOfParams]) -> JsonObject:
    ledger, through = call.application, call.through
    event = event_at(ledger, call.path["position"], through)
    return cause_of(call.reader(), ledger, event, through)


def _caused(call: Call[CausedList]) -> JsonObject:
    asked, ledger, through = call.params, call.application, call.through
    event = event_at(ledger, call.path["position"], through)
    found = caused_by(
        call.reader(),
        event.position,
        after=asked.starting_after,
        limit=asked.limit + 1,
        through=through,
    )
    shown = [event_object(_at(ledger, position)) for position in found[: asked.limit]]
    return list_object(call.url, shown, has_more=len(found) > asked.limit)


def _at(ledger: EventSourcedLedger, position: int) -> OpenedEvent:
    [stored] = ledger.recorder.select_notifications(position, 1, position)
    return open_event(ledger.mapper, stored)


CAUSES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path=f"{ONE}/cause",
            params=AsOfParams,
            returns="event_cause",
            summary="What led to an event",
            tag="Audit",
            description=(
                "The actor, request and idempotency key of the command; `caused_by` is the event "
                "that it was issued for, as the draft is of a finalization when it falls due, or "
                "late usage of an adjustment. `recorded_together` are the other positions of the "
                "same request or run."
            ),
        ),
        _cause,
    ),
    query(
        Endpoint(
            method="GET",
            path=f"{ONE}/caused",
            params=CausedList,
            returns="ledger_event",
            summary="What an event led to",
            tag="Audit",
            listed=True,
            description="The events that name it as their cause, the oldest first.",
        ),
        _caused,
    ),
]
"""Routes over the links between events."""
