"""Everything that bills the same customers at once, and what must hold afterwards.

Customers on a test clock have a subscription to tokens and one to seats. At the end of a month two
schedulers close what is due and other processes issue the same closings and finalizations, while
clients report usage of that month late, finalize, pay, credit and void invoices.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from ledger.kernel.clock import from_epoch
from ledger.kernel.ids import new_id
from tests.journeys.racing import close_period, finalize, race, schedule
from tests.support.sdk import HOUR, at
from tests.support.served import Served

MONTHS = (at("2024-01-01"), at("2024-02-01"), at("2024-03-01"), at("2024-04-01"))
_SETTLE_SECONDS = 180
_RACERS = 2
_RETRIED = (409, 503)


@dataclass(frozen=True)
class Settings:
    """`actions` are requests of clients in each of the two stretches of a month."""

    customers: int
    actions: int
    months: int
    clients: int
    seed: int


@dataclass
class Business:
    """Ids of what was set up; usage that was acknowledged by (customer, month); amounts of credit
    notes."""

    clock: str
    event_name: str
    meter: str
    customers: tuple[str, ...]
    tokens: dict[str, str]
    seats: dict[str, str]
    used: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    events: Counter[tuple[str, int]] = field(default_factory=Counter[tuple[str, int]])
    credited: dict[str, int] = field(default_factory=dict[str, int])
    answers: Counter[str] = field(default_factory=Counter[str])


class Race:
    """One run over a served ledger, as the account of a key."""

    def __init__(self, served: Served, api_key: str, settings: Settings) -> None:
        self._served, self._key = served, api_key
        self.ledger_id = served.ledger_of(api_key)
        self._settings = settings
        self._chance = random.Random(settings.seed)
        self._lock = threading.Lock()

    def run(self) -> Business:
        """Bill the months one after the other; what was done."""
        business = self._set_up()
        with _standing_still(self._served):
            for month in range(self._settings.months):
                end = MONTHS[month + 1]
                self._set_clock(business, end - HOUR)
                self._settle(business)
                for _ in range(2 * self._settings.customers):
                    self._report(business, month)
                # First every period is closed, then the grace period is over.
                for moment in (end + HOUR // 2, end + 2 * HOUR):
                    self._set_clock(business, moment)
                    self._all_at_once(business, month)
                    self._settle(business)
        return business

    # -- one after the other -------------------------------------------------------------------

    def _set_up(self) -> Business:
        name = new_id("use")
        clock = self.post("/v1/test_helpers/test_clocks", frozen_time=MONTHS[0])["id"]
        meter = self.post(
            "/v1/billing/meters",
            display_name="Tokens",
            event_name=name,
            **{"default_aggregation[formula]": "sum"},
        )["id"]
        token = self._price(3, usage_type="metered", meter=meter)
        seat = self._price(900)
        customers = [
            self.post("/v1/customers", test_clock=clock)["id"]
            for _ in range(self._settings.customers)
        ]
        return Business(
            clock,
            name,
            meter,
            tuple(customers),
            {customer: self._subscribe(customer, token) for customer in customers},
            {customer: self._subscribe(customer, seat) for customer in customers},
        )

    def _price(self, cents: int, **recurring: str) -> str:
        asked = {f"recurring[{name}]": value for name, value in recurring.items()}
        return self.post(
            "/v1/prices",
            currency="usd",
            unit_amount=cents,
            **{"recurring[interval]": "month", "product_data[name]": "Sold", **asked},
        )["id"]

    def _subscribe(self, customer: str, price: str) -> str:
        asked = {"items[0][price]": price}
        return self.post("/v1/subscriptions", customer=customer, **asked)["id"]

    def _set_clock(self, business: Business, to: int) -> None:
        self.post(f"/v1/test_helpers/test_clocks/{business.clock}/advance", frozen_time=to)

    def _settle(self, business: Business) -> None:
        """Do whatever is left, until the clock is ready."""
        deadline = time.monotonic() + _SETTLE_SECONDS
        clock = f"/v1/test_helpers/test_clocks/{business.clock}"
        while self.get(clock)["status"] != "ready":
            race(self._served.database_url, self.ledger_id, [(schedule,)])
            assert time.monotonic() < deadline, "the clock does not get ready"

    # -- all at once ---------------------------------------------------------------------------

    def _all_at_once(self, business: Business, month: int) -> None:
        end = from_epoch(MONTHS[month + 1])
        drafts = [invoice["id"] for invoice in self.invoices(status="draft")]
        closings = [
            (close_period, subscription, end)
            for subscription in self._some([*business.tokens.values(), *business.seats.values()])
        ]
        finalizings = [(finalize, invoice) for invoice in self._some(drafts)]
        racers = [(schedule,), (schedule,), *closings, *finalizings]
        kinds: list[Callable[[], str]] = [
            lambda: self._report(business, month),
            lambda: self._change_an_invoice("finalize"),
            lambda: self._change_an_invoice("pay", paid_out_of_band="true"),
            lambda: self._change_an_invoice("void"),
            lambda: self._credit(business),
        ]
        chosen = self._chance.choices(kinds, weights=(10, 4, 2, 1, 3), k=self._settings.actions)
        with ThreadPoolExecutor(self._settings.clients + 1) as pool:
            racing = pool.submit(race, self._served.database_url, self.ledger_id, racers)
            for answer in pool.map(lambda act: act(), chosen):
                business.answers[answer] += 1
            for answer in racing.result():
                business.answers["racer" if answer else "racer, nothing to do"] += 1

    def _some(self, things: Sequence[str]) -> list[str]:
        return self._chance.sample(list(things), min(_RACERS, len(things)))

    def _report(self, business: Business, month: int) -> str:
        """Usage somewhere in the month; it is sent again until the answer is known."""
        with self._lock:
            customer = self._chance.choice(business.customers)
            when = self._chance.randrange(MONTHS[month], MONTHS[month] + 27 * 24 * HOUR)
            value = self._chance.randrange(1, 1_000)
        self.post(
            "/v1/billing/meter_events",
            event_name=business.event_name,
            identifier=new_id("e"),
            timestamp=when,
            **{"payload[stripe_customer_id]": customer, "payload[value]": value},
        )
        with self._lock:
            business.used[customer, month] += value
            business.events[customer, month] += 1
        return "usage recorded"

    def _change_an_invoice(self, verb: str, **fields: Any) -> str:
        invoices = self.invoices()
        if not invoices:
            return f"{verb}: no invoice"
        with self._lock:
            invoice = self._chance.choice(invoices)["id"]
        with self._client() as client:
            status = client.post(f"/v1/invoices/{invoice}/{verb}", data=fields).status_code
        assert status in {200, 400, *_RETRIED}, status
        return f"{verb}: {status}"

    def _credit(self, business: Business) -> str:
        """A credit note of some invoice; what is paid already goes to the customer's balance."""
        invoices = [one for one in self.invoices() if one["status"] != "draft"]
        if not invoices:
            return "credit: no invoice"
        with self._lock:
            invoice = self._chance.choice(invoices)
            amount = self._chance.randint(1, max(1, invoice["total"] // 3))
        asked = {"invoice": invoice["id"], "amount": amount}
        if invoice["status"] == "paid":
            asked["credit_amount"] = amount
        with self._client() as client:
            answer = client.post("/v1/credit_notes", data=asked)
        assert answer.status_code in {200, 400, *_RETRIED}, answer.text
        if answer.status_code == 200:
            with self._lock:
                business.credited[answer.json()["id"]] = amount
        return f"credit: {answer.status_code}"

    # -- requests ------------------------------------------------------------------------------

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        """A request that has to succeed, sent again where the answer says so."""
        headers = {"Idempotency-Key": new_id("key")}
        with self._client() as client:
            while True:
                answer = client.post(path, data=fields, headers=headers)
                if answer.status_code not in _RETRIED:
                    break
                time.sleep(0.1)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str, **fields: Any) -> dict[str, Any]:
        """A query that has to succeed."""
        with self._client() as client:
            while (answer := client.get(path, params=fields)).status_code in _RETRIED:
                time.sleep(0.1)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def invoices(self, **filters: Any) -> list[dict[str, Any]]:
        """All invoices of the ledger, newest first."""
        return self._all("/v1/invoices", **filters)

    def credit_notes(self) -> list[dict[str, Any]]:
        """All credit notes of the ledger, newest first."""
        return self._all("/v1/credit_notes")

    def _all(self, path: str, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while True:
            after = {"starting_after": found[-1]["id"]} if found else {}
            page = self.get(path, limit=100, **filters, **after)
            found += page["data"]
            if not page["has_more"]:
                return found

    def _client(self) -> httpx.Client:
        return self._served.http(self._key)


@contextmanager
def _standing_still(served: Served) -> Generator[None]:
    """The served scheduler stands still, so that two others race."""
    [scheduler] = served.process_ids("scheduler")
    os.kill(scheduler, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(scheduler, signal.SIGCONT)
