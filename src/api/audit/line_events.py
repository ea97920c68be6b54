"""The meter events behind one line of an invoice, page by page."""

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from api.audit.usage import written
from api.http.as_of import AsOfParams
from api.http.call import Call, View
from api.http.lists import DEFAULT_LIMIT, MAX_LIMIT, list_object
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.http.wire_types import Id, Integer
from api.invoices.live import work_of
from ledger.invoices import aggregate as invoices
from ledger.invoices.aggregate import Invoice
from ledger.invoices.events import DraftLine
from ledger.kernel.clock import from_microseconds
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.events import UsageRecord, UsageRecorded
from ledger.meter_events.usage import Asked
from ledger.meters import aggregate as meters
from ledger.store.work import Work
from projections.invoices.rows import INVOICES
from projections.meter_events.behind_lines import (
    BEGINNING,
    NOW,
    BehindLine,
    Place,
    events_behind,
)
from projections.runtime.log import Log

_CURSOR: Final = re.compile(r"mev_([0-9]{1,18})_([0-9]{1,18})_([0-9]{1,9})")


class LineEvents(AsOfParams):
    limit: Annotated[int, Integer(1, MAX_LIMIT)] = DEFAULT_LIMIT
    starting_after: Annotated[Id | None, Field(description="The `id` of one in the list.")] = None


class RatedLine(NamedTuple):
    """What a line asks for of whom, and through which position it was answered."""

    customer: str
    asked: Asked
    through: int


def rated_line(work: Work, invoice_id: str, line_id: str) -> RatedLine:
    """The usage that a line bills; that of the adjusted line, where it adjusts one.

    A draft's is as of the head of the log. Raises NotFound, and InvalidRequest for a line that
    bills no usage.
    """
    invoice = _invoice(work, invoice_id)
    line = _line(invoice, line_id)
    through = work.head() if invoice.final is None else invoice.final.through_position
    if line.late_usage is not None:
        through = line.late_usage.through_position
        invoice = _invoice(work, line.late_usage.invoice)
        line = _line(invoice, line.late_usage.line)
    if line.kind != "metered" or line.meter is None:
        raise InvalidRequest(f"The line '{line_id}' bills no usage of a meter.")
    meter = work.require(meters.evolve, line.meter, "billing meter")
    asked = Asked(MeterDefinition.of(line.meter, meter), line.period.start, line.period.end)
    return RatedLine(invoice.draft.customer, asked, through)


def _invoice(work: Work, invoice_id: str) -> Invoice:
    if not invoice_id.startswith("in_"):
        raise NotFound("invoice", invoice_id)
    return work.require(invoices.evolve, invoice_id, "invoice")


def _line(invoice: Invoice, line_id: str) -> DraftLine:
    found = next((line for line in invoice.draft.lines if line.id == line_id), None)
    if found is None:
        raise NotFound("invoice line", line_id)
    return found


def page_of_line(
    view: View, place: tuple[str, str], *, after: Place, limit: int
) -> tuple[list[JsonObject], bool]:
    """Meter events of a line, which is named by its invoice's id and its own, and whether there
    are more. See `rated_line` for what it raises, and NotYet for an invoice that was drafted later
    than the view's moment."""
    if view.as_of is not None:
        view.rows.require(INVOICES, "invoice", place[0])
    line = rated_line(work_of(view), *place)
    reader = view.services.reader(view.identity.ledger_id)
    found = events_behind(
        reader,
        line.customer,
        line.asked,
        line.through,
        after=after,
        limit=limit + 1,
        known=NOW if view.through is None else view.through,
    )
    page = found[:limit]
    records = _records(view.services.log(view.identity.ledger_id), page)
    return [_object(one, records[one.place], line) for one in page], len(found) > limit


def _list(call: Call[LineEvents]) -> JsonObject:
    asked, place = call.params, (call.path["invoice"], call.path["line"])
    after = _place(asked.starting_after)
    shown, more = page_of_line(call.view(), place, after=after, limit=asked.limit)
    return list_object(call.url, shown, has_more=more)


def _place(cursor: str | None) -> Place:
    if cursor is None:
        return BEGINNING
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidRequest(f"No such meter event: '{cursor}'", param="starting_after")
    return Place(*map(int, found.groups()))


def _records(log: Log, page: Sequence[BehindLine]) -> Mapping[Place, tuple[UsageRecord, str]]:
    """What was recorded at each place and when, each batch read once."""
    found: dict[Place, tuple[UsageRecord, str]] = {}
    places = sorted((one.place for one in page), key=lambda place: place.position)
    for position, group in groupby(places, lambda place: place.position):
        [recorded] = log.page(position - 1, 1)
        if not isinstance(recorded.event, UsageRecorded):
            raise TypeError(f"the event at position {position} is no usage")
        records = recorded.event.records()
        received = written(recorded.recorded_at)
        found.update({place: (records[place.ordinal], received) for place in group})
    return found


def _object(one: BehindLine, found: tuple[UsageRecord, str], line: RatedLine) -> dict[str, Any]:
    record, received = found
    place = one.place
    return {
        "object": "rated_meter_event",
        "id": f"mev_{place.timestamp}_{place.position}_{place.ordinal}",
        "identifier": record.identifier,
        "status": one.standing,
        "event_time": written(from_microseconds(record.timestamp)),
        "value": record.value,
        "payload": record.payload,
        "received": received,
        "position": place.position,
        "ordinal": place.ordinal,
        "cancelled_at_position": one.cancelled_at,
        "rated_through_position": line.through,
    }


LINE_EVENTS: Route = query(
    Endpoint(
        method="GET",
        path="/audit/v1/invoices/{invoice:str}/lines/{line:str}/meter_events",
        params=LineEvents,
        returns="rated_meter_event",
        summary="The meter events behind an invoice line",
        tag="Audit",
        listed=True,
        description=(
            "By their own time, oldest first: those that were `rated`, and those of the line's "
            "period that were not, being `cancelled` by then, `late` (recorded after the line was "
            "rated), or `superseded` within their hour or day. A line that adjusts another one "
            "shows that one's, as it was rated anew. As of an earlier moment: what had been "
            "recorded and cancelled by then."
        ),
    ),
    _list,
)
