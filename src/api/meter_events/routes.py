"""`/v1/billing/meter_events` and `/v2/billing/meter_events`, and the routes around them."""

from asyncio import Future, get_running_loop
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from api.http.call import Call
from api.http.idempotency import KeptAnswer, sealed_answer
from api.http.loop_replies import loop_replies
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, encode_answer
from api.meter_events.objects import (
    RecordedMeterEvent,
    meter_event_object,
    meter_event_object_v2,
)
from api.meter_events.params import MeterEventCreate, MeterEventCreateV2
from api.meter_events.routes_adjustments import ROUTES as ADJUSTMENTS
from api.meter_events.routes_stream import SESSIONS
from api.meter_events.routes_summaries import ROUTES as SUMMARIES
from ledger.application import Outcome
from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import Circumstances
from ledger.kernel.events import Metadata
from ledger.kernel.ids import new_time_ordered_id
from ledger.meter_events.events import UsageRecord, UsageRecorded
from ledger.meter_events.ingestion import Verdict
from ledger.meter_events.validation import UsageReport
from ledger.store.outcomes import IdempotencyKeyTaken, SealedAnswer

TAG = "Meter events"

AnyCreate: TypeAlias = MeterEventCreate | MeterEventCreateV2
Render: TypeAlias = Callable[[RecordedMeterEvent], JsonObject]


@dataclass(slots=True)
class _Answer:
    """What a request will be answered: rendered and sealed before the commit that keeps both the
    event and the answer."""

    call: Call[AnyCreate]
    render: Render
    object: JsonObject = field(default_factory=dict[str, Any])
    body: bytes = b""

    def __call__(self, record: UsageRecord, received: datetime) -> SealedAnswer | None:
        asked, claim = self.call.params, self.call.claim
        self.object = self.render(
            RecordedMeterEvent(
                asked.event_name,
                record.identifier,
                asked.payload,
                record.timestamp,
                received,
                self.call.identity.livemode,
            )
        )
        self.body = encode_answer(self.object)
        if claim is None:
            return None
        return sealed_answer(claim, self.call.caller.secret, KeptAnswer(200, self.body))


def _report(call: Call[AnyCreate], circumstances: Circumstances, answer: _Answer) -> UsageReport:
    asked = call.params
    return UsageReport(
        asked.event_name,
        asked.identifier or new_time_ordered_id(circumstances.now),
        asked.payload,
        None if asked.timestamp is None else to_microseconds(asked.timestamp),
        circumstances.idempotency,
        answer=answer,
    )


def _accepted_at(call: Call[AnyCreate], verdict: Verdict) -> int:
    """The position of the recorded event. Raises what refused it."""
    if verdict.error is not None:
        raise verdict.error
    if verdict.position is None:
        raise IdempotencyKeyTaken(call.claim.key if call.claim else "")
    return verdict.position


def _recall(call: Call[AnyCreate], position: int, render: Render) -> JsonObject:
    """The answer to a request whose event stands at a position already."""
    (recorded,) = call.services.log(call.identity.ledger_id).page(position - 1, 1)
    if not isinstance(recorded.event, UsageRecorded):
        raise TypeError(f"the event at position {position} is no usage")
    record = recorded.event.records()[_ordinal(call, recorded.metadata)]
    answer = _Answer(call, render)
    answer(record, recorded.recorded_at)
    return answer.object


def _ordinal(call: Call[AnyCreate], metadata: Metadata) -> int:
    """Which record of an event a request led to: the only one, or the one that names its key."""
    keys = [cause.idempotency_key for cause in metadata.requests or ()]
    return keys.index(call.claim.key) if keys and call.claim else 0


def _event_route(
    path: str, params: type[AnyCreate], returns: str, render: Render, description: str
) -> Route:
    def handle(call: Call[Any]) -> JsonObject:
        """Puts the event in line for the next group. Raises QueueFull."""
        answer, circumstances = _Answer(call, render), call.circumstances()
        ingestion = call.services.usage_ingestion(call.identity)
        report = _report(call, circumstances, answer)
        verdict = call.services.usage_writer.submit(ingestion, report, circumstances)
        position = _accepted_at(call, verdict.result())
        call.outcomes.append(Outcome(position, ()))
        return answer.object

    async def submit(call: Call[Any]) -> bytes:
        """The same for a coroutine."""
        answer, circumstances = _Answer(call, render), call.circumstances()
        ingestion = call.services.usage_ingestion(call.identity)
        report = _report(call, circumstances, answer)
        verdict: Future[Verdict] = get_running_loop().create_future()
        writer = call.services.usage_writer
        writer.hand_in(ingestion, report, circumstances, loop_replies(), verdict)
        _accepted_at(call, await verdict)
        return answer.body

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
    return Route(endpoint=endpoint, handle=handle, recall=recall, submit=submit)


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
    *SESSIONS,
    *ADJUSTMENTS,
    *SUMMARIES,
]
