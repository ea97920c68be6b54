"""Requests that are answered together are refused one by one, in the words of the contract."""

import uuid
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from eventsourcing.persistence import OperationalError

from api.accounts.first_start import ensure_default_account, seed_key
from api.app import create_app
from api.services import Services
from ledger.kernel.errors import QueueFull
from ledger.meter_events.writer import Reply, UsageWriter
from tests.support.postgres import Database

KEY = "sk_test_" + "k" * 24
PATH = "/v1/billing/meter_events"
EVENT = {
    "event_name": "tokens",
    "payload[stripe_customer_id]": "cus_a",
    "payload[value]": "1",
}


@pytest.fixture
def services(database: Database) -> Iterator[Services]:
    made = Services(database.app_url, pool_size=4, follow_inline=True)
    ensure_default_account(made)
    seed_key(made, KEY)
    yield made
    made.close()


def ask(services: Services, *requests: tuple[str, dict[str, str], str | None]) -> list[Any]:
    """The answers to forms, each with its path and idempotency key, sent at once."""
    answers: list[httpx.Response | None] = [None] * len(requests)
    transport: Any = httpx.ASGITransport(app=create_app(services))  # pyright: ignore[reportArgumentType]

    async def send() -> None:
        headers = {"Authorization": f"Bearer {KEY}"}
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://t", headers=headers) as http,
            anyio.create_task_group() as group,
        ):

            async def one(n: int, path: str, form: dict[str, str], key: str | None) -> None:
                named = {} if key is None else {"Idempotency-Key": key}
                answers[n] = await http.post(path, data=form, headers=named)

            for n, (path, form, key) in enumerate(requests):
                group.start_soon(one, n, path, form, key)

    anyio.run(send)
    return answers


def metered(services: Services) -> dict[str, str]:
    """The form of an event for a new meter and customer."""
    name = f"tokens_{uuid.uuid4().hex}"
    meter = {"display_name": name, "event_name": name, "default_aggregation[formula]": "sum"}
    _, customer = ask(services, ("/v1/billing/meters", meter, None), ("/v1/customers", {}, None))
    return EVENT | {"event_name": name, "payload[stripe_customer_id]": customer.json()["id"]}


def test_a_full_line_asks_to_be_tried_again(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise QueueFull

    monkeypatch.setattr(UsageWriter, "hand_in", full)
    [answer] = ask(services, (PATH, EVENT, "key-1"))
    assert answer.status_code == 429
    assert answer.json()["error"]["code"] == "rate_limit"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["stripe-should-retry"] == "true"
    assert answer.headers["stripe-rate-limited-reason"] == "global-concurrency"


def test_while_the_database_is_away_every_request_is_told_so(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = metered(services)

    def away(*handed_in: Any) -> None:
        *_, recipient, ticket = handed_in
        error = OperationalError("the server closed the connection")
        recipient.receive([Reply(ticket, None, error)])

    with monkeypatch.context() as patched:
        patched.setattr(UsageWriter, "hand_in", away)
        answers = ask(services, *((PATH, event, f"key-{n}") for n in range(3)))
    assert [answer.status_code for answer in answers] == [503] * 3
    again = ask(services, *((PATH, event, f"key-{n % 3}") for n in range(6)))
    assert [answer.status_code for answer in again] == [200] * 6
    assert len({answer.json()["identifier"] for answer in again}) == 3
    assert sum("idempotent-replayed" in answer.headers for answer in again) == 3


def test_a_repeat_gets_its_answer_though_it_would_be_refused_now(services: Services) -> None:
    event = metered(services)
    [first] = ask(services, (PATH, event, "key-1"))
    [meter] = services_meters(services)
    ask(services, (f"/v1/billing/meters/{meter}/deactivate", {}, None))
    again, other = ask(services, (PATH, event, "key-1"), (PATH, event, "key-2"))
    assert (again.status_code, again.content) == (200, first.content)
    assert (other.status_code, other.json()["error"]["param"]) == (400, "event_name")


def test_a_long_request_is_answered_like_any_other(services: Services) -> None:
    event = metered(services)
    long = event | {f"payload[k{n}]": "é" * 500 for n in range(40)}
    [answer] = ask(services, (PATH, long, None))
    assert answer.status_code == 200
    assert answer.json()["payload"]["k39"] == "é" * 500


def services_meters(services: Services) -> list[str]:
    """The ids of all meters of the first account's test ledger."""
    log = services.log(1).page(0, 100)
    return [e.originator_id for e in log if e.originator_id.startswith("mtr_")]
