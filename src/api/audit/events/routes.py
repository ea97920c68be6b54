"""`/audit/v1/events`: what stands in the log, and who caused it."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Annotated

from pydantic import Field

from api.audit.events.objects import OpenedEvent, event_object, open_event, whole_event_object
from api.audit.events.selection import SelectedEvents, Selection, topics_like
from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.lists import ListParams, list_object
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.http.wire_types import ArrayOf, Id, Moment, NonNegativeInt, PositiveInt, WireBool, text
from ledger.kernel.errors import InvalidRequest, NotFound, NotYet
from ledger.store.event_sourcing import EventSourcedLedger
from projections.audit.causes import correlated

ALL = "/audit/v1/events"
ONE = f"{ALL}/{{position:str}}"
MOST_CORRELATED = 10_000
"""Events of one request or run that are looked through."""

_Sealed = Annotated[WireBool, Field(description="Leave personal fields as they are stored.")]


class EventList(ListParams, AsOfParams):
    """Filters of the log. The cursors are positions."""

    type: Annotated[
        ArrayOf[Annotated[str, text(100)]],
        Field(
            default_factory=list[str],
            description="Such as `invoice.finalized.v2`, `invoice.finalized` or `invoice.*`.",
        ),
    ]
    stream: Annotated[Id | None, Field(description="The id of an object.")] = None
    actor: Annotated[Id | None, Field(description="Such as `key:…` or `system:scheduler`.")] = None
    correlation_id: Annotated[
        Id | None,
        Field(description="Of one request or run: a request's is its id. Usage is left out."),
    ] = None
    since: Annotated[Moment | None, Field(description="Recorded then or later.")] = None
    until: Annotated[Moment | None, Field(description="Recorded before.")] = None
    after: Annotated[NonNegativeInt, Field(description="Positions after this one.")] = 0
    through: Annotated[PositiveInt | None, Field(description="And up to this one.")] = None
    sealed: _Sealed = False


class OneEvent(AsOfParams):
    sealed: _Sealed = False


def _list(call: Call[EventList]) -> JsonObject:
    asked = call.params
    found, more = _page(call)
    shown = [event_object(event, sealed=asked.sealed) for event in found]
    return list_object(call.url, shown, has_more=more)


def _page(call: Call[EventList]) -> tuple[list[OpenedEvent], bool]:
    asked = call.params
    wanted = _wanted(asked).up_to(call.through)
    if asked.ending_before is not None:
        after = max(wanted.after, _position(asked.ending_before, "ending_before"))
        found = _selected(call, replace(wanted, after=after), newest_first=False)
        nearest = list(islice(found, asked.limit + 1))
        return nearest[: asked.limit][::-1], len(nearest) > asked.limit
    if asked.starting_after is not None:
        before = _position(asked.starting_after, "starting_after")
        wanted = replace(wanted, before=min(before, wanted.before or before))
    newest = list(islice(_selected(call, wanted, newest_first=True), asked.limit + 1))
    return newest[: asked.limit], len(newest) > asked.limit


def _wanted(asked: EventList) -> Selection:
    return Selection(
        topics=topics_like(asked.type),
        stream=asked.stream,
        actor=asked.actor,
        since=asked.since,
        until=asked.until,
        after=asked.after,
        before=None if asked.through is None else asked.through + 1,
    )


def _selected(
    call: Call[EventList], wanted: Selection, *, newest_first: bool
) -> Iterator[OpenedEvent]:
    ledger, correlation_id = call.application, call.params.correlation_id
    if correlation_id is None:
        selected = SelectedEvents(ledger.recorder, ledger.mapper, wanted)
        return selected.newest_first() if newest_first else selected.oldest_first()
    positions = correlated(
        call.reader(),
        correlation_id,
        after=wanted.after,
        limit=MOST_CORRELATED,
        through=call.through,
    )
    events = (event_at(ledger, str(at)) for at in sorted(positions, reverse=newest_first))
    return (event for event in events if wanted.takes(event))


def _position(cursor: str, param: str) -> int:
    if not (cursor.isascii() and cursor.isdigit()) or len(cursor) > 18:
        raise InvalidRequest(f"'{cursor}' is no position of an event.", param=param)
    return int(cursor)


def event_at(ledger: EventSourcedLedger, position: str, through: int | None = None) -> OpenedEvent:
    """The event at a position. Raises NotFound where there is none, NotYet where there was none as
    of another one."""
    if position.isascii() and position.isdigit() and len(position) <= 18 and int(position) > 0:
        found = ledger.recorder.select_notifications(int(position), 1, int(position))
        if found and through is not None and int(position) > through:
            raise NotYet("ledger event", position, through, int(position))
        if found:
            return open_event(ledger.mapper, found[0])
    raise NotFound("ledger event", position)


def _show(call: Call[OneEvent]) -> JsonObject:
    event = event_at(call.application, call.path["position"], call.through)
    return whole_event_object(event, sealed=call.params.sealed)


EVENTS: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path=ALL,
            params=EventList,
            returns="ledger_event",
            summary="List the events of the log",
            tag="Audit",
            listed=True,
            description=(
                "Newest first, by type, stream, actor, time and position. A batch of usage says "
                "how many meter events it holds. Personal fields are shown as they can be read: "
                "null once their customer was forgotten."
            ),
        ),
        _list,
    ),
    query(
        Endpoint(
            method="GET",
            path=ONE,
            params=OneEvent,
            returns="ledger_event",
            summary="An event of the log",
            tag="Audit",
            description=(
                "What was recorded at a position, by whom, for which request and idempotency key. "
                "Of a batch of usage it shows the first 100 meter events."
            ),
        ),
        _show,
    ),
]
"""Routes over the log."""
