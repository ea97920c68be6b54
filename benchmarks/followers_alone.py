"""The projector and the scheduler over a filled database, without anything that is served."""

import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processor import postgres_seconds, processor_time
from tests.support.served import ROOT, environment_of

_END_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Follower:
    """A running process."""

    process: "subprocess.Popen[bytes]"

    @property
    def id(self) -> int:
        return self.process.pid


@contextmanager
def follower(role: str, app_url: str, bells: Path, *options: str) -> Generator[Follower]:
    """A process of a role, `projector` or `scheduler`, for as long as the block runs. Those that
    share the folder `bells` wake each other."""
    with ExitStack() as stack:
        lifeline, held = os.pipe()
        stack.callback(os.close, held)
        words = [
            "-m",
            "api.serve.process",
            role,
            "--bells",
            str(bells),
            "--holder",
            f"bench-{role}",
        ]
        words += ["--lifeline", str(lifeline), "--log-level", "warning", *options]
        process = subprocess.Popen(
            [sys.executable, *words],
            pass_fds=(lifeline,),
            env=environment_of(DATABASE_URL=app_url),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
        os.close(lifeline)
        try:
            yield Follower(process)
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_END_SECONDS)
            process.kill()


def seconds_used(app_url: str, **followers: Follower) -> dict[str, float]:
    """Processor time used so far, by role, and by PostgreSQL with sessions that have ended."""
    used = {role: processor_time(one.id) for role, one in followers.items()}
    return used | {"postgres": postgres_seconds(app_url)}
