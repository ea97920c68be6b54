"""The business that a fault run disturbs: four customers, billed by the day and by the month."""

import time
from dataclasses import dataclass

from tests.faults.retrying import RetryingClient
from tests.support.sdk import DAY, HOUR, at

START = at("2024-01-01")
_READY_SECONDS = 120.0


@dataclass(frozen=True)
class Business:
    """Ids of what was set up."""

    clock: str
    meter: str
    event_name: str
    customers: tuple[str, ...]
    subscriptions: tuple[str, ...]


def set_up(client: RetryingClient, customers: int) -> Business:
    """A meter, a daily and a monthly price, and customers subscribed to both."""
    name = "fault_tokens"
    clock = client.json("POST", "/v1/test_helpers/test_clocks", frozen_time=START)["id"]
    meter = client.json(
        "POST",
        "/v1/billing/meters",
        display_name="Tokens",
        event_name=name,
        **{"default_aggregation[formula]": "sum"},
    )["id"]
    prices = [_price(client, meter, interval) for interval in ("day", "month")]
    ids = [client.json("POST", "/v1/customers", test_clock=clock)["id"] for _ in range(customers)]
    subscriptions = [
        client.json("POST", "/v1/subscriptions", customer=customer, **{"items[0][price]": price})[
            "id"
        ]
        for customer in ids
        for price in prices
    ]
    return Business(clock, meter, name, tuple(ids), tuple(subscriptions))


def _price(client: RetryingClient, meter: str, interval: str) -> str:
    return client.json(
        "POST",
        "/v1/prices",
        currency="usd",
        unit_amount=4,
        **{
            "transform_quantity[divide_by]": 100,
            "transform_quantity[round]": "up",
            "recurring[interval]": interval,
            "recurring[usage_type]": "metered",
            "recurring[meter]": meter,
            "product_data[name]": "Tokens",
        },
    )["id"]


def live(client: RetryingClient, business: Business, day: int) -> None:
    """Set the clock forward to a day's end, and past the grace period of what it closes."""
    advance(client, business, START + day * DAY)
    advance(client, business, START + day * DAY + HOUR)


def advance(client: RetryingClient, business: Business, to: int) -> None:
    """Set the clock forward and wait until it is ready."""
    one = f"/v1/test_helpers/test_clocks/{business.clock}"
    client.json("POST", f"{one}/advance", f"advance-{to}", frozen_time=to)
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        clock = client.json("GET", one)
        if clock["status"] == "ready" and clock["frozen_time"] == to:
            return
        time.sleep(0.1)
    raise AssertionError(f"the clock {business.clock} did not get ready at {to}")
