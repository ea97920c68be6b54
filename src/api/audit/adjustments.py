"""Cancelling a meter event at any time, for a reason that stays in the log."""

from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from api.audit.usage import usage_document
from api.http.call import Call, view_of
from api.http.openapi import Endpoint
from api.http.params import RequestParams
from api.http.routes import JsonObject, Route
from api.meter_events.objects import adjustment_id
from api.meter_events.params import CancelledEvent, EventName
from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import RecordedEvent
from ledger.kernel.ids import new_id
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.events import MeterEventCancelled

LONGEST_REASON = 500


class ReasonedAdjustment(RequestParams):
    """As at the compatible route, but with a reason; `event_name` is checked where it is given."""

    cancel: CancelledEvent
    reason: Annotated[
        str,
        StringConstraints(
            strict=True, strip_whitespace=True, min_length=1, max_length=LONGEST_REASON
        ),
    ]
    event_name: EventName | None = None
    type: Literal["cancel"] = "cancel"


def adjustment_document(
    services: Services, identity: LedgerIdentity, recorded: RecordedEvent
) -> JsonObject:
    """A cancellation and what it changed, as JSON. Invoices that were finalized with the event
    stay as they are: they are named in `unchanged_invoices`."""
    event = recorded.event
    if not isinstance(event, MeterEventCancelled):
        raise TypeError(f"the event at position {recorded.position} is no cancellation")
    usage = usage_document(view_of(services, identity), event.identifier)
    lines = usage["invoice_lines"]
    return {
        "object": "meter_event_adjustment",
        "id": adjustment_id(event, livemode=identity.livemode),
        "cancel": {"identifier": event.identifier},
        "event_name": event.event_name,
        "livemode": identity.livemode,
        "reason": event.reason,
        "status": "complete",
        "type": "cancel",
        "cancelled": usage["cancelled"],
        "customer": event.customer,
        "invoice_lines": lines,
        "meter": event.meter,
        "unchanged_invoices": sorted({line["invoice"] for line in lines if line["included"]}),
    }


def cancel(
    services: Services, identity: LedgerIdentity, identifier: str, reason: str
) -> JsonObject:
    """Cancel a meter event from the command line. Raises NotFound where there is none."""
    command = CancelMeterEvent(identifier=identifier, reason=reason, at_any_time=True)
    circumstances = Circumstances(system_now(), "system:cli", new_id("run"))
    try:
        [recorded] = services.application(identity).execute(command, circumstances).events
    except InvalidRequest as error:
        if error.code == "resource_missing":
            raise NotFound("meter event", identifier) from None
        raise
    services.wake(identity.ledger_id)
    return adjustment_document(services, identity, recorded)


def _create(call: Call[ReasonedAdjustment]) -> dict[str, Any]:
    asked = call.params
    command = CancelMeterEvent(
        identifier=asked.cancel.identifier,
        event_name=asked.event_name,
        reason=asked.reason,
        at_any_time=True,
    )
    [recorded] = call.execute(command).events
    return adjustment_document(call.services, call.identity, recorded)


def _recall(call: Call[ReasonedAdjustment], position: int) -> dict[str, Any]:
    [recorded] = call.services.log(call.identity.ledger_id).page(position - 1, 1)
    return adjustment_document(call.services, call.identity, recorded)


ADJUSTMENTS = Route(
    endpoint=Endpoint(
        method="POST",
        path="/audit/v1/meter_event_adjustments",
        params=ReasonedAdjustment,
        returns="meter_event_adjustment",
        summary="Cancel a meter event at any time",
        tag="Audit",
        description=(
            "Cancels one meter event, however long ago it was received, for a `reason` that is "
            "recorded. It counts no more in summaries, previews and drafts. A finalized invoice is "
            "never changed: `unchanged_invoices` names those that the event is on."
        ),
    ),
    handle=_create,
    recall=_recall,
)
