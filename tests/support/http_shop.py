"""A shop in plain HTTP, for tests of routes: tokens by the hundred and seats by the month, sold to
one customer, with answers held to their declared shape and refusals looked into.

The customer lives on a test clock of 1 January 2026, so that months pass when a test wants them to.
The shop in the words of the official client is `tests.support.sdk.Shop`.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from tests.support.served import Served
from tests.support.stripe_shape import problems

JANUARY = 1_767_225_600
FEBRUARY = 1_769_904_000
HOUR = 3_600

_ADVANCED_WITHIN_SECONDS = 20.0


@dataclass
class HttpShop:
    """Meter, prices and customer, made when the shop opens. A refused request fails the test."""

    http: httpx.Client
    frozen_time: int = JANUARY
    event_name: str = field(default_factory=lambda: f"tokens_{uuid.uuid4().hex}")

    def __post_init__(self) -> None:
        self.meter = self.post(
            "/v1/billing/meters",
            display_name="Tokens",
            event_name=self.event_name,
            default_aggregation={"formula": "sum"},
        )["id"]
        self.tokens = self.price(
            "Tokens",
            unit_amount=4,
            transform_quantity={"divide_by": 100, "round": "up"},
            recurring={"interval": "month", "usage_type": "metered", "meter": self.meter},
        )
        self.seat = self.price("Seat", unit_amount=2000, recurring={"interval": "month"})
        clock = self.post("/v1/test_helpers/test_clocks", frozen_time=self.frozen_time)
        self.clock = clock["id"]
        self.customer = self.post(
            "/v1/customers", name="Ada", email="ada@example.com", test_clock=self.clock
        )["id"]

    def price(self, name: str, **terms: Any) -> str:
        """The id of a new price in dollars."""
        return self.post("/v1/prices", currency="usd", product_data={"name": name}, **terms)["id"]

    def subscribe(self, *prices: str, **fields: Any) -> dict[str, Any]:
        """A subscription of the customer, to tokens if no price is named."""
        items = [{"price": price} for price in prices or (self.tokens,)]
        asked = {"customer": self.customer, "items": items, **fields}
        return self.post("/v1/subscriptions", "Subscription", **asked)

    def use(self, value: int, **fields: Any) -> None:
        """Report tokens that the customer used."""
        payload = {"stripe_customer_id": self.customer, "value": value}
        self.post("/v1/billing/meter_events", event_name=self.event_name, payload=payload, **fields)

    def cancel_usage(self, identifier: str) -> None:
        """Take back what was reported under an identifier."""
        self.post(
            "/v1/billing/meter_event_adjustments",
            event_name=self.event_name,
            type="cancel",
            cancel={"identifier": identifier},
        )

    def advance(self, to: int) -> None:
        """Advance the clock, and wait until everything due by then is done."""
        one = f"/v1/test_helpers/test_clocks/{self.clock}"
        self.post(f"{one}/advance", frozen_time=to)
        deadline = time.monotonic() + _ADVANCED_WITHIN_SECONDS
        while self.get(one)["status"] != "ready":
            assert time.monotonic() < deadline, "the clock does not get ready"
            time.sleep(0.02)

    def invoices(self, **fields: Any) -> list[dict[str, Any]]:
        """The customer's invoices, newest first."""
        return self.get("/v1/invoices", "list:Invoice", customer=self.customer, **fields)["data"]

    def get(self, path: str, shape: str | None = None, **fields: Any) -> dict[str, Any]:
        return self._answered(self.http.get(path, params=_query(fields)), shape)

    def post(self, path: str, shape: str | None = None, **fields: Any) -> dict[str, Any]:
        return self._answered(self.http.post(path, data=_query(fields)), shape)

    def delete(self, path: str, shape: str | None = None, **fields: Any) -> dict[str, Any]:
        return self._answered(self.http.delete(path, params=_query(fields)), shape)

    def refused(self, method: str, path: str, **fields: Any) -> "Refusal":
        """How a request is refused that must be."""
        if method == "POST":
            response = self.http.post(path, data=_query(fields))
        else:
            response = self.http.request(method, path, params=_query(fields))
        assert response.status_code >= 400, response.text
        error = response.json()["error"]
        return Refusal(
            response.status_code, error.get("code"), error.get("param"), error["message"]
        )

    def _answered(self, response: httpx.Response, shape: str | None) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        if shape is not None:
            assert problems(answer, shape) == []
        return answer


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str | None
    param: str | None
    message: str


@pytest.fixture
def shop(served: Served) -> Iterator[HttpShop]:
    """A shop over the served ledger."""
    with served.http() as plain:
        yield HttpShop(plain)


def _query(fields: dict[str, Any]) -> dict[str, str]:
    return dict(pair for name, value in fields.items() for pair in _pairs(name, value))


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A field as an SDK sends it: maps in brackets, lists with indices."""
    match value:
        case dict():
            for key, item in value.items():
                yield from _pairs(f"{name}[{key}]", item)
        case list():
            for index, item in enumerate(value):
                yield from _pairs(f"{name}[{index}]", item)
        case bool():
            yield name, str(value).lower()
        case _:
            yield name, str(value)
