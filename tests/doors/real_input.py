"""Real usage through every door: the same totals, whatever the door."""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, cast

from api.services import Services
from ledger.meter_events.events import UsageRecorded
from tests.doors import bodies
from tests.doors.bodies import Door
from tests.doors.every_door import EVERY_DOOR, AnyDoor
from tests.doors.recomputed import Window
from tests.doors.summarized import HOUR, summarized
from tests.doors.throng import Throng
from tests.doors.traces import TIME, TOKEN_TYPES, uses_of_trace
from tests.doors.uses import MICROSECONDS, Use, cut
from tests.support.served import TEST_LEDGER, Served

RECORDS_A_BODY = 5_000


class Totals(NamedTuple):
    """Rows of a trace, and the sums of its two columns."""

    rows: int
    input: int
    output: int


class Found(NamedTuple):
    """What a door made of a trace: what the log holds, and what the summaries are, in all and of
    each token type."""

    door: AnyDoor
    trace: str
    seconds: float
    logged: Totals
    summaries: tuple[int, int, int]
    expected: Totals
    wrong: list[str]

    @property
    def equal(self) -> bool:
        _, given, made = self.expected
        summed = self.summaries == (given + made, given, made)
        return self.logged == self.expected and summed and not self.wrong


@dataclass
class RealInput:
    """Sends traces to a served ledger. `totals_of` knows their totals from elsewhere; `name` is
    of this run alone."""

    served: Served
    folder: Path
    name: str
    totals_of: Callable[[Path], Totals]

    def through(self, traces: list[Path]) -> Iterator[Found]:
        """Each trace through each door, as the usage of a customer of its own."""
        with self.served.http() as self._http:
            self._prepare(traces)
            for door in EVERY_DOOR:
                for trace in traces:
                    yield self._through(door, trace)

    def _prepare(self, traces: list[Path]) -> None:
        """A meter, and a clock that stands after the last row."""
        fields = {"display_name": self.name, "event_name": self.name}
        fields["default_aggregation[formula]"] = "sum"
        self._meter = self._created("/v1/billing/meters", **fields)
        times = [use.time // MICROSECONDS for t in traces for use in uses_of_trace(t, "", "", "")]
        end = max(times) // HOUR * HOUR + HOUR
        self._window = Window(min(times) // HOUR * HOUR, end)
        self._clock = self._created("/v1/test_helpers/test_clocks", frozen_time=end)

    def _created(self, path: str, **fields: Any) -> str:
        answer = self._http.post(path, data=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def _through(self, door: AnyDoor, trace: Path) -> Found:
        customer = self._created("/v1/customers", test_clock=self._clock)
        begun, head = time.monotonic(), self.served.head()
        wrong = self._sent(door, trace, customer)
        seconds = time.monotonic() - begun
        return Found(
            door,
            trace.name,
            seconds,
            self._logged(customer, head),
            (
                self._summary(customer),
                self._summary(customer, token_type="input"),
                self._summary(customer, token_type="output"),
            ),
            self.totals_of(trace),
            wrong,
        )

    def _summary(self, customer: str, **dimensions: str) -> int:
        found = summarized(self._http, self._meter, customer, self._window, **dimensions)
        return int(sum(found.values()))

    def _sent(self, door: AnyDoor, trace: Path, customer: str) -> list[str]:
        """What went wrong while it was sent."""
        source = f"{self.name}:{door}:{trace.name}"
        if door == "import":
            return self._commanded(*self._import_words(trace, customer, source))
        uses = uses_of_trace(trace, self.name, customer, source)
        if door == "send":
            file = self.folder / "send.ndjson"
            file.write_bytes(bodies.ndjson(uses))
            address = ("--url", self.served.base_url, "--key", self.served.api_key)
            return self._commanded("send", str(file), *address)
        return self._posted(cast("Door", door), uses)

    def _posted(self, door: Door, uses: list[Use]) -> list[str]:
        chance = random.Random(self.name)
        throng = Throng(self.served.base_url, self.served.api_key, self.name, chance)
        for piece in cut(uses, RECORDS_A_BODY):
            throng.send(door, piece)
        throng.close()
        told = throng.told
        # The stream does not say how many were new.
        if door != "stream" and told.accepted[door] != len(uses):
            return [*told.unclear, f"{told.accepted[door]} of {len(uses)} accepted: {told.answers}"]
        return told.unclear

    def _import_words(self, trace: Path, customer: str, source: str) -> list[str]:
        words = ["import", str(trace), "--event-name", self.name, "--customer", customer]
        words += ["--timestamp-column", TIME, "--source", source]
        for column, token_type in TOKEN_TYPES.items():
            words += ["--value-column", f"{column}={token_type}"]
        return words

    def _commanded(self, *words: str) -> list[str]:
        ended = self.served.command("usage", *words)
        return [] if ended.returncode == 0 else [f"{ended.stdout} {ended.stderr}"]

    def _logged(self, customer: str, position: int) -> Totals:
        """What the log holds of a customer after a position."""
        values: dict[str, list[int]] = defaultdict(list)
        services = Services(self.served.database_url, pool_size=2)
        try:
            log = services.log(TEST_LEDGER)
            while page := log.page(position, 200):
                position = page[-1].position
                for recorded in page:
                    if isinstance(recorded.event, UsageRecorded):
                        for record in recorded.event.records():
                            if record.customer == customer:
                                token_type = record.payload["token_type"]
                                values[token_type].append(int(record.value or ""))
        finally:
            services.close()
        given, made = values["input"], values["output"]
        assert len(given) == len(made), "a row has an event of each token type"
        return Totals(len(given), sum(given), sum(made))
