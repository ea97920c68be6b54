"""All doors of a served ledger for one test: those over HTTP, `usage import` and `usage send`."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast

import httpx

from api.meter_events.import_mapping import ColumnMapping, ValueColumn
from api.meter_events.import_rows import rows_format
from api.meter_events.importing import ImportSummary, UsageImport
from api.meter_events.sending import UsageSending, parts_of
from api.services import Services
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances
from ledger.kernel.ids import new_id
from tests.doors import bodies
from tests.doors.bodies import DOORS, MOST_STREAMED, SINGLE, Door
from tests.doors.client import DoorClient, counts
from tests.doors.uses import Use, cut
from tests.support.served import TEST_LEDGER, Served

AnyDoor = Door | Literal["import", "send"]
EVERY_DOOR: Final[tuple[AnyDoor, ...]] = (*DOORS, "import", "send")


class Outcome(NamedTuple):
    """How many were recorded, and how many were there before; how many of these with other
    content, where the door tells."""

    accepted: int
    recorded_before: int
    conflicts: int | None

    @classmethod
    def of(cls, accepted: int, duplicates: int, conflicts: int, rejected: int) -> "Outcome":
        assert rejected == 0
        return cls(accepted, duplicates + conflicts, conflicts)


@dataclass
class EveryDoor:
    """A client of each door. It must be closed."""

    served: Served
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = self.served.http()
        self._client = DoorClient(self.served.base_url, self.served.api_key, "every")
        self._services = Services(self.served.database_url, pool_size=2)

    def close(self) -> None:
        self._client.close()
        self.http.close()
        self._services.close()

    def create(self, path: str, **fields: Any) -> str:
        """The id of a new object."""
        answer = self.http.post(path, data=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def send(self, door: AnyDoor, uses: list[Use], *, keyed: bool = False) -> Outcome | None:
        """Report through a door, in as many requests as it takes; what became of them all, None
        where the door does not tell."""
        if door in SINGLE:
            answers = [self._client.send(cast("Door", door), [use], keyed=keyed) for use in uses]
            accepted = sum(answer.kind() == "200" for answer in answers)
            return Outcome(accepted, len(uses) - accepted, None)
        if door == "stream":
            for part in cut(uses, MOST_STREAMED):
                self._client.send(door, part)
            return None
        if door in DOORS:
            return Outcome.of(*counts(self._client.send(cast("Door", door), uses)))
        with tempfile.TemporaryDirectory() as folder:
            send = self._import if door == "import" else self._send
            return Outcome.of(*send(uses, Path(folder)))

    def _import(self, uses: list[Use], folder: Path) -> list[int]:
        """In this process, with the code of the command. The uses are of one meter."""
        file = folder / "usage.csv"
        file.write_bytes(bodies.table(uses))
        dimensions = tuple({key: key for use in uses for key, _ in use.dimensions}.items())
        mapping = ColumnMapping(
            event_name=uses[0].event_name,
            source=file.name,
            customer_key="stripe_customer_id",
            value_key="value",
            timestamp_column="timestamp",
            value_columns=(ValueColumn("value"),),
            customer_column="stripe_customer_id",
            identifier_column="identifier",
            dimensions=dimensions,
        )
        summary = ImportSummary(file.name)
        ingestion = self._services.usage_ingestion(self._services.identity(TEST_LEDGER))
        importing = UsageImport(ingestion, rows_format("csv", mapping), _circumstances, summary)
        importing.run(file, lambda _: None)
        return [summary.tally.counts[r] for r in ("accepted", "duplicate", "conflict", "rejected")]

    def _send(self, uses: list[Use], folder: Path) -> list[int]:
        file = folder / "usage.ndjson"
        file.write_bytes(bodies.ndjson(uses))
        sending = UsageSending(self.served.base_url, self.served.api_key)
        sending.run(parts_of(file, "ndjson"), lambda _: None)
        names = ("accepted", "duplicates", "conflicts", "rejected")
        return [sending.summary.counts[name] for name in names]


def _circumstances() -> Circumstances:
    return Circumstances(system_now(), "system:test", new_id("run"))
