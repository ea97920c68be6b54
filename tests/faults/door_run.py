"""A door run: clients send the same usage through every door while processes are killed."""

import json
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from api.database.embedded import Embedded
from ledger.kernel.clock import system_now, to_epoch
from tests.doors.summarized import DAY, HOUR
from tests.faults.door_books import Books
from tests.faults.door_process import ClientProcess
from tests.faults.door_records import Plan
from tests.faults.door_report import DoorReport, total
from tests.faults.fault_run import stage
from tests.faults.journal import Journal
from tests.faults.nemesis import Kills, Nemesis
from tests.faults.retrying import RetryingClient
from tests.support.served import Served

USAGE_PLACES = ("before_commit.usage.recorded.v1", "after_commit.usage.recorded.v1")
KILLS = Kills(api=10, projector=5, scheduler=0, postmaster=5, places=2, at=USAGE_PLACES)

FORMULAS = ("sum", "last", "average", "unique_count")
CUSTOMERS = 4
ALL_KILLED_AT = 0.8
"""The share of the records by whose sending everything is killed."""


_LAG_SECONDS = 60.0
_FORGET = """
CREATE FUNCTION ledger.forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF get_byte(uuid_send(NEW.key), 15) = 7 THEN NEW.key := gen_random_uuid(); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER forget BEFORE INSERT ON ledger.usage_keys
    FOR EACH ROW EXECUTE FUNCTION ledger.forget();
"""


@dataclass(frozen=True)
class DoorSettings:
    """`singly` is the share of two clients' records that they send one a request. `ahead` is how
    far a client may be ahead of the slowest, as a share of the records. A run is given up after
    so many `seconds`. `forgetful` seeds a defect: one usage key in 256 is not kept, and the run
    must fail."""

    seed: int
    size: int = 200_000
    singly: float = 0.2
    kills: Kills = KILLS
    formulas: tuple[str, ...] = FORMULAS
    ahead: float = 0.12
    forgetful: bool = False
    seconds: float = 3_600

    def clients(self) -> dict[str, dict[str, float]]:
        """The eight clients, each with its doors and their shares."""
        others = 1 - self.singly
        return {
            "ndjson": {"ndjson": 1},
            "json": {"json": 1},
            "csv.gz": {"csv.gz": 1},
            "cloudevents": {"cloudevents": 1},
            "stream": {"stream": 1},
            "form and stream": {"form": self.singly, "stream": others},
            "v2 and ndjson.gz": {"v2": self.singly, "ndjson.gz": others},
            "import and send": {"import": 0.5, "send": 0.5},
        }


