"""Keeps the processes of a served ledger alive: what dies is started again.

The processes share the listening socket and notice by a pipe when the supervisor is gone, so that
none outlives it, however it ends.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import structlog

from api.audit.signing_key import VARIABLE, Signer
from ledger.kernel.clock import monotonic
from ledger.kernel.ids import new_id

_log = structlog.get_logger("supervisor")

_LOOK_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 5.0
_STEADY_SECONDS = 5.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run: `workers` API processes on a socket, over a database as the application role."""

    database_url: str
    listener: socket.socket
    workers: int
    grace_seconds: int
    environment: Mapping[str, str]
    log_level: str = "info"
    settling_seconds: int = 60
    signer: Signer | None = field(default=None, repr=False)
    checkpoint_interval_seconds: int = 3600


@dataclass(slots=True)
class _Child:
    role: str
    arguments: list[str]
    secrets: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_after: float = 0.0
    backoff: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs a plan until it is stopped."""

    plan: Plan
    _children: list[_Child] = field(default_factory=list[_Child])
    _stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Keep everything running until `stop`, or until SIGTERM or SIGINT."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self.run_until_stopped()

    def stop(self) -> None:
        """Ask for an orderly end: requests in hand are answered first."""
        self._stopping.set()

    def run_until_stopped(self) -> None:
        """The same as `run`, for a thread."""
        lifeline, held = os.pipe()
        with tempfile.TemporaryDirectory(prefix="tallybook-") as bells:
            self._children = self._planned(Path(bells), lifeline)
            try:
                while not self._stopping.wait(_LOOK_SECONDS):
                    for child in self._children:
                        self._keep(child, lifeline)
            finally:
                self._end_all()
                os.close(held)
                os.close(lifeline)

    def process_ids(self) -> dict[str, int]:
        """Process id by role: `api-0`, `projector`, `scheduler`."""
        return {
            child.role: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def _planned(self, bells: Path, lifeline: int) -> list[_Child]:
        common = ["--bells", str(bells), "--lifeline", str(lifeline)]
        common += ["--log-level", self.plan.log_level, "--holder", new_id("run")]
        api = [*common, "--socket", str(self.plan.listener.fileno())]
        grace = ["--grace", str(self.plan.grace_seconds)]
        settling = ["--settling", str(self.plan.settling_seconds)]
        signing, secrets = self._signing()
        return [
            _Child("projector", ["projector", *common]),
            _Child("scheduler", ["scheduler", *common, *grace, *settling, *signing], secrets),
            *(_Child(f"api-{n}", ["api", *api, *grace]) for n in range(self.plan.workers)),
        ]

    def _signing(self) -> tuple[list[str], dict[str, str]]:
        """How the scheduler signs checkpoints, and the key, which no other process is told."""
        if self.plan.signer is None or not self.plan.checkpoint_interval_seconds:
            return [], {}
        words = ["--checkpoint-interval", str(self.plan.checkpoint_interval_seconds)]
        words += ["--key-given"] * self.plan.signer.given
        return words, {VARIABLE: self.plan.signer.key.secret()}

    def _keep(self, child: _Child, lifeline: int) -> None:
        now = monotonic()
        if child.process is not None:
            if child.process.poll() is None:
                return
            steady = now - child.started_at > _STEADY_SECONDS
            child.backoff = (
                0.0 if steady else min(child.backoff * 2 or 0.1, _LONGEST_BACKOFF_SECONDS)
            )
            child.start_after = now + child.backoff
            _log.warning("process ended", role=child.role, status=child.process.returncode)
            child.process = None
        if now >= child.start_after:
            child.started_at = now
            child.process = self._start(child, lifeline)

    def _start(self, child: _Child, lifeline: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "api.serve.process", *child.arguments],
            pass_fds=(lifeline, self.plan.listener.fileno()),
            env={
                **self.plan.environment,
                **child.secrets,
                "DATABASE_URL": self.plan.database_url,
            },
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    def _end_all(self) -> None:
        """The projector last: requests in hand wait for it to answer what they recorded."""
        followers = [child for child in self._children if child.role == "projector"]
        _end([child for child in self._children if child.role != "projector"])
        _end(followers)

    def _on_signal(self, _: int, __: FrameType | None) -> None:
        self.stop()


def _end(children: list[_Child]) -> None:
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=1024)
