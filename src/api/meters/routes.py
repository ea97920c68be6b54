"""`/v1/billing/meters`."""

from typing import Any

from api.http.call import Call, View
from api.http.lists import list_object
from api.http.routes import NoParams, Resource, Route
from api.meters.objects import meter_object
from api.meters.params import MeterCreate, MeterList, MeterUpdate
from ledger.kernel.ids import new_moded_id
from ledger.meters.commands import CreateMeter, DeactivateMeter, ReactivateMeter, RenameMeter
from projections.meters.rows import METERS

METER = Resource("Meters", "billing.meter", "mtr")
ONE = "/v1/billing/meters/{meter:str}"


def _create(call: Call[MeterCreate]) -> CreateMeter:
    asked = call.params
    mapping, value = asked.customer_mapping, asked.value_settings
    return CreateMeter(
        meter=new_moded_id("mtr", livemode=call.identity.livemode),
        display_name=asked.display_name,
        event_name=asked.event_name,
        formula=asked.default_aggregation.formula,
        customer_key=mapping.event_payload_key if mapping else "stripe_customer_id",
        value_key=value.event_payload_key if value else "value",
        event_time_window=asked.event_time_window,
        dimension_payload_keys=tuple(asked.dimension_payload_keys),
    )


def _update(call: Call[MeterUpdate]) -> RenameMeter:
    return RenameMeter(meter=call.path["meter"], display_name=call.params.display_name)


def _deactivate(call: Call[NoParams]) -> DeactivateMeter:
    return DeactivateMeter(meter=call.path["meter"])


def _reactivate(call: Call[NoParams]) -> ReactivateMeter:
    return ReactivateMeter(meter=call.path["meter"])


def one_meter(view: View, meter_id: str) -> dict[str, Any]:
    """A meter by its id. Raises NotFound."""
    return meter_object(view.rows.require(METERS, "billing meter", meter_id))


def _list(call: Call[MeterList]) -> dict[str, Any]:
    rows, more = call.reader().page(METERS, call.params, {"status": call.params.status})
    return list_object(call.url, [meter_object(row) for row in rows], has_more=more)


ROUTES: list[Route] = [
    METER.post("/v1/billing/meters", MeterCreate, "Create a meter", _create, one_meter),
    METER.page("/v1/billing/meters", MeterList, "List meters", _list),
    METER.retrieve(ONE, "Retrieve a meter", one_meter),
    METER.post(ONE, MeterUpdate, "Rename a meter", _update, one_meter),
    METER.post(
        f"{ONE}/deactivate",
        NoParams,
        "Deactivate a meter",
        _deactivate,
        one_meter,
        "An inactive meter accepts no events and cannot be attached to a price.",
    ),
    METER.post(f"{ONE}/reactivate", NoParams, "Reactivate a meter", _reactivate, one_meter),
]
