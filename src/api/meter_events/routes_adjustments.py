"""Cancelling a meter event, as an adjustment of it."""

from typing import Any

from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.params import Params, missing
from api.http.routes import JsonObject, Route
from api.meter_events.objects import adjustment_id, adjustment_object, rfc_3339
from api.meter_events.params import AdjustmentCreate, AdjustmentCreateV2
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.events import MeterEventCancelled

TAG = "Meter events"
DESCRIPTION = (
    "Cancels one meter event that was received in the last 24 hours. It counts no more in "
    "summaries, previews and drafts; a finalized invoice is never changed."
)


def _identifier(call: Call[AdjustmentCreate | AdjustmentCreateV2]) -> str:
    if call.params.cancel is None:
        raise missing("cancel[identifier]")
    return call.params.cancel.identifier


def _cancel(call: Call[Any]) -> RecordedEvent:
    command = CancelMeterEvent(identifier=_identifier(call), event_name=call.params.event_name)
    return call.execute(command).events[0]


def _object(call: Call[Any]) -> JsonObject:
    return adjustment_object(
        call.params.event_name, _identifier(call), livemode=call.identity.livemode
    )


def _object_v2(call: Call[Any], recorded: RecordedEvent) -> JsonObject:
    event = recorded.event
    if not isinstance(event, MeterEventCancelled):
        raise TypeError(f"the event at position {recorded.position} is no cancellation")
    return _object(call) | {
        "object": "v2.billing.meter_event_adjustment",
        "id": adjustment_id(event, livemode=call.identity.livemode),
        "created": rfc_3339(event.at),
    }


def _create(call: Call[AdjustmentCreate]) -> JsonObject:
    _cancel(call)
    return _object(call)


def _recall(call: Call[AdjustmentCreate], _: int) -> JsonObject:
    return _object(call)


def _create_v2(call: Call[AdjustmentCreateV2]) -> JsonObject:
    return _object_v2(call, _cancel(call))


def _recall_v2(call: Call[AdjustmentCreateV2], position: int) -> JsonObject:
    (recorded,) = call.services.log(call.identity.ledger_id).page(position - 1, 1)
    return _object_v2(call, recorded)


def _endpoint(path: str, params: type[Params], returns: str) -> Endpoint:
    return Endpoint(
        method="POST",
        path=path,
        params=params,
        returns=returns,
        summary="Cancel a meter event",
        tag=TAG,
        description=DESCRIPTION,
    )


ROUTES: list[Route] = [
    Route(
        endpoint=_endpoint(
            "/v1/billing/meter_event_adjustments",
            AdjustmentCreate,
            "billing.meter_event_adjustment",
        ),
        handle=_create,
        recall=_recall,
    ),
    Route(
        endpoint=_endpoint(
            "/v2/billing/meter_event_adjustments",
            AdjustmentCreateV2,
            "v2.billing.meter_event_adjustment",
        ),
        handle=_create_v2,
        recall=_recall_v2,
    ),
]
