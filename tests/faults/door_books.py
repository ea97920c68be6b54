"""Reads back what a door run left: the log, its keys and the summaries, for the checks."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

import psycopg

from api.services import Services
from ledger.meter_events.events import UsageRecorded, UsageRejected
from ledger.store.usage_batch import usage_key
from tests.doors.recomputed import Window, expected_summaries
from tests.doors.summarized import DAY, HOUR, MINUTE, query_of, values_of
from tests.doors.uses import Use
from tests.faults import door_checks as checks
from tests.faults.door_checks import Place
from tests.faults.door_records import SPAN, Plan
from tests.faults.retrying import RetryingClient
from tests.support.served import TEST_LEDGER


class Books:
    """The books of the test ledger. `meters` gives the id of an event name, `formulas` its
    formula."""

    def __init__(
        self, database_url: str, plan: Plan, meters: dict[str, str], formulas: dict[str, str]
    ) -> None:
        self._url, self._plan = database_url, plan
        self._meters, self._formulas = meters, formulas
        self.log = list(self._records())
        self.uses = plan.uses()

    def _records(self) -> Iterator[Place]:
        services = Services(self._url, pool_size=2)
        self.positions: list[int] = []
        self.rejections = 0
        try:
            log, position = services.log(TEST_LEDGER), 0
            while page := log.page(position, 200):
                position = page[-1].position
                for recorded in page:
                    self.positions.append(recorded.position)
                    if isinstance(recorded.event, UsageRecorded):
                        for ordinal, record in enumerate(recorded.event.records()):
                            yield Place(recorded.position, ordinal, record)
                    self.rejections += isinstance(recorded.event, UsageRejected)
        finally:
            services.close()

    def check_log(self) -> list[str]:
        """Counted once, contiguous, one key a record, nothing refused."""
        with psycopg.connect(self._url) as connection:
            head = connection.execute(
                "SELECT position FROM ledger.heads WHERE ledger_id = %s", (TEST_LEDGER,)
            ).fetchone()
            rows = connection.execute(
                "SELECT key, position, ordinal FROM ledger.usage_keys WHERE ledger_id = %s",
                (TEST_LEDGER,),
            ).fetchall()
        keys = {key.bytes: (position, ordinal) for key, position, ordinal in rows}
        refused = [f"{self.rejections} requests with refused records"] if self.rejections else []
        return [
            *checks.counted_once(self.uses, self.log, self._meters),
            *checks.contiguous(self.positions, head[0] if head else 0),
            *checks.keys_lead_to_records(keys, self.log, usage_key),
            *refused,
        ]

    def windows(self) -> list[Window]:
        """Undivided and cut, by the day and at odd minutes."""
        start = self._plan.start
        days = start // DAY * DAY, (start + SPAN) // DAY * DAY + DAY
        odd = start + 17 * MINUTE, start + SPAN - 61 * MINUTE
        hours = odd[0] // HOUR * HOUR, -(-odd[1] // HOUR) * HOUR
        return [
            Window(*days),
            Window(*days, HOUR),
            Window(*days, DAY),
            Window(*hours, HOUR),
            Window(*odd),
            Window(start + 5 * MINUTE, start + 6 * MINUTE),
        ]

    def check_summaries(self, client: RetryingClient) -> tuple[list[str], int]:
        """Summaries that are not what was sent adds up to, and how many were compared."""
        series: dict[tuple[str, str], list[Use]] = defaultdict(list)
        for use in self.uses:
            series[use.event_name, use.customer].append(use)
        problems, compared = list[str](), 0
        for (name, customer), theirs in sorted(series.items()):
            for window in self.windows():
                expected = expected_summaries(theirs, self._formulas[name], window)
                found = self._found(client, self._meters[name], customer, window)
                compared += len(expected)
                if found != expected:
                    problems.append(f"{name} of {customer} {window}: {found}, not {expected}")
        return problems[: checks.SHOWN], compared

    def _found(
        self, client: RetryingClient, meter: str, customer: str, window: Window
    ) -> dict[int, Decimal]:
        path = f"/v1/billing/meters/{meter}/event_summaries"
        return values_of(client.request("GET", path, **query_of(customer, window)))
