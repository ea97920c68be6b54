"""Parameters of the meter event routes (contract §5)."""

from typing import Annotated, Literal

from api.http.lists import ListParams
from api.http.params import Params, RequestParams
from api.http.wire_types import Id, Rfc3339Timestamp, StringMap, WireTimestamp, text
from api.meter_events.dimensions import ByDimensions
from projections.meter_events.summaries import Grouping

EventName = Annotated[str, text(100)]
Identifier = Annotated[str, text(100)]


class MeterEventCreate(RequestParams):
    event_name: EventName
    payload: StringMap
    identifier: Identifier | None = None
    timestamp: WireTimestamp | None = None


class MeterEventCreateV2(Params):
    event_name: EventName
    payload: StringMap
    identifier: Identifier | None = None
    timestamp: Rfc3339Timestamp | None = None


class CancelledEvent(Params):
    identifier: Identifier


class AdjustmentCreate(RequestParams):
    """`cancel` is optional in the official schema, but nothing can be done without it."""

    event_name: EventName
    type: Literal["cancel"]
    cancel: CancelledEvent | None = None


class AdjustmentCreateV2(Params):
    event_name: EventName
    type: Literal["cancel"]
    cancel: CancelledEvent


class SummaryList(ListParams, ByDimensions):
    customer: Id
    start_time: WireTimestamp
    end_time: WireTimestamp
    value_grouping_window: Grouping | None = None
