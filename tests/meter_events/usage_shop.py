"""A meter and a customer on the served ledger, and bodies of usage for them."""

import csv
import io
import json
import time
import uuid
from dataclasses import dataclass
from typing import Any, Literal

import httpx

from ledger.kernel.clock import system_now, to_epoch
from tests.support.served import Served

DAY = 86_400


@dataclass
class UsageShop:
    """A meter of its own event name, and a customer."""

    served: Served
    meter: str
    event_name: str
    customer: str
    now: int

    @classmethod
    def on(cls, served: Served, formula: Literal["sum", "unique_count"] = "sum") -> "UsageShop":
        client = served.client()
        name = f"tokens_{uuid.uuid4().hex}"
        named = {"display_name": name, "event_name": name}
        asked: Any = {**named, "default_aggregation": {"formula": formula}}
        meter = client.v1.billing.meters.create(asked)
        customer = client.v1.customers.create({"name": "Ada"})
        return cls(served, meter.id, name, customer.id, to_epoch(system_now()))

    def record(self, value: Any = "1", **changed: Any) -> dict[str, Any]:
        """A record as the bulk door takes it."""
        payload = {"stripe_customer_id": self.customer, "value": value}
        own = {
            "event_name": self.event_name,
            "identifier": str(uuid.uuid4()),
            "timestamp": self.now - 60,
            "payload": payload,
        }
        return own | changed

    def records(self, count: int) -> list[dict[str, Any]]:
        return [self.record() for _ in range(count)]

    def cloud_event(self) -> dict[str, Any]:
        """The same as a CloudEvent."""
        record = self.record()
        return {
            "specversion": "1.0",
            "id": record["identifier"],
            "source": "/billing",
            "type": record["event_name"],
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record["timestamp"])),
            "data": record["payload"],
        }

    def send(self, body: Any, kind: str = "application/x-ndjson", **headers: str) -> httpx.Response:
        with self.served.http() as http:
            sent = {"Content-Type": kind, **{n.replace("_", "-"): v for n, v in headers.items()}}
            return http.post("/ingest/v1/usage", content=body, headers=sent)

    def why(self, identifier: str) -> httpx.Response:
        with self.served.http() as http:
            return http.get(f"/audit/v1/usage/{identifier}")

    def total(self) -> Any:
        """The usage of today and yesterday, None if there is none."""
        day = self.now // DAY * DAY
        found = self.served.client().v1.billing.meters.event_summaries.list(
            self.meter,
            {"customer": self.customer, "start_time": day - DAY, "end_time": day + DAY},
        )
        return found.data[0].aggregated_value if found.data else None

    def billed(self, **changed: Any) -> str:
        """Have one meter event on the draft of a subscription that has ended; its identifier."""
        client = self.served.client()
        price = client.v1.prices.create(
            {
                "currency": "usd",
                "product": client.v1.products.create({"name": "Tokens"}).id,
                "unit_amount": 4,
                "recurring": {"interval": "month", "usage_type": "metered", "meter": self.meter},
            }
        )
        subscription = client.v1.subscriptions.create(
            {
                "customer": self.customer,
                "items": [{"price": price.id}],
                "backdate_start_date": self.now - 3_600,
            }
        )
        record = self.record(**changed)
        assert self.send(ndjson([record])).json()["accepted"] == 1
        client.v1.subscriptions.cancel(subscription.id, {"invoice_now": True})
        return record["identifier"]


def ndjson(records: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def counts(response: httpx.Response) -> tuple[int, int, int, int]:
    """Accepted, duplicates, conflicts and rejected."""
    found = response.json()
    return found["accepted"], found["duplicates"], found["conflicts"], found["rejected"]


def csv_body(shop: UsageShop, count: int) -> bytes:
    """Records as CSV with a column whose cells have several lines."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(
        ["event_name", "identifier", "timestamp", "stripe_customer_id", "value", "note"]
    )
    for record in shop.records(count):
        row = [record["event_name"], record["identifier"], record["timestamp"]]
        writer.writerow([*row, shop.customer, "1", 'of "two"\nlines'])
    return written.getvalue().encode()
