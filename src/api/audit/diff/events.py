"""The events between two positions that made a subject differ."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.audit.diff.meanings import meaning
from api.audit.diff.steps import Steps
from api.audit.diff.subjects import Rendered
from api.audit.usage import written
from ledger.kernel.events import Cause, RecordedEvent
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.usage import Positions
from projections.meter_events.between import usage_between
from projections.runtime.log import Log
from projections.runtime.reader import Reader


class EventPage(NamedTuple):
    """At most `limit` events after a position."""

    after: int
    limit: int


@dataclass(frozen=True, slots=True)
class Between:
    """Events in the order of the log, and whether more follow.

    `meter_events` says for positions of usage how many of the subject's own are there, `changed`
    for each position which of the fields that differ came to do so there. What was used in a row
    changed them together.
    """

    events: list[RecordedEvent]
    meter_events: dict[int, int]
    changed: dict[int, tuple[str, ...]]
    customer: str | None
    more: bool

    def objects(self) -> list[dict[str, Any]]:
        """The events as JSON."""
        return [
            _event(one, self.customer, self.meter_events.get(one.position))
            | {"changed": [*self.changed[one.position]]}
            for one in self.events
        ]


def events_between(
    reader: Reader,
    log: Log,
    sides: Collection[Rendered],
    steps: Steps,
    within: Positions,
    page: EventPage,
) -> Between:
    """The first events after a position that changed something: of streams that either side rests
    on, and of usage that it counts. Raises InvalidRequest where the log takes too long to read."""
    streams = {stream for side in sides for stream in side.streams}
    found = {
        recorded.position: recorded
        for stream in streams
        for recorded in log.stream(stream)
        if within.first <= recorded.position <= within.last
    }
    customer = next((side.customer for side in sides if side.customer is not None), None)
    changed: dict[int, tuple[str, ...]] = {}
    usage: dict[int, int] = {}
    places = {within.first - 1, within.last, *found, *(position - 1 for position in found)}
    for step in steps.between(places, beyond=page.after):
        if step.through in found:
            changed[step.through] = step.changed
        elif customer is not None:
            part = Positions(max(step.after, page.after) + 1, step.through)
            used = _usage(reader, customer, sides, part, page.limit + 1 - len(changed))
            usage |= used
            changed |= dict.fromkeys(used, step.changed)
        if len(changed) > page.limit:
            break
    shown = sorted(changed)[: page.limit]
    events = [found[one] if one in found else _at(log, one) for one in shown]
    return Between(
        events, usage, customer=customer, changed=changed, more=len(changed) > len(shown)
    )


def _usage(
    reader: Reader, customer: str, sides: Collection[Rendered], within: Positions, limit: int
) -> dict[int, int]:
    """Meter events of both sides by position; of an invoice none after it was finalized."""
    last = within.last
    for side in sides:
        if side.usage_through is not None:
            last = min(last, side.usage_through)
    asked = [one for side in sides for one in side.usage]
    found = usage_between(reader, customer, asked, Positions(within.first, last), limit)
    return {one.position: one.meter_events for one in found}


def _at(log: Log, position: int) -> RecordedEvent:
    [recorded] = log.page(position - 1, 1)
    return recorded


def _event(recorded: RecordedEvent, customer: str | None, usage: int | None) -> dict[str, Any]:
    request_id, key, actor = _cause(recorded, customer)
    return {
        "object": "ledger_event",
        "position": recorded.position,
        "type": recorded.event.TOPIC,
        "stream": recorded.originator_id,
        "recorded_at": written(recorded.recorded_at),
        "actor": actor,
        "request_id": request_id,
        "idempotency_key": key,
        "meaning": meaning(recorded.event, usage or 0),
        "meter_events": usage,
    }


def _cause(recorded: RecordedEvent, customer: str | None) -> Cause:
    """Who caused an event: of usage that came with several requests, the one that reported the
    customer's, if it is one."""
    metadata, event = recorded.metadata, recorded.event
    whole = Cause(metadata.request_id, metadata.idempotency_key, metadata.actor)
    if metadata.requests is None or not isinstance(event, UsageRecorded):
        return whole
    pairs = zip(event.records(), metadata.requests, strict=False)
    causes = {cause for record, cause in pairs if record.customer == customer}
    if len(causes) != 1:
        return whole
    [cause] = causes
    return cause._replace(actor=cause.actor or metadata.actor)
