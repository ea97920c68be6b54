"""`/v1/billing/meter_events` and `/v2/billing/meter_events`, and the routes around them."""

from collections.abc import Callable
from typing import Any, TypeAlias

from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route
from api.meter_events.objects import (
    RecordedMeterEvent,
    meter_event_object,
    meter_event_object_v2,
)
from api.meter_events.params import MeterEventCreate, MeterEventCreateV2
from api.meter_events.routes_adjustments import ROUTES as ADJUSTMENTS
from api.meter_events.routes_summaries import ROUTES as SUMMARIES
from ledger.application import Outcome
from ledger.kernel.clock import to_microseconds
from ledger.kernel.ids import new_time_ordered_id
from ledger.meter_events.events import UsageRecord, UsageRecorded
from ledger.meter_events.validation import UsageReport
from ledger.store.outcomes import IdempotencyKeyTaken

TAG = "Meter events"

AnyCreate: TypeAlias = MeterEventCreate | MeterEventCreateV2
Render: TypeAlias = Callable[[RecordedMeterEvent], JsonObject]


def _create(call: Call[AnyCreate], render: Render) -> JsonObject:
    circumstances = call.circumstances()
    asked = call.params
    report = UsageReport(
        asked.event_name,
        asked.identifier or new_time_ordered_id(circumstances.now),
        asked.payload,
        None if asked.timestamp is None else to_microseconds(asked.timestamp),
        circumstances.idempotency,
    )
    verdict = call.services.usage_ingestion(call.identity).record([report], circumstances)[0]
    if verdict.error is not None:
        raise verdict.error
    if verdict.record is None or verdict.position is None:
        raise IdempotencyKeyTaken(call.claim.key if call.claim else "")
    call.outcomes.append(Outcome(verdict.position, ()))
    call.services.wake()
    return render(
        RecordedMeterEvent(
            asked.event_name,
            report.identifier,
            asked.payload,
            verdict.record.timestamp,
            circumstances.now,
            call.identity.livemode,
        )
    )


def _recall(call: Call[AnyCreate], position: int, render: Render) -> JsonObject:
    """The answer to a request whose event stands at a position already."""
    (recorded,) = call.services.log(call.identity.ledger_id).page(position - 1, 1)
    if not isinstance(recorded.event, UsageRecorded):
        raise TypeError(f"the event at position {position} is no usage")
    record = next(r for r in recorded.event.records() if _is_of(r, call.params))
    return render(
        RecordedMeterEvent(
            call.params.event_name,
            record.identifier,
            call.params.payload,
            record.timestamp,
            recorded.recorded_at,
            call.identity.livemode,
        )
    )


def _is_of(record: UsageRecord, asked: AnyCreate) -> bool:
    """Whether a request led to this record. One without an identifier is told by its content:
    of records that are alike in all but a generated identifier, any will do."""
    if asked.identifier is not None:
        return record.identifier == asked.identifier
    sent = set(asked.payload.values())
    return record.customer in sent and record.payload.items() <= asked.payload.items()


def _event_route(
    path: str, params: type[AnyCreate], returns: str, render: Render, description: str
) -> Route:
    def handle(call: Call[Any]) -> JsonObject:
        return _create(call, render)

    def recall(call: Call[Any], position: int) -> JsonObject:
        return _recall(call, position, render)

    endpoint = Endpoint(
        method="POST",
        path=path,
        params=params,
        returns=returns,
        summary="Record a meter event",
        tag=TAG,
        description=description,
    )
    return Route(endpoint=endpoint, handle=handle, recall=recall)


ROUTES: list[Route] = [
    _event_route(
        "/v1/billing/meter_events",
        MeterEventCreate,
        "billing.meter_event",
        meter_event_object,
        "An identifier is recorded once, for ever: a repeat is refused. Summaries and previews "
        "include the event as soon as it is answered.",
    ),
    _event_route(
        "/v2/billing/meter_events",
        MeterEventCreateV2,
        "v2.billing.meter_event",
        meter_event_object_v2,
        "The same as `/v1/billing/meter_events`, in JSON.",
    ),
    *ADJUSTMENTS,
    *SUMMARIES,
]
