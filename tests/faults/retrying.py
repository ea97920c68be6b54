"""A client that sends a request until it knows how it ended, always with the same key."""

import random
import threading
import time
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults.journal import Journal, Sent

ANSWER_SECONDS = 3.0
GIVE_UP_SECONDS = 90.0
AGAIN = {409, 429, 500, 502, 503}
"""Answers after which the same request may be sent again."""


class GivenUp(Exception):
    """A request did not end although it was repeated for a long time."""


@dataclass
class RetryingClient:
    """One HTTP client of a fault run."""

    base_url: str
    api_key: str
    journal: Journal
    chance: random.Random

    def __post_init__(self) -> None:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        self.http = httpx.Client(base_url=self.base_url, headers=headers, timeout=ANSWER_SECONDS)

    def close(self) -> None:
        self.http.close()

    def request(
        self, method: str, path: str, key: str | None = None, **form: Any
    ) -> httpx.Response:
        """The final answer to a request. Raises GivenUp."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        headers = {"Idempotency-Key": key} if key else {}
        where: dict[str, Any] = {"params": form} if method == "GET" else {"data": form}
        pause = 0.05
        while time.monotonic() < deadline:
            try:
                response = self.http.request(method, path, headers=headers, **where)
            except httpx.HTTPError as error:
                self.journal.was_cut_off(type(error).__name__)
            else:
                self.journal.was_answered(str(response.status_code))
                if response.status_code not in AGAIN:
                    return response
            time.sleep(self.chance.uniform(0, pause))
            pause = min(pause * 2, 1.0)
        raise GivenUp(f"{method} {path} did not end")

    def json(self, method: str, path: str, key: str | None = None, **form: Any) -> dict[str, Any]:
        """The object of a request that must be granted."""
        response = self.request(method, path, key, **form)
        assert response.status_code == 200, response.text
        return response.json()

    def send(self, event_name: str, event: Sent) -> None:
        """Report one meter event, and keep in the journal what was heard of it."""
        self.journal.intends(event)
        response = self.request(
            "POST",
            "/v1/billing/meter_events",
            event.identifier,
            event_name=event_name,
            identifier=event.identifier,
            **{"payload[stripe_customer_id]": event.customer, "payload[value]": str(event.value)},
        )
        if response.status_code == 200 and response.json()["identifier"] == event.identifier:
            self.journal.was_acknowledged(event.identifier)
        else:
            self.journal.was_wrong(f"{event.identifier}: {response.status_code} {response.text}")


class Sender(threading.Thread):
    """Sends meter events of one customer until it is stopped, some of them twice on purpose."""

    def __init__(self, client: RetryingClient, event_name: str, customer: str) -> None:
        super().__init__(name=f"sender-{customer}", daemon=True)
        self._client, self._event_name, self._customer = client, event_name, customer
        self.stopping = threading.Event()

    def run(self) -> None:
        chance, n = self._client.chance, 0
        while not self.stopping.is_set():
            n += 1
            event = Sent(f"{self._customer}-{n}", self._customer, chance.randint(1, 500))
            try:
                for _ in range(2 if chance.random() < 0.05 else 1):
                    self._client.send(self._event_name, event)
            except GivenUp as stuck:
                self._client.journal.was_wrong(str(stuck))
            self.stopping.wait(chance.uniform(0.0, 0.06))