def door_run(settings: DoorSettings, tell: Callable[[str], None] = lambda _: None) -> DoorReport:
    """Run once, and check everything."""
    # Not below a folder that is closed to the user who runs PostgreSQL for root.
    folder = Path(tempfile.mkdtemp(prefix="tallybook-doors-"))
    folder.chmod(0o755)
    try:
        with stage(folder) as (served, embedded, crash_points):
            run = _Run(settings, served, embedded, folder, tell)
            run.disturbed(crash_points)
            return run.checked()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Run:
    settings: DoorSettings
    served: Served
    embedded: Embedded
    folder: Path
    tell: Callable[[str], None]
    clients: list[ClientProcess] = field(default_factory=list[ClientProcess])
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        chance = random.Random(self.settings.seed)
        self._http = RetryingClient(self.served.base_url, self.served.api_key, Journal(), chance)
        self.formulas = {f"{formula}_of_doors": formula for formula in self.settings.formulas}
        self.meters = {name: self._meter(name, f) for name, f in self.formulas.items()}
        customers = [self._http.json("POST", "/v1/customers")["id"] for _ in range(CUSTOMERS)]
        yesterday = to_epoch(system_now()) // DAY * DAY - DAY
        self.plan = Plan(
            self.settings.seed,
            self.settings.size,
            tuple(self.meters),
            tuple(customers),
            yesterday - 3 * HOUR,
        )
        if self.settings.forgetful:
            with psycopg.connect(self.embedded.owner_url) as connection:
                connection.execute(_FORGET)

    def _meter(self, name: str, formula: str) -> str:
        aggregation = {"default_aggregation[formula]": formula}
        return self._http.json(
            "POST", "/v1/billing/meters", display_name=name, event_name=name, **aggregation
        )["id"]

    def disturbed(self, crash_points: Path) -> None:
        """Have all clients send, and kill while they do."""
        chance = random.Random(f"{self.settings.seed}-kills")
        pid_file = self.embedded.layout.data / "postmaster.pid"
        self.nemesis = Nemesis(self.served, pid_file, crash_points, self.settings.kills, chance)
        killing = threading.Thread(target=self.nemesis.run, daemon=True)
        killing.start()
        for name, doors in self.settings.clients().items():
            own = self.folder / f"client-{len(self.clients)}"
            own.mkdir()
            order = {
                "plan": self.plan.document(),
                "base_url": self.served.base_url,
                "api_key": self.served.api_key,
                "doors": doors,
                "least": self._room() // 2,
                "folder": str(own),
                "data_dir": str(self.folder / "data"),
            }
            self.clients.append(ClientProcess(name, order, self.served.environment))
        try:
            self._pace()
        except BaseException:
            for client in self.clients:
                client.kill()
            raise
        finally:
            self.nemesis.stopping.set()
            for client in self.clients:
                client.end()
            killing.join(60)

    def _room(self) -> int:
        """Records that the slowest client may always send next."""
        victims = len(self.settings.kills.victims())
        share = min(self.settings.ahead, ALL_KILLED_AT / max(1, victims))
        return int(self.settings.size * share)

    def _pace(self) -> None:
        """Allow kills as the sending gets on, and let nobody be through before the last kill."""
        size, victims = self.settings.size, len(self.settings.kills.victims())
        allowed, told = 0, -1
        while any(client.running for client in self.clients):
            if time.monotonic() - self.started > self.settings.seconds:
                raise TimeoutError(f"not through after {self.settings.seconds} s")
            slowest = min(client.sent for client in self.clients)
            due = min(victims, 1 + int(victims * slowest / size / ALL_KILLED_AT))
            for _ in range(due - allowed):
                self.nemesis.allow(victims)
            allowed = due
            limit = slowest + max(1, int(size * self.settings.ahead))
            # At a named place somebody has to come by, or nothing is killed there.
            if not (self.nemesis.finished.is_set() or self.nemesis.armed.is_set()):
                tried = self.nemesis.tried + 1
                limit = min(limit, max(1, int(size * ALL_KILLED_AT * tried / victims)))
            for client in self.clients:
                client.let(limit)
            if slowest * 10 // size > told:
                told = slowest * 10 // size
                at = f"{time.monotonic() - self.started:.0f} s"
                self.tell(f"{at}: each has sent {slowest} or more, {dict(self.nemesis.done)}")
            time.sleep(0.1)

    def checked(self) -> DoorReport:
        """What was found, after the clients have ended."""
        self.tell("all clients have ended; checking")
        lag = self._lag_gone_after()
        books = Books(self.embedded.app_url, self.plan, self.meters, self.formulas)
        summaries, compared = books.check_summaries(self._http)
        accepted = total(self.clients, "accepted").total()
        found = {
            "clients": [problem for client in self.clients for problem in client.problems()],
            "records": books.check_log(),
            "accepted": [f"{accepted} acknowledged as new"] * (accepted > self.settings.size),
            "summaries": summaries,
            "rebuild": self._rebuild_differs(),
            "lag": [f"read models lag behind after {_LAG_SECONDS} s"] * (lag is None),
        }
        self._http.close()
        return DoorReport(
            seed=self.settings.seed,
            seconds=time.monotonic() - self.started,
            size=self.settings.size,
            clients=self.clients,
            kills=dict(self.nemesis.done),
            planned=self.settings.kills.counted(),
            head=books.positions[-1],
            recorded=len(books.log),
            compared=compared,
            lag_gone_after=lag,
            problems=[f"{what}: {one}" for what, these in found.items() for one in these],
        )

    def _lag_gone_after(self) -> float | None:
        begun = time.monotonic()
        while time.monotonic() < begun + _LAG_SECONDS:
            if self._http.request("GET", "/readyz").json().get("lag") == 0:
                return round(time.monotonic() - begun, 1)
            time.sleep(0.1)
        return None

    def _rebuild_differs(self) -> list[str]:
        """The tables that a rebuild from the first event makes otherwise than they are."""
        words = ("projections", "rebuild", "--json", "--data-dir", str(self.folder / "data"))
        ended = self.served.command(*words)
        if ended.returncode not in {0, 3}:
            return [f"exit code {ended.returncode}: {ended.stderr[-500:]}"]
        return [
            f"{table['table']}: live {table['live_digest']}, anew {table['digest']}"
            for projection in json.loads(ended.stdout)
            for table in projection["tables"]
            if not table["equal"]
        ]
