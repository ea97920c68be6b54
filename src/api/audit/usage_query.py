"""What a customer used of a meter, whole or by hours, days and payload keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from api.audit.usage import written
from api.http.as_of import AsOfParams
from api.http.call import Call, View
from api.http.lists import ListParams, list_object
from api.http.params import exclusive, missing
from api.http.wire_types import Id, Moment, text
from api.meter_events.dimensions import ByDimensions, usage_of
from ledger.kernel.clock import from_epoch
from ledger.kernel.errors import NotFound
from ledger.kernel.quantities import decimal_text
from projections.customers.rows import CUSTOMERS
from projections.meter_events.summaries import (
    Grouping,
    Summary,
    SummaryQuery,
    check_times,
    page_of,
    summaries,
)
from projections.meters.rows import METERS, MeterRow


class UsageQuery(ByDimensions):
    """Which usage is asked for. Of `meter` and `event_name`, one is given."""

    meter: Id | None = None
    event_name: Annotated[str, text(100)] | None = None
    customer: Id
    start: Annotated[Moment, Field(description="Whole minutes; whole hours or days by `window`.")]
    end: Annotated[Moment, Field(description="Not part of what is asked for.")]
    window: Grouping | None = None

    @model_validator(mode="after")
    def _one_meter(self) -> Self:
        exclusive(self, "meter", "event_name")
        if self.meter is None and self.event_name is None:
            raise missing("meter")
        return self


class UsagePage(ListParams, UsageQuery, AsOfParams):
    """A page of it."""


@dataclass(frozen=True, slots=True)
class FoundUsage:
    """The usage that was asked for, the newest stretch of time first."""

    meter: MeterRow
    query: SummaryQuery
    summaries: list[Summary]


def find_usage(view: View, asked: UsageQuery) -> FoundUsage:
    """Every stretch of time with usage, as the view has it. Raises NotFound and InvalidRequest,
    naming the field."""
    meter = _meter(view, asked)
    view.rows.require(CUSTOMERS, "customer", asked.customer, param="customer")
    query = usage_of(meter, asked.customer, (asked.start, asked.end, asked.window), asked)
    check_times(query, start="start", end="end", grouping="window")
    return FoundUsage(meter, query, summaries(view.reader(), query, view.through))


def usage_page(call: Call[UsagePage]) -> dict[str, Any]:
    """One page as JSON."""
    found = find_usage(call.view(), call.params)
    page, more = page_of(found.summaries, call.params)
    return list_object(call.url, usage_objects(found, page), has_more=more)


def usage_objects(found: FoundUsage, page: Sequence[Summary]) -> list[dict[str, Any]]:
    """Summaries with what they are of. Values are exact decimal texts, times RFC 3339 in UTC."""
    return [
        {
            "object": "usage_summary",
            "id": summary.id,
            "meter": found.meter.id,
            "event_name": found.meter.event_name,
            "customer": found.query.customer,
            "formula": found.meter.formula,
            "start": written(from_epoch(summary.start_time)),
            "end": written(from_epoch(summary.end_time)),
            "value": decimal_text(summary.aggregated_value),
            "dimensions": summary.dimensions,
        }
        for summary in page
    ]


def _meter(view: View, asked: UsageQuery) -> MeterRow:
    if asked.meter is not None:
        return view.rows.require(METERS, "billing meter", asked.meter, param="meter")
    named = view.reader().fetch_rows(
        METERS,
        "ledger_id = %(ledger_id)s AND event_name = %(event_name)s",
        {"event_name": asked.event_name},
    )
    if not named:
        raise NotFound("billing meter", asked.event_name or "", param="event_name")
    return view.rows.require(METERS, "billing meter", named[0].id, param="event_name")
