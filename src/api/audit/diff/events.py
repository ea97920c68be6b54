"""The events between two positions that a subject rests on."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from api.audit.diff.meanings import meaning
from api.audit.diff.subjects import Rendered
from api.audit.usage import written
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.usage import Positions
from projections.meter_events.between import usage_between
from projections.runtime.log import Log
from projections.runtime.reader import Reader


@dataclass(frozen=True, slots=True)
class Between:
    """Events in the order of the log, and whether more follow.

    `meter_events` says for positions of usage how many of the subject's own are there.
    """

    events: list[RecordedEvent]
    meter_events: dict[int, int]
    more: bool

    def objects(self) -> list[dict[str, Any]]:
        """The events as JSON."""
        return [_event(one, self.meter_events.get(one.position)) for one in self.events]


def events_between(
    reader: Reader, log: Log, sides: Collection[Rendered], within: Positions, limit: int
) -> Between:
    """The first events, at most `limit`: of streams that either side rests on, and of usage that
    it counts. Raises InvalidRequest where the log takes too long to read."""
    streams = {stream for side in sides for stream in side.streams}
    found = {
        recorded.position: recorded
        for stream in streams
        for recorded in log.stream(stream)
        if within.first <= recorded.position <= within.last
    }
    usage = _usage(reader, sides, within, limit + 1)
    positions = sorted({*found, *usage})
    shown = positions[:limit]
    events = [found[one] if one in found else _at(log, one) for one in shown]
    return Between(events, usage, len(positions) > limit)


def _usage(
    reader: Reader, sides: Collection[Rendered], within: Positions, limit: int
) -> dict[int, int]:
    """Meter events of both sides by position; of an invoice none after it was finalized."""
    last = within.last
    for side in sides:
        if side.usage_through is not None:
            last = min(last, side.usage_through)
    customer = next((side.customer for side in sides if side.customer is not None), None)
    asked = [one for side in sides for one in side.usage]
    if customer is None or not asked:
        return {}
    found = usage_between(reader, customer, asked, Positions(within.first, last), limit)
    return {one.position: one.meter_events for one in found}


def _at(log: Log, position: int) -> RecordedEvent:
    [recorded] = log.page(position - 1, 1)
    return recorded


def _event(recorded: RecordedEvent, meter_events: int | None) -> dict[str, Any]:
    metadata = recorded.metadata
    return {
        "position": recorded.position,
        "topic": recorded.event.TOPIC,
        "stream": recorded.originator_id,
        "recorded_at": written(recorded.recorded_at),
        "actor": metadata.actor,
        "request": metadata.request_id,
        "idempotency_key": metadata.idempotency_key,
        "meaning": meaning(recorded.event, meter_events or 0),
        "meter_events": meter_events,
    }
