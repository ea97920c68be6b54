"""Meter events over HTTP, through the official client and raw requests."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from stripe import InvalidRequestError, StripeClient

from ledger.kernel.clock import system_now, to_epoch
from tests.support.served import TEST_LEDGER, Served
from tests.support.stripe_shape import problems

HOUR = 3_600


@dataclass
class Metered:
    """A meter of its own name and a customer, on the served ledger."""

    served: Served
    client: StripeClient
    meter: str
    event_name: str
    customer: str

    def event(self, value: str = "1", **params: Any) -> dict[str, Any]:
        payload = {"stripe_customer_id": self.customer, "value": value}
        return {"event_name": self.event_name, "payload": payload, **params}

    def form(self, value: str = "1", **params: Any) -> dict[str, str]:
        return {
            "event_name": self.event_name,
            "payload[stripe_customer_id]": self.customer,
            "payload[value]": value,
            **params,
        }

    def total(self) -> Any:
        """The usage of today and yesterday, None if there is none."""
        day = to_epoch(system_now()) // (24 * HOUR) * 24 * HOUR
        found = self.client.v1.billing.meters.event_summaries.list(
            self.meter,
            {"customer": self.customer, "start_time": day - 24 * HOUR, "end_time": day + 24 * HOUR},
        )
        return found.data[0].aggregated_value if found.data else None


@pytest.fixture
def metered(served: Served) -> Metered:
    client = served.client()
    name = f"tokens_{uuid.uuid4().hex}"
    meter = client.v1.billing.meters.create(
        {"display_name": name, "event_name": name, "default_aggregation": {"formula": "sum"}}
    )
    customer = client.v1.customers.create({"name": "Ada"})
    return Metered(served, client, meter.id, name, customer.id)


def post(metered: Metered, form: dict[str, str], **headers: str) -> httpx.Response:
    with metered.served.http() as http:
        return http.post("/v1/billing/meter_events", data=form, headers=headers)


def test_a_meter_event_is_answered_as_the_sdk_expects_it(metered: Metered) -> None:
    now = to_epoch(system_now())
    params: Any = metered.event("25", identifier=f"e-{uuid.uuid4()}", timestamp=now - 60)
    event = metered.client.v1.billing.meter_events.create(params)
    assert problems(event.to_dict(), "billing.MeterEvent") == []
    assert event.to_dict()["payload"] == params["payload"]
    assert (event.identifier, event.timestamp) == (params["identifier"], now - 60)
    assert event.created >= now
    assert metered.total() == 25


def test_what_is_left_out_is_made_up(metered: Metered) -> None:
    params: Any = metered.event()
    event = metered.client.v1.billing.meter_events.create(params)
    assert uuid.UUID(event.identifier).version == 7
    assert event.timestamp == event.created


def test_v2_takes_json_and_writes_times_as_text(metered: Metered) -> None:
    params: Any = metered.event("0.125", identifier=f"e-{uuid.uuid4()}")
    event = metered.client.v2.billing.meter_events.create(params)
    assert problems(event.to_dict(), "v2.billing.MeterEvent") == []
    assert event.timestamp == event.created
    assert event.created.endswith("Z")
    assert metered.total() == 0.125


def test_a_repeated_identifier_is_refused_on_both(metered: Metered) -> None:
    identifier = f"e-{uuid.uuid4()}"
    assert post(metered, metered.form(identifier=identifier)).status_code == 200
    again = post(metered, metered.form("7", identifier=identifier))
    assert again.status_code == 400
    assert again.headers["stripe-should-retry"] == "false"
    assert again.json()["error"] == {
        "type": "invalid_request_error",
        "message": f"An event already exists with identifier {identifier}.",
        "param": "identifier",
    }
    params: Any = metered.event(identifier=identifier)
    with pytest.raises(InvalidRequestError) as refused:
        metered.client.v2.billing.meter_events.create(params)
    assert refused.value.code == "duplicate_meter_event"
    assert metered.total() == 1


def test_a_repeated_request_gets_its_first_answer(metered: Metered) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = post(metered, metered.form(), **key)
    again = post(metered, metered.form(), **key)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content
    other = post(metered, metered.form("2"), **key)
    assert other.json()["error"]["type"] == "idempotency_error"
    assert metered.total() == 1


@pytest.mark.parametrize("identified", [True, False])
def test_an_answer_that_was_never_kept_is_given_again(metered: Metered, identified: bool) -> None:
    """As after a crash between the commit and the answer."""
    key = str(uuid.uuid4())
    named = {"identifier": f"e-{uuid.uuid4()}"} if identified else {}
    first = post(metered, metered.form(**named), **{"Idempotency-Key": key})
    with psycopg.connect(metered.served.database_url) as connection:
        forgotten = connection.execute(
            "UPDATE ledger.idempotency_keys SET status = NULL, sealed_body = NULL "
            "WHERE ledger_id = %s AND key = %s",
            (TEST_LEDGER, key),
        )
        assert forgotten.rowcount == 1
    again = post(metered, metered.form(**named), **{"Idempotency-Key": key})
    assert again.json() == first.json()
    assert metered.total() == 1


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"event_name": "nothing"}, "event_name"),
        ({"payload[stripe_customer_id]": "cus_nobody"}, "payload[stripe_customer_id]"),
        ({"payload[value]": "1e3"}, "payload[value]"),
        ({"payload[value]": "1234567890123456"}, "payload[value]"),
        ({"payload[value]": ""}, "payload[value]"),
        ({"timestamp": "1"}, "timestamp"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"identifier": "x" * 101}, "identifier"),
        ({"identifier": ""}, "identifier"),
        ({"colour": "red"}, "colour"),
        ({"payload[a][b]": "x"}, "payload[a]"),
    ],
)
def test_bad_input_is_refused_by_field_and_leaves_no_event(
    metered: Metered, changes: dict[str, str], param: str
) -> None:
    head = metered.served.head()
    answer = post(metered, metered.form() | changes)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param
    assert metered.served.head() == head


@pytest.mark.parametrize(
    "left_out", ["event_name", "payload[stripe_customer_id]", "payload[value]"]
)
def test_what_is_missing_is_named(metered: Metered, left_out: str) -> None:
    form = {name: value for name, value in metered.form().items() if name != left_out}
    assert post(metered, form).json()["error"]["param"] == left_out


def test_a_number_in_a_json_payload_is_no_text(metered: Metered) -> None:
    body = metered.event()
    body["payload"]["value"] = 25
    with metered.served.http() as http:
        answer = http.post("/v2/billing/meter_events", json=body)
    assert answer.status_code == 400
    assert "Invalid string: 25" in answer.json()["error"]["message"]


def test_a_cancelled_event_counts_no_more(metered: Metered) -> None:
    identifiers = [f"e-{uuid.uuid4()}" for _ in range(3)]
    for identifier in identifiers:
        post(metered, metered.form("5", identifier=identifier))
    cancel: Any = {"event_name": metered.event_name, "type": "cancel"}
    adjustments = metered.client.v1.billing.meter_event_adjustments
    adjustment = adjustments.create(cancel | {"cancel": {"identifier": identifiers[0]}})
    assert problems(adjustment.to_dict(), "billing.MeterEventAdjustment") == []
    assert adjustment.status == "complete"
    assert metered.total() == 10
    again: Any = metered.client.v2.billing.meter_event_adjustments.create(
        cancel | {"cancel": {"identifier": identifiers[1]}}
    )
    assert problems(again.to_dict(), "v2.billing.MeterEventAdjustment") == []
    assert again.id.startswith("mtr_event_adj_test_")
    assert metered.total() == 5


def test_an_adjustment_names_what_it_cancels(metered: Metered) -> None:
    cancel = {"event_name": metered.event_name, "type": "cancel"}
    unknown = cancel | {"cancel[identifier]": "never"}
    with metered.served.http() as http:
        for form, code in ((cancel, "parameter_missing"), (unknown, "resource_missing")):
            answer = http.post("/v1/billing/meter_event_adjustments", data=form)
            assert answer.status_code == 400
            error = answer.json()["error"]
            assert (error["code"], error["param"]) == (code, "cancel[identifier]")


def test_summaries_are_paged_newest_first(metered: Metered) -> None:
    now = to_epoch(system_now()) // HOUR * HOUR
    for hours in (1, 2, 4):
        post(metered, metered.form(str(hours), timestamp=str(now - hours * HOUR)))
    wanted: Any = {
        "customer": metered.customer,
        "start_time": now - 5 * HOUR,
        "end_time": now,
        "value_grouping_window": "hour",
        "limit": 2,
    }
    summaries = metered.client.v1.billing.meters.event_summaries
    page = summaries.list(metered.meter, wanted)
    assert [problems(s.to_dict(), "billing.MeterEventSummary") for s in page.data] == [[], []]
    assert page.has_more
    found = [(s.start_time, s.end_time, s.aggregated_value) for s in page.auto_paging_iter()]
    assert found == [(now - h * HOUR, now - (h - 1) * HOUR, h) for h in (1, 2, 4)]


def test_a_summary_shows_the_exact_number(metered: Metered) -> None:
    for value in ("0.1", "0.2", "12345678901234.5"):
        post(metered, metered.form(value))
    now = to_epoch(system_now()) // HOUR * HOUR
    times = {"start_time": now - HOUR, "end_time": now + 2 * HOUR}
    with metered.served.http() as http:
        answer = http.get(
            f"/v1/billing/meters/{metered.meter}/event_summaries",
            params={"customer": metered.customer, **times},
        )
    assert '"aggregated_value":12345678901234.8,' in answer.text
    assert json.loads(answer.text)["data"][0]["object"] == "billing.meter_event_summary"


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"start_time": 61}, "start_time"),
        ({"end_time": 7201}, "end_time"),
        ({"start_time": 60, "value_grouping_window": "hour"}, "start_time"),
        ({"end_time": 3600}, "end_time"),
        ({"customer": "cus_nobody"}, "customer"),
        ({"starting_after": "mtrusg_test_x"}, "starting_after"),
        ({"limit": 101}, "limit"),
        ({"value_grouping_window": "week"}, "value_grouping_window"),
    ],
)
def test_bad_windows_are_refused(metered: Metered, changes: dict[str, Any], param: str) -> None:
    window = {"customer": metered.customer, "start_time": 3600, "end_time": 7200}
    with metered.served.http() as http:
        answer = http.get(
            f"/v1/billing/meters/{metered.meter}/event_summaries", params=window | changes
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_summaries_of_an_unknown_meter_are_not_found(metered: Metered) -> None:
    with metered.served.http() as http:
        answer = http.get(
            "/v1/billing/meters/mtr_test_none/event_summaries",
            params={"customer": metered.customer, "start_time": 0, "end_time": 60},
        )
    assert answer.status_code == 404
