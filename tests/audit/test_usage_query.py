"""What a customer used: by the official client, our own route and the command line."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from stripe import InvalidRequestError, StripeClient

from ledger.kernel.clock import system_now, to_epoch
from tests.meter_events.usage_shop import counts, ndjson
from tests.support.sdk import answer_of
from tests.support.served import Served
from tests.support.stripe_shape import problems

HOUR, DAY = 3_600, 86_400


@dataclass
class Measured:
    """A meter with two dimensions, of which an hour of yesterday was used in four events."""

    served: Served
    client: StripeClient
    meter: str
    event_name: str
    customer: str
    midnight: int

    @classmethod
    def on(cls, served: Served, formula: str = "sum") -> "Measured":
        client, name = served.client(), f"tokens_{uuid.uuid4().hex}"
        asked: Any = {
            "display_name": name,
            "event_name": name,
            "default_aggregation": {"formula": formula},
            "dimension_payload_keys": ["model", "region"],
        }
        meter = client.v1.billing.meters.create(asked)
        customer = client.v1.customers.create({"name": "Ada"})
        midnight = to_epoch(system_now()) // DAY * DAY
        made = cls(served, client, meter.id, name, customer.id, midnight)
        made.use("1", 10, model="large", region="eu")
        made.use("2", 11, model="large", region="us", team="red")
        made.use("4.5", 10, model="small", region="eu")
        made.use("8", 10, team="red [bold]\x1b[31m")
        return made

    def use(self, value: str, hour: int, **texts: str) -> None:
        """Report usage of an hour of yesterday, through the bulk door."""
        payload = {"stripe_customer_id": self.customer, "value": value, **texts}
        record = {
            "event_name": self.event_name,
            "identifier": str(uuid.uuid4()),
            "timestamp": self.midnight - DAY + hour * HOUR,
            "payload": payload,
        }
        headers = {"Content-Type": "application/x-ndjson"}
        with self.served.http() as http:
            sent = http.post("/ingest/v1/usage", content=ndjson([record]), headers=headers)
        assert counts(sent) == (1, 0, 0, 0)

    @property
    def yesterday(self) -> dict[str, Any]:
        return {
            "customer": self.customer,
            "start_time": self.midnight - DAY,
            "end_time": self.midnight,
        }

    def summaries(self, **asked: Any) -> Any:
        parameters: Any = {**self.yesterday, **asked}
        return self.client.v1.billing.meters.event_summaries.list(self.meter, parameters)

    def query(self, **asked: Any) -> httpx.Response:
        day = {"customer": self.customer, "start": self.midnight - DAY, "end": self.midnight}
        with self.served.http() as http:
            return http.get("/audit/v1/usage", params={**day, **asked})

    def ask(self, *words: str) -> Any:
        """The command, for the whole of yesterday."""
        date = datetime.fromtimestamp(self.midnight - DAY, UTC).date().isoformat()
        today = datetime.fromtimestamp(self.midnight, UTC).date().isoformat()
        return self.served.command(
            *("usage", "query", "--customer", self.customer, "--event-name", self.event_name),
            *("--start", date, "--end", today, *words),
        )


@pytest.fixture(scope="module")
def measured(served: Served) -> Measured:
    return Measured.on(served)


def values(found: Any) -> list[tuple[Any, ...]]:
    """Texts and value of each summary, as the answer has them."""
    data = answer_of(found)["data"]
    return [(*(s.get("dimensions") or {}).values(), s["aggregated_value"]) for s in data]


def test_undivided_summaries_are_as_the_client_expects_them(measured: Measured) -> None:
    found = measured.summaries()
    assert problems(answer_of(found), "list:billing.MeterEventSummary") == []
    assert values(found) == [(15.5,)]


def test_the_client_groups_by_payload_keys(measured: Measured) -> None:
    by_model = measured.summaries(dimension_group_by_keys=["model"])
    assert values(by_model) == [("large", 3), ("small", 4.5), (None, 8)]
    both = measured.summaries(dimension_group_by_keys=["region", "model"])
    assert values(both) == [
        ("eu", "large", 1),
        ("eu", "small", 4.5),
        ("us", "large", 2),
        (None, None, 8),
    ]
    undeclared = measured.summaries(dimension_group_by_keys=["team"])
    assert [row[-1] for row in values(undeclared)] == [2, 8, 5.5]


def test_the_client_filters_by_payload_keys(measured: Measured) -> None:
    assert values(measured.summaries(dimension_filters={"model": "large"})) == [(3,)]
    both = measured.summaries(dimension_filters={"model": "large", "region": "eu"})
    assert values(both) == [(1,)]
    assert values(measured.summaries(dimension_filters={"team": "red"})) == [(2,)]
    assert values(measured.summaries(dimension_filters={"model": "none"})) == []
    hourly = measured.summaries(
        value_grouping_window="hour",
        dimension_filters={"region": "eu"},
        dimension_group_by_keys=["model"],
    )
    assert values(hourly) == [("large", 1), ("small", 4.5)]


def test_divided_summaries_are_paged(measured: Measured) -> None:
    asked: Any = {"dimension_group_by_keys": ["model"], "limit": 2}
    first = measured.summaries(**asked)
    assert first.has_more
    rest = measured.summaries(**asked, starting_after=first.data[-1].id)
    assert [values(page) for page in (first, rest)] == [
        [("large", 3), ("small", 4.5)],
        [(None, 8)],
    ]
    assert not rest.has_more
    assert len(list(measured.summaries(**asked).auto_paging_iter())) == 3


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"dimension_group_by_keys": ["model", "model"]}, "dimension_group_by_keys[1]"),
        ({"dimension_group_by_keys": ["value"]}, "dimension_group_by_keys[0]"),
        ({"dimension_group_by_keys": [f"k{n}" for n in range(11)]}, "dimension_group_by_keys"),
        (
            {"dimension_filters": {"stripe_customer_id": "cus_a"}},
            "dimension_filters[stripe_customer_id]",
        ),
        ({"dimension_filters": {f"k{n}": "a" for n in range(11)}}, "dimension_filters"),
        ({"dimension_filters": "large"}, "dimension_filters"),
    ],
)
def test_what_usage_cannot_be_divided_by(
    measured: Measured, asked: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        measured.summaries(**asked)
    assert refused.value.param == param


def test_our_own_query_says_what_it_is_of(measured: Measured) -> None:
    found = measured.query(event_name=measured.event_name, window="hour").json()
    assert (found["object"], found["url"], found["has_more"]) == ("list", "/audit/v1/usage", False)
    newest, _ = found["data"]
    start = datetime.fromtimestamp(measured.midnight - DAY + 11 * HOUR, UTC)
    assert newest == {
        "object": "usage_summary",
        "id": newest["id"],
        "meter": measured.meter,
        "event_name": measured.event_name,
        "customer": measured.customer,
        "formula": "sum",
        "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "end": start.replace(hour=12).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "value": "2",
        "dimensions": {},
    }


def test_our_own_query_filters_groups_and_pages(measured: Measured) -> None:
    asked = {"meter": measured.meter, "dimension_group_by_keys[]": "model"}
    everything = measured.query(**asked).json()["data"]
    assert [(s["dimensions"], s["value"]) for s in everything] == [
        ({"model": "large"}, "3"),
        ({"model": "small"}, "4.5"),
        ({"model": None}, "8"),
    ]
    page = measured.query(**asked, limit=1, starting_after=everything[0]["id"]).json()
    assert (page["data"], page["has_more"]) == ([everything[1]], True)
    filtered = measured.query(**asked, **{"dimension_filters[region]": "us"}).json()["data"]
    assert [s["value"] for s in filtered] == ["2"]


def test_times_are_seconds_or_rfc_3339(measured: Measured) -> None:
    written = datetime.fromtimestamp(measured.midnight - DAY, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    [found] = measured.query(meter=measured.meter, start=written).json()["data"]
    assert (found["start"], found["value"]) == (written, "15.5")


@pytest.mark.parametrize(
    ("changed", "status", "param"),
    [
        ({}, 400, "meter"),
        ({"meter": "mtr_test_none"}, 400, "meter"),
        ({"event_name": "nothing"}, 400, "event_name"),
        ({"meter": "$meter", "event_name": "nothing"}, 400, "event_name"),
        ({"meter": "$meter", "customer": "cus_none"}, 400, "customer"),
        ({"meter": "$meter", "start": "yesterday"}, 400, "start"),
        ({"meter": "$meter", "start": 1}, 400, "start"),
        ({"meter": "$meter", "end": 60}, 400, "end"),
        ({"meter": "$meter", "window": "week"}, 400, "window"),
        ({"meter": "$meter", "window": "day", "start": HOUR}, 400, "start"),
        ({"meter": "$meter", "limit": 101}, 400, "limit"),
        ({"meter": "$meter", "starting_after": "mtrusg_test_1"}, 400, "starting_after"),
        ({"meter": "$meter", "group_by": "model"}, 400, "group_by"),
    ],
)
def test_what_our_own_query_refuses(
    measured: Measured, changed: dict[str, Any], status: int, param: str
) -> None:
    asked = {name: measured.meter if v == "$meter" else v for name, v in changed.items()}
    refused = measured.query(**asked)
    assert (refused.status_code, refused.json()["error"]["param"]) == (status, param)


def test_the_command_prints_a_table_or_json(measured: Measured) -> None:
    table = measured.ask("--group-by", "model", "--filter", "region=eu")
    assert table.returncode == 0, table.stderr
    heading, *rows = [line.split() for line in table.stdout.splitlines()]
    assert heading == ["From", "To", "model", "sum"]
    assert [row[2:] for row in rows] == [["large", "1"], ["small", "4.5"]]
    data = json.loads(measured.ask("--window", "hour", "--json").stdout)
    assert [(row["value"], row["dimensions"]) for row in data] == [("2", {}), ("13.5", {})]


def test_texts_of_clients_do_nothing_to_the_terminal(measured: Measured) -> None:
    shown = measured.ask("--group-by", "team").stdout
    assert "\x1b" not in shown
    assert "red [bold]" in shown


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--filter", "region"), "KEY=TEXT", 2),
        (("--group-by", "value"), "payload key of the value", 6),
        (("--meter", "mtr_test_none"), "only specify one", 6),
        (("--end", "1970-01-01"), "after start", 6),
        (("--customer", "cus_none"), "No such customer", 4),
    ],
)
def test_what_the_command_refuses(
    measured: Measured, words: tuple[str, ...], said: str, code: int
) -> None:
    refused = measured.ask(*words)
    assert (refused.returncode, said in refused.stderr) == (code, True), refused.stderr


def test_distinct_texts_are_counted_by_dimension(served: Served) -> None:
    visited = Measured.on(served, "unique_count")
    visited.use("1", 12, model="large")
    visited.use("ada@example.com", 12, model="large")
    by_model = visited.summaries(dimension_group_by_keys=["model"])
    assert values(by_model) == [("large", 3), ("small", 1), (None, 1)]
    assert values(visited.summaries()) == [(5,)]
