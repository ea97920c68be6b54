"""Test clocks over HTTP, through the official client."""

import time
from collections.abc import Iterator

import httpx
import pytest
from stripe import InvalidRequestError, StripeClient

from tests.support.served import Served
from tests.support.stripe_shape import deletion_problems, problems

START = 1_700_000_000
CLOCKS = "/v1/test_helpers/test_clocks"


@pytest.fixture
def client(served: Served) -> StripeClient:
    return served.client()


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with served.http() as plain:
        yield plain


def test_a_clock_is_created_listed_and_deleted(http: httpx.Client):
    answer = http.post(CLOCKS, data={"frozen_time": str(START), "name": "November"}).json()
    assert problems(answer, "test_helpers.TestClock") == []
    assert (answer["frozen_time"], answer["name"], answer["status"]) == (START, "November", "ready")
    assert answer["deletes_after"] == answer["created"] + 30 * 86_400
    assert http.get(f"{CLOCKS}/{answer['id']}").json() == answer
    page = http.get(CLOCKS).json()
    assert problems(page, "list:test_helpers.TestClock") == []
    assert page["data"][0] == answer
    deleted = http.delete(f"{CLOCKS}/{answer['id']}").json()
    assert deletion_problems(deleted, "test_helpers.test_clock") == []
    assert http.get(f"{CLOCKS}/{answer['id']}").status_code == 404


def test_a_clock_advances_until_it_is_ready(client: StripeClient, http: httpx.Client):
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    target = START + 86_400
    answer = http.post(f"{CLOCKS}/{clock.id}/advance", data={"frozen_time": str(target)}).json()
    assert problems(answer, "test_helpers.TestClock") == []
    assert answer["status"] == "advancing"
    assert answer["frozen_time"] == START
    assert answer["status_details"] == {"advancing": {"target_frozen_time": target}}
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        clock = client.v1.test_helpers.test_clocks.retrieve(clock.id)
        if clock.status == "ready":
            break
        time.sleep(0.05)
    assert (clock.status, clock.frozen_time) == ("ready", target)


@pytest.mark.parametrize("moment", [START, START - 1, START + 3 * 366 * 86_400])
def test_a_clock_goes_neither_back_nor_too_far(client: StripeClient, moment: int):
    clock = client.v1.test_helpers.test_clocks.create({"frozen_time": START})
    with pytest.raises(InvalidRequestError) as refused:
        client.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": moment})
    assert refused.value.param == "frozen_time"


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({}, "frozen_time"),
        ({"frozen_time": "now"}, "frozen_time"),
        ({"frozen_time": "-1"}, "frozen_time"),
        ({"frozen_time": "1", "name": "x" * 301}, "name"),
        ({"frozen_time": "1", "speed": "2"}, "speed"),
    ],
)
def test_bad_input_names_the_field(http: httpx.Client, form: dict[str, str], param: str):
    response = http.post(CLOCKS, data=form)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


@pytest.mark.parametrize("action", ["", "/advance"])
def test_an_unknown_clock_is_not_found(http: httpx.Client, action: str):
    url = f"{CLOCKS}/clock_x{action}"
    response = http.post(url, data={"frozen_time": "1"}) if action else http.get(url)
    assert response.status_code == 404
    assert response.json()["error"]["message"] == "No such test clock: 'clock_x'"
