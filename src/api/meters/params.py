"""Parameters of the meter routes (contract §5)."""

from typing import Annotated, Literal

from api.http.lists import ListParams
from api.http.params import Params, RequestParams
from api.http.wire_types import text
from ledger.meters.aggregate import MeterStatus
from ledger.meters.events import TimeWindow

PayloadKey = Annotated[str, text(100)]


class DefaultAggregation(Params):
    formula: Literal["sum", "count", "last"]


class CustomerMapping(Params):
    event_payload_key: PayloadKey
    type: Literal["by_id"]


class ValueSettings(Params):
    event_payload_key: PayloadKey


class MeterCreate(RequestParams):
    default_aggregation: DefaultAggregation
    display_name: Annotated[str, text(250)]
    event_name: Annotated[str, text(100)]
    customer_mapping: CustomerMapping | None = None
    event_time_window: TimeWindow | None = None
    value_settings: ValueSettings | None = None


class MeterUpdate(RequestParams):
    display_name: Annotated[str, text(250)] | None = None


class MeterList(ListParams):
    status: MeterStatus | None = None
