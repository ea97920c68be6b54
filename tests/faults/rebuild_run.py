"""One run of rebuilds and switches that are killed at named moments, with live traffic."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.faults.fault_run import stage
from tests.faults.rebuild_traffic import EVENT_NAME, Books, Client
from tests.support.served import ROOT, Served

NAMES = ("meter_events", "customers", "meters", "due")
CLIENTS = 2
_COMMAND_SECONDS = 240

Work = Literal["rebuild", "switch", "drop"]


@dataclass(frozen=True, slots=True)
class Moment:
    """A command, and where it is killed: at a named place, or at any time where that is None. It is
    about `name`, or any read model where that is None."""

    work: Work
    place: str | None
    name: str | None = None

    def __str__(self) -> str:
        return f"{self.work} at {self.place or 'any time'}"


MOMENTS = (
    Moment("rebuild", "before_commit.rebuild.tables"),
    Moment("rebuild", "after_commit.rebuild.tables"),
    Moment("rebuild", "before_commit.rebuild.page"),
    Moment("rebuild", "after_commit.rebuild.page"),
    Moment("rebuild", "before_commit.rebuild.key", "meter_events"),
    Moment("rebuild", "after_commit.rebuild.key", "meter_events"),
    Moment("rebuild", None),
    Moment("rebuild", "after_commit.rebuild.built"),
    Moment("rebuild", "before_commit.rebuild.switch"),
    Moment("rebuild", "after_commit.rebuild.switch"),
    Moment("switch", "before_commit.rebuild.page"),
    Moment("switch", "before_commit.rebuild.switch"),
    Moment("switch", "after_commit.rebuild.switch"),
    Moment("switch", None),
    Moment("drop", "before_commit.rebuild.drop"),
)


@dataclass
class RebuildReport:
    """What a run did and what it found."""

    seed: int
    books: Books
    killed: list[str] = field(default_factory=list[str])
    done: list[str] = field(default_factory=list[str])
    problems: list[str] = field(default_factory=list[str])

    def lines(self) -> Iterator[str]:
        yield f"seed {self.seed}"
        yield f"killed: {len(self.killed)}"
        yield from (f"  {moment}" for moment in self.killed)
        yield f"commands that came to their end: {len(self.done)}"
        books = self.books
        yield (
            f"meter events recorded {books.recorded}, reads {books.reads}, of them refused "
            f"{books.refused}, the slowest {books.slowest:.2f} s; answers {dict(books.answers)}"
        )
        yield from self.problems
        yield "FAILED" if self.problems else "no read was wrong, nothing was half switched"


def rebuild_run(
    seed: int,
    moments: Sequence[Moment] = MOMENTS,
    tell: Callable[[str], None] = lambda _: None,
) -> RebuildReport:
    """Kill the commands at each of these moments, in an order of the seed, and have each come to
    its end after that."""
    folder = Path(tempfile.mkdtemp(prefix="tallybook-rebuilds-"))
    folder.chmod(0o755)  # not closed to the user who runs PostgreSQL for root
    try:
        with stage(folder) as (served, _, crash_points):
            run = _Run(served, crash_points, folder / "data", seed, tell)
            run.under_traffic(moments)
            run.verify()
            return run.report
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    def __init__(
        self, served: Served, crash_points: Path, data: Path, seed: int, tell: Callable[[str], None]
    ) -> None:
        self.served, self.crash_points, self.data, self.tell = served, crash_points, data, tell
        self.chance = random.Random(seed)
        self.report = RebuildReport(seed, Books())

    def under_traffic(self, moments: Sequence[Moment]) -> None:
        meter = self.served.client().v1.billing.meters.create(
            {
                "display_name": "Tokens",
                "event_name": EVENT_NAME,
                "default_aggregation": {"formula": "sum"},
            }
        )
        seeds = [f"{self.report.seed}-{n}" for n in range(CLIENTS)]
        clients = [Client(self.served, meter.id, self.report.books, seed) for seed in seeds]
        for client in clients:
            client.start()
        try:
            time.sleep(1)
            for moment in self.chance.sample(moments, len(moments)):
                self._strike(moment)
        finally:
            for client in clients:
                client.stopping.set()
            for client in clients:
                client.join(60)
        self.report.problems += [f"wrong: {what}" for what in self.report.books.wrong]
        self.report.problems += ["a client hangs"] * any(client.is_alive() for client in clients)

    def _strike(self, moment: Moment) -> None:
        """Kill a command at a moment, then run it to its end."""
        name = moment.name or self.chance.choice(NAMES)
        if moment.work != "rebuild":
            self._to_the_end("rebuild", name)
        if moment.place == "before_commit.rebuild.page":
            time.sleep(0.5)  # something has come that is to be applied
        ended = self._killed(moment, name)
        self.tell(f"{moment} of {name}: status {ended}")
        if ended == 0 and moment.place is not None:
            self.report.problems.append(f"{moment} of {name} was not killed")
        else:
            self.report.killed.append(f"{moment}, of {name}: status {ended}")
        self._to_the_end(moment.work, name)

    def _killed(self, moment: Moment, name: str) -> int:
        process = self._started(moment.work, name, moment.place)
        if moment.place is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(self.chance.uniform(0.8, 3.0))
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=_COMMAND_SECONDS)
        if moment.place is not None:
            (self.crash_points / moment.place).unlink(missing_ok=True)
        return process.returncode

    def _to_the_end(self, work: Work, name: str) -> None:
        process = self._started(work, name)
        out, err = process.communicate(timeout=_COMMAND_SECONDS)
        # What was killed after its commit has nothing left to drop.
        if process.returncode not in ({0, 4} if work == "drop" else {0}):
            self.report.problems.append(f"{work} {name}: {process.returncode} {err[-500:]}")
            return
        self.report.done.append(f"{work} {name}")
        if work == "rebuild":
            self._check_equal(name, json.loads(out))

    def _started(self, work: Work, name: str, place: str | None = None):
        environment = dict(self.served.environment)
        environment.pop("TALLYBOOK_CRASH_POINTS", None)
        if place is not None:
            (self.crash_points / place).touch()
            environment["TALLYBOOK_CRASH_POINTS"] = str(self.crash_points)
        words = ["projections", work, name, "--json", "--data-dir", str(self.data)]
        return subprocess.Popen(
            [sys.executable, "-m", "api.main", *words],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def verify(self) -> None:
        """At the end every read model is what the log says."""
        ran = self.served.command("projections", "verify", "--json", "--data-dir", str(self.data))
        if ran.returncode not in {0, 3}:
            self.report.problems.append(f"verify: {ran.returncode} {ran.stderr[-500:]}")
            return
        for found in json.loads(ran.stdout):
            self._check_equal(found["projection"], [found])

    def _check_equal(self, name: str, found: list[dict[str, Any]]) -> None:
        self.report.problems += [
            f"{name}: {table['table']} differs: {table['differing']}"
            for one in found
            for table in one["tables"]
            if not table["equal"]
        ]
