"""A shop in the words of the official client, for whole stories over HTTP."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stripe import Customer, Invoice, Price, StripeClient, Subscription
from stripe.billing import Meter
from stripe.test_helpers import TestClock

from ledger.kernel.ids import new_id

HOUR = 3_600
DAY = 24 * HOUR

_READY_SECONDS = 30.0


def at(text: str) -> int:
    """Epoch seconds of a date, or of a date and time, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@dataclass
class Shop:
    """A meter and a price of 4 cents for each 100 units begun, and a clock to live by."""

    client: StripeClient
    meter: Meter
    price: Price
    clock: TestClock

    @classmethod
    def open(cls, client: StripeClient, now: int, **meter: Any) -> "Shop":
        """Open at a time; `meter` are parameters of the meter that differ from a plain sum."""
        name = new_id("use")
        asked = {"display_name": "Units", "event_name": name}
        parameters: Any = {"default_aggregation": {"formula": "sum"}, **asked, **meter}
        made = client.v1.billing.meters.create(parameters)
        clock = client.v1.test_helpers.test_clocks.create({"frozen_time": now})
        price = client.v1.prices.create(
            {
                "currency": "usd",
                "unit_amount": 4,
                "transform_quantity": {"divide_by": 100, "round": "up"},
                "recurring": {"interval": "month", "usage_type": "metered", "meter": made.id},
                "product_data": {"name": "Units"},
            }
        )
        return cls(client, made, price, clock)

    def seat(self, cents: int = 900, **price: Any) -> Price:
        """A licensed price for a month."""
        parameters: Any = {
            "currency": "usd",
            "unit_amount": cents,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Seat"},
            **price,
        }
        return self.client.v1.prices.create(parameters)

    def customer(self, **details: Any) -> Customer:
        """A customer on the clock."""
        parameters: Any = {"test_clock": self.clock.id, **details}
        return self.client.v1.customers.create(parameters)

    def subscribe(self, customer: str, *prices: Price, **details: Any) -> Subscription:
        """A subscription to the metered price, or to others."""
        items = [{"price": price.id} for price in prices or (self.price,)]
        parameters: Any = {"customer": customer, "items": items, **details}
        return self.client.v1.subscriptions.create(parameters)

    def use(self, customer: str, value: int | str, at: int | None = None, **event: Any) -> None:
        """Report usage, now on the clock or at a time."""
        when = {} if at is None else {"timestamp": at}
        payload = {"stripe_customer_id": customer, "value": str(value)}
        told = {"event_name": self.meter.event_name, "payload": payload}
        parameters: Any = {**told, **when, **event}
        self.client.v1.billing.meter_events.create(parameters)

    def advance(self, to: int) -> TestClock:
        """Set the clock forward and wait until everything due by then is done."""
        self.client.v1.test_helpers.test_clocks.advance(self.clock.id, {"frozen_time": to})
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            clock = self.client.v1.test_helpers.test_clocks.retrieve(self.clock.id)
            if clock.status == "ready":
                return clock
            time.sleep(0.05)
        raise AssertionError(f"the clock {self.clock.id} does not get ready")

    def invoices(self, customer: str, **filters: Any) -> list[Invoice]:
        """All invoices of a customer, oldest first."""
        parameters: Any = {"customer": customer, "limit": 100, **filters}
        return self.client.v1.invoices.list(parameters).data[::-1]


def lines_of(invoice: Invoice) -> list[tuple[int | None, int]]:
    """(quantity, amount) of each line, in the invoice's order."""
    return [(line.quantity, line.amount) for line in invoice.lines.data]


def answer_of(thing: Any) -> dict[str, Any]:
    """The JSON that an object of the client was made from."""
    return json.loads(thing.last_response.body)
