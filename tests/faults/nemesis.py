"""Kills processes of a served ledger: at random, and at named places inside an append."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.served import Served

PLACES = (
    "after_commit.usage.recorded.v1",
    "before_commit.usage.recorded.v1",
    "before_commit.subscription.period_closed.v2",
    "after_commit.subscription.period_closed.v2",
    "before_commit.invoice.finalized.v2",
    "after_commit.invoice.finalized.v2",
)
"""Between append and answer, and before and after the commit of a close and of a finalization."""

POSTMASTER = "postmaster"
_ALIVE_SECONDS = 40.0


@dataclass(frozen=True)
class Kills:
    """How often each is to be killed. `places` is for each of the named places, `at`."""

    api: int = 10
    projector: int = 10
    scheduler: int = 10
    postmaster: int = 5
    places: int = 3
    at: tuple[str, ...] = PLACES

    def victims(self) -> list[str]:
        """One entry for each kill."""
        return [
            *["api"] * self.api,
            *["projector"] * self.projector,
            *["scheduler"] * self.scheduler,
            *[POSTMASTER] * self.postmaster,
            *(place for place in self.at for _ in range(self.places)),
        ]

    def counted(self) -> dict[str, int]:
        """How often each of those that are to be killed at all."""
        return dict(Counter(self.victims()))


@dataclass
class Nemesis:
    """Works through its kills in random order, as far as they are allowed. `done` counts them,
    `tried` also those that came to nothing. `armed` is set while it waits at a named place."""

    served: Served
    postmaster_file: Path
    crash_points: Path
    kills: Kills
    chance: random.Random
    done: Counter[str] = field(default_factory=Counter[str])
    tried: int = 0
    armed: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    _allowed: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def allow(self, share: int) -> None:
        """Allow one of so many equal shares of the kills, so that they come all along the run."""
        self._allowed.release(-(-len(self.kills.victims()) // share))

    def run(self) -> None:
        """Kill until nothing is left to kill. For a thread."""
        victims = self.kills.victims()
        self.chance.shuffle(victims)
        for victim in victims:
            while not self._allowed.acquire(timeout=0.1):
                if self.stopping.is_set():
                    return
            self.stopping.wait(self.chance.uniform(0.0, 0.6))
            self._strike(victim)
            self.tried += 1
        self.finished.set()

    def _strike(self, victim: str) -> None:
        if victim in PLACES:
            self.armed.set()
            self._arm(victim)
            self.armed.clear()
            return
        deadline = time.monotonic() + _ALIVE_SECONDS
        while time.monotonic() < deadline:
            found = self._process_of(victim)
            if found is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(found, signal.SIGKILL)
                    self.done[victim] += 1
                    return
            time.sleep(0.05)

    def _process_of(self, victim: str) -> int | None:
        if victim != POSTMASTER:
            alive = self.served.process_ids(victim)
            return self.chance.choice(alive) if alive else None
        try:
            return int(self.postmaster_file.read_text().split()[0])
        except (OSError, IndexError):
            return None

    def _arm(self, place: str) -> None:
        """Have the next process that comes to a place killed there, and wait for it."""
        armed = self.crash_points / place
        # Whoever comes by takes it at once, so it appears with its rights.
        prepared = armed.with_suffix(".prepared")
        prepared.touch()
        prepared.chmod(0o666)
        prepared.rename(armed)
        deadline = time.monotonic() + _ALIVE_SECONDS
        while time.monotonic() < deadline and not self.stopping.is_set():
            if not armed.exists():
                self.done[place] += 1
                return
            time.sleep(0.02)
        armed.unlink(missing_ok=True)
