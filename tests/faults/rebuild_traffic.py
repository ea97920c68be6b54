"""Live traffic while read models are rebuilt: what is recorded is read back at once, exactly."""

import itertools
import random
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field

import httpx

from tests.support.served import Served

EVENT_NAME = "tokens"
_HOUR = 3_600


@dataclass
class Books:
    """What the clients did and saw. `refused` counts answers 503, `slowest` is in seconds."""

    recorded: int = 0
    reads: int = 0
    refused: int = 0
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list[str])
    answers: Counter[int] = field(default_factory=Counter[int])
    lock: threading.Lock = field(default_factory=threading.Lock)


class Client(threading.Thread):
    """Records meter events of a customer of its own, and after each reads their sum, which must be
    exact, and the customer."""

    def __init__(self, served: Served, meter: str, books: Books, seed: str) -> None:
        super().__init__(daemon=True)
        self._http = served.http()
        self._meter, self._books = meter, books
        self._chance = random.Random(seed)
        self._customer = self._http.post("/v1/customers", data={"name": seed}).json()["id"]
        self._name = seed
        self._at = int(time.time()) // _HOUR * _HOUR - _HOUR
        self.stopping = threading.Event()

    def run(self) -> None:
        total = 0
        try:
            for number in itertools.count(1):
                if self.stopping.is_set():
                    return
                total += self._record(number)
                self._read(total)
        except (httpx.HTTPError, KeyError, AssertionError, ValueError) as error:
            self._say(f"{self._name}: {type(error).__name__}: {error}")
        finally:
            self._http.close()

    def _record(self, number: int) -> int:
        value = self._chance.randint(1, 9)
        fields = {
            "event_name": EVENT_NAME,
            "identifier": str(uuid.UUID(int=self._chance.getrandbits(128), version=4)),
            "timestamp": str(self._at + number % _HOUR),
            "payload[stripe_customer_id]": self._customer,
            "payload[value]": str(value),
        }
        answer = self._http.post("/v1/billing/meter_events", data=fields)
        assert answer.status_code == 200, answer.text
        with self._books.lock:
            self._books.recorded += 1
        return value

    def _read(self, total: int) -> None:
        window = {"start_time": self._at, "end_time": self._at + _HOUR}
        path = f"/v1/billing/meters/{self._meter}/event_summaries"
        found = self._get(path, customer=self._customer, **window)["data"]
        read = sum(summary["aggregated_value"] for summary in found)
        if read != total:
            self._say(f"{self._name}: {read} was read, {total} were recorded")
        if self._get(f"/v1/customers/{self._customer}")["name"] != self._name:
            self._say(f"{self._name}: read as somebody else")

    def _get(self, path: str, **query: str | int):
        """The answer; one of 503 is asked for again, and counted."""
        while True:
            began = time.monotonic()
            answer = self._http.get(path, params=query)
            with self._books.lock:
                self._books.reads += 1
                self._books.slowest = max(self._books.slowest, time.monotonic() - began)
                self._books.answers[answer.status_code] += 1
            if answer.status_code != 503:
                assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
                return answer.json()
            with self._books.lock:
                self._books.refused += 1
            time.sleep(0.1)

    def _say(self, what: str) -> None:
        with self._books.lock:
            self._books.wrong.append(what)
