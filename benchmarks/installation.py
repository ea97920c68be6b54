"""An installation to measure: `tallybook serve` over an embedded PostgreSQL of its own."""

import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.database.connection import databases_of
from api.settings import load_settings
from benchmarks.machine import lines, machine_of
from benchmarks.report import Report
from tests.support.served import Served, serving


@dataclass(frozen=True, slots=True)
class Installation:
    """What is served, and its database as seen by both roles."""

    served: Served
    app_url: str
    owner_url: str

    def wait_for_projector(self) -> float:
        """Seconds until the read models have everything that is in the log."""
        begun = time.perf_counter()
        with self.served.http() as client:
            while client.get("/readyz").json()["lag"]:
                time.sleep(0.05)
        return time.perf_counter() - begun


@contextmanager
def installed(
    report: Report, *, workers: int = 2, data_dir: Path | None = None
) -> Generator[Installation]:
    """A running installation. It is gone afterwards, unless `data_dir` says where to keep it.

    Client, server, projector and PostgreSQL share the machine.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tallybook-bench-")))
        folder.chmod(0o755)  # PostgreSQL runs as another user where this one is root
        settings = load_settings(data_dir=data_dir or folder / "data")
        databases = stack.enter_context(databases_of(settings))
        urls = {
            "DATABASE_URL": databases.app_url,
            "TALLYBOOK_OWNER_DATABASE_URL": databases.owner_url,
        }
        served = stack.enter_context(serving(folder, databases.app_url, workers=workers, **urls))
        if not report.machine:
            report.machine = machine_of(databases.app_url)
            for line in lines(report.machine):
                report.note(line)
        yield Installation(served, databases.app_url, databases.owner_url)
