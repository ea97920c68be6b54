"""Parameters of the meter routes (contract §5)."""

from typing import Annotated, Literal

from pydantic import Field

from api.http.lists import ListParams
from api.http.params import Params, RequestParams
from api.http.wire_types import ArrayOf, text
from ledger.meters.aggregate import MeterStatus
from ledger.meters.events import Formula, TimeWindow

PayloadKey = Annotated[str, text(100)]


class DefaultAggregation(Params):
    formula: Annotated[
        Formula,
        Field(
            description="`max`, `min`, `average` and `unique_count` are extensions: the greatest "
            "or smallest value, the sum over the number of events to 12 decimals, and the number "
            "of different texts under the value key, which need not be numbers."
        ),
    ]


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
    dimension_payload_keys: Annotated[
        ArrayOf[PayloadKey],
        Field(
            description="An extension: up to 10 payload keys by which usage can be filtered and "
            "grouped as quickly as it can be summed up. Events may lack them."
        ),
    ] = Field(default_factory=list[str])
    event_time_window: TimeWindow | None = None
    value_settings: ValueSettings | None = None


class MeterUpdate(RequestParams):
    display_name: Annotated[str, text(250)] | None = None


class MeterList(ListParams):
    status: MeterStatus | None = None
