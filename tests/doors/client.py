"""A client of the doors that sends each request until an answer says that it is done."""

import http.client
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests.doors.answers import Answer, Unclear, next_step, pause_of
from tests.doors.bodies import Asked, Door, asked
from tests.doors.uses import Use

_Read = TypeVar("_Read")

SESSION = Asked("/v2/billing/meter_event_session", {"Content-Type": "application/json"}, b"{}")


class GivenUp(Exception):
    """A request did not end although it was repeated for a long time."""


@dataclass
class Told:
    """What clients were told, for several threads. `answers` and `cut_off` are by door and kind;
    `accepted` counts by door the events that an answer said were recorded by this very request."""

    requests: Counter[str] = field(default_factory=Counter[str])
    answers: Counter[str] = field(default_factory=Counter[str])
    cut_off: Counter[str] = field(default_factory=Counter[str])
    accepted: Counter[str] = field(default_factory=Counter[str])
    unclear: list[str] = field(default_factory=list[str])
    _singly: set[str] = field(default_factory=set[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begun(self, door: str) -> None:
        with self._lock:
            self.requests[door] += 1

    def answered(self, door: str, answer: Answer, uses: Sequence[Use]) -> None:
        """An answer, also one that says to send again: it may name what was recorded."""
        with self._lock:
            self.answers[f"{door}: {answer.kind()}"] += 1
            self.accepted[door] += int(answer.document.get("accepted", 0))
            if door in {"form", "v2"} and answer.status == 200:
                first = uses[0].identifier
                self.accepted[door] += first not in self._singly
                self._singly.add(first)

    def was_cut_off(self, door: str, how: str) -> None:
        """No answer: the request may or may not have been done."""
        with self._lock:
            self.cut_off[f"{door}: {how}"] += 1

    def was_unclear(self, door: str, what: str) -> None:
        """An answer that tells nobody what to do, or none at all."""
        with self._lock:
            self.unclear.append(f"{door}: {what}")


@dataclass
class DoorClient:
    """One connection, kept open. `name` tells its idempotency keys from those of others."""

    base_url: str
    api_key: str
    name: str
    told: Told = field(default_factory=Told)
    chance: random.Random = field(default_factory=random.Random)
    answer_seconds: float = 30.0
    give_up_seconds: float = 120.0
    _connection: http.client.HTTPConnection | None = None
    _session: str | None = None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def send(self, door: Door, uses: Sequence[Use], *, keyed: bool = True) -> Answer:
        """Report at a door, as often as it takes. The idempotency key follows from the first
        event. Raises GivenUp, Unclear."""
        key = f"{self.name}-{door}-{uses[0].identifier}" if keyed else None
        return self._ended(door, asked(door, uses, key), uses)

    def _ended(self, door: str, request: Asked, uses: Sequence[Use]) -> Answer:
        self.told.begun(door)
        deadline, pause = time.monotonic() + self.give_up_seconds, 0.05
        while time.monotonic() < deadline:
            answer = self._attempt(door, request, uses)
            if answer is not None:
                step = self._clear(door, lambda found=answer: next_step(found))
                if step == "done":
                    return answer
                if step == "begin a session":
                    self._session = None
                    continue
                time.sleep(min(pause_of(answer), 1.0))
            time.sleep(self.chance.uniform(0, pause))
            pause = min(pause * 2, 1.0)
        self.told.was_unclear(door, "never ended")
        raise GivenUp(f"{request.path} did not end")

    def _clear(self, door: str, read: Callable[[], _Read]) -> _Read:
        try:
            return read()
        except Unclear as unclear:
            self.told.was_unclear(door, str(unclear))
            raise

    def _attempt(self, door: str, request: Asked, uses: Sequence[Use]) -> Answer | None:
        """One answer, None where there was none."""
        token = self.api_key
        if door == "stream":
            token = self._token()
        try:
            answer = self._clear(door, lambda: self._post(request, token))
        except (OSError, http.client.HTTPException) as error:
            self.close()
            self.told.was_cut_off(door, type(error).__name__)
            return None
        self.told.answered(door, answer, uses)
        return answer

    def _token(self) -> str:
        if self._session is None:
            begun = self._ended("session", SESSION, ())
            self._session = str(begun.document["authentication_token"])
        return self._session

    def _post(self, request: Asked, token: str) -> Answer:
        if self._connection is None:
            place = urlsplit(self.base_url).netloc
            self._connection = http.client.HTTPConnection(place, timeout=self.answer_seconds)
        headers = {"Authorization": f"Bearer {token}", **request.headers}
        self._connection.request("POST", request.path, request.body, headers)
        response = self._connection.getresponse()
        body = response.read()
        if response.will_close:
            self.close()
        return Answer.read(response.status, dict(response.getheaders()), body)


def counts(answer: Answer) -> tuple[Any, ...]:
    """Accepted, duplicates, conflicts and rejected, as the bulk door answers them."""
    document = answer.document
    return tuple(document[n] for n in ("accepted", "duplicates", "conflicts", "rejected"))
