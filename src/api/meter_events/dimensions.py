"""Usage by payload keys: how it is asked for, and what may be asked."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from api.http.params import RequestParams
from api.http.wire_types import ArrayOf, StringMap, text
from ledger.kernel.errors import InvalidRequest
from projections.meter_events.summaries import Grouping, SummaryQuery
from projections.meters.rows import MeterRow

MOST_KEYS: Final = 10
"""Payload keys to filter by, and to group by, in one request."""


class ByDimensions(RequestParams):
    """An extension of requests for usage."""

    dimension_filters: Annotated[
        StringMap,
        Field(
            description="An extension: only usage with these texts under these payload keys. "
            "Several filters narrow each other down."
        ),
    ] = Field(default_factory=dict[str, str])
    dimension_group_by_keys: Annotated[
        ArrayOf[Annotated[str, text(100)]],
        Field(
            description="An extension: divides usage by the texts under these payload keys. Keys "
            "that the meter declares are read from rollups, others from single events. More than "
            "10,000 summaries are refused."
        ),
    ] = Field(default_factory=list[str])


def usage_of(
    meter: MeterRow,
    customer: str,
    times: tuple[datetime, datetime, Grouping | None],
    asked: ByDimensions,
) -> SummaryQuery:
    """The query for a customer's usage of a meter.

    Raises InvalidRequest, naming the field, for payload keys that usage cannot be divided by.
    """
    filters, keys = asked.dimension_filters, asked.dimension_group_by_keys
    _check(meter, {f"dimension_filters[{key}]": key for key in filters}, "dimension_filters")
    _check_different(keys)
    named = {f"dimension_group_by_keys[{place}]": key for place, key in enumerate(keys)}
    _check(meter, named, "dimension_group_by_keys")
    return SummaryQuery(
        meter.definition(),
        customer,
        *times,
        livemode=meter.livemode,
        filters=filters,
        group_by=tuple(keys),
    )


def _check(meter: MeterRow, keys: Mapping[str, str], param: str) -> None:
    if len(keys) > MOST_KEYS:
        raise InvalidRequest(f"Invalid {param}: at most {MOST_KEYS} are allowed.", param=param)
    for name, key in keys.items():
        if key in {meter.customer_key, meter.value_key}:
            holds = "customer" if key == meter.customer_key else "value"
            raise InvalidRequest(
                f"'{key}' is the meter's payload key of the {holds} and is no dimension.",
                param=name,
            )


def _check_different(keys: Sequence[str]) -> None:
    for place, key in enumerate(keys):
        if key in keys[:place]:
            raise InvalidRequest(
                f"The payload key '{key}' is given twice.",
                param=f"dimension_group_by_keys[{place}]",
            )
