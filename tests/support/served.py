"""A served ledger for tests: supervisor, API workers, projector and scheduler over a database."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import psycopg
import pytest
import requests
from stripe import RequestsClient, StripeClient

from api.accounts.keys import IssuedKey, issue_key
from api.services import Services
from ledger.accounts.api_keys import hash_key
from ledger.accounts.commands import CreateAccount
from ledger.accounts.ledgers import CONTROL_LEDGER
from ledger.accounts.lookup import find_api_key
from ledger.kernel.clock import system_now
from ledger.kernel.commands import Circumstances
from ledger.kernel.ids import new_id
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
TEST_LEDGER = 1
"""The test ledger of an installation's first account."""

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_ANNOUNCED = "Tallybook serves on "


@dataclass
class Served:
    """A running `tallybook serve`. `database_url` is the application role's."""

    process: "subprocess.Popen[bytes]"
    base_url: str
    api_key: str
    database_url: str
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    _sessions: list[requests.Session] = field(default_factory=list[requests.Session], repr=False)

    def client(
        self, api_key: str | None = None, *, base_url: str | None = None, **options: Any
    ) -> StripeClient:
        """The official client, pointed here, or elsewhere. Without options it does not retry by
        itself."""
        place = base_url or self.base_url
        addresses: Any = {"api": place, "meter_events": place}
        session = requests.Session()
        self._sessions.append(session)
        options = {
            "max_network_retries": 0,
            "http_client": RequestsClient(session=session),
            **options,
        }
        return StripeClient(api_key or self.api_key, base_addresses=addresses, **options)

    def http(self, api_key: str | None = None, **options: Any) -> httpx.Client:
        """A plain HTTP client that sends the key as a bearer token."""
        headers = {"Authorization": f"Bearer {api_key or self.api_key}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30, **options)

    def process_ids(self, role: str) -> list[int]:
        """Ids of the running processes of a role: `api`, `projector` or `scheduler`."""
        found: list[int] = []
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                words = (status.parent / "cmdline").read_bytes().split(b"\0")
                parent = status.read_text().partition("PPid:")[2].split()[0]
            except (OSError, IndexError):
                continue  # it ended while we looked
            if int(parent) == self.process.pid and b"api.serve.process" in words:
                following = words[words.index(b"api.serve.process") + 1]
                if following == role.encode():
                    found.append(int(status.parent.name))
        return sorted(found)

    def new_key(
        self,
        account: str | None = None,
        *,
        livemode: bool = False,
        kind: Literal["secret", "restricted"] = "secret",
    ) -> IssuedKey:
        """A key to an account's ledger; to a new account's own if none is named."""
        services = Services(self.database_url, pool_size=2)
        try:
            if account is None:
                account = new_id("acct")
                circumstances = Circumstances(system_now(), "system:test", new_id("run"))
                created = CreateAccount(account=account, name="An account of a test")
                services.application(CONTROL_LEDGER).execute(created, circumstances)
            return issue_key(services, account, kind, livemode=livemode)
        finally:
            services.close()

    def ledger_of(self, key: str) -> int:
        """The number of the ledger that a key opens."""
        services = Services(self.database_url, pool_size=2)
        try:
            found = find_api_key(services.application(CONTROL_LEDGER), hash_key(key))
            assert found is not None
            return found.ledger.ledger_id
        finally:
            services.close()

    def head(self, ledger_id: int = TEST_LEDGER) -> int:
        """The last position of a ledger's log."""
        with psycopg.connect(self.database_url) as connection:
            row = connection.execute(
                "SELECT position FROM ledger.heads WHERE ledger_id = %s", (ledger_id,)
            ).fetchone()
        return row[0] if row else 0

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a `tallybook` command over the same database."""
        return subprocess.run(
            [sys.executable, "-m", "api.main", *words],
            env=dict(self.environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def stop(self) -> None:
        """End everything in good order; kill what does not end."""
        for session in self._sessions:
            session.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def environment_of(**settings: str) -> dict[str, str]:
    """The environment of a command that is told nothing but these settings."""
    kept = {k: v for k, v in os.environ.items() if k in {"HOME", "LANG", "PATH", "TMPDIR"}}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "default", **settings}


@contextmanager
def serving(
    folder: Path, database_url: str, *options: str, workers: int = 2, **settings: str
) -> Generator[Served]:
    """`tallybook serve` for as long as the block runs. Its log is kept in `folder`.

    `settings` are environment variables that say which database it is and how to serve it.
    """
    key = f"sk_test_{secrets.token_hex(16)}"
    settings = {"TALLYBOOK_API_KEY": key, "TALLYBOOK_DATA_DIR": str(folder), **settings}
    environment = environment_of(**settings)
    log = folder / "served.log"
    words = ["serve", "--port", "0", "--workers", str(workers), *options]
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.main", *words],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        served = Served(process, "", key, database_url, log, environment)
        try:
            served.base_url = _announced(served)
            _wait_until_ready(served)
            yield served
        finally:
            served.stop()


def _announced(served: Served) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and served.process.poll() is None:
        for line in served.log.read_text().splitlines():
            if line.startswith(_ANNOUNCED):
                return line.removeprefix(_ANNOUNCED).split()[0]
        time.sleep(0.05)
    raise AssertionError(f"nothing is served:\n{served.log.read_text()}")


def _wait_until_ready(served: Served) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{served.base_url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"it does not get ready:\n{served.log.read_text()}")


@pytest.fixture(scope="session")
def served(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """One served ledger for a whole run; each test makes its own objects in it.

    It signs no checkpoints by itself, which would be events between those of a test.
    """
    folder = tmp_path_factory.mktemp("served")
    with (
        postgres_server.database() as database,
        serving(
            folder,
            database.app_url,
            DATABASE_URL=database.app_url,
            TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
            TALLYBOOK_CHECKPOINT_INTERVAL_SECONDS="0",
        ) as running,
    ):
        yield running
