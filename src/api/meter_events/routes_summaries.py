"""`/v1/billing/meters/{id}/event_summaries`."""

from api.http.call import Call
from api.http.lists import list_object
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.meter_events.dimensions import usage_of
from api.meter_events.objects import summary_object
from api.meter_events.params import SummaryList
from projections.customers.rows import CUSTOMERS
from projections.meter_events.summaries import page_of, summaries
from projections.meters.rows import METERS


def _list(call: Call[SummaryList]) -> JsonObject:
    reader, asked = call.reader(), call.params
    meter = reader.require(METERS, "billing meter", call.path["meter"])
    reader.require(CUSTOMERS, "customer", asked.customer, param="customer")
    times = asked.start_time, asked.end_time, asked.value_grouping_window
    wanted = usage_of(meter, asked.customer, times, asked)
    found, more = page_of(summaries(reader, wanted), asked)
    return list_object(call.url, [summary_object(s, wanted) for s in found], has_more=more)


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/v1/billing/meters/{meter:str}/event_summaries",
            params=SummaryList,
            returns="billing.meter_event_summary",
            summary="Sum up a customer's meter events",
            tag="Meters",
            listed=True,
            description="Newest first; stretches of time without usage are left out. Includes "
            "every event that was acknowledged before the request. Grouped by payload keys, each "
            "summary also has `dimensions`, the text under each of them, null for usage without.",
        ),
        _list,
    )
]
