"""The embedded PostgreSQL: started by the first process that needs it, stopped by the last.

Each process that uses the server holds a shared lock on `clients.lock`. The kernel drops it when
the process ends, however it ends, so a process that was killed is never counted. Starting and
stopping happen under an exclusive lock on `start.lock`.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from api.database import location, roles
from api.database.binaries import find_binaries, runnable_binaries
from api.database.errors import DatabaseError
from api.database.server import Server
from api.database.service_user import find_service_user


class Embedded:
    """One process's use of the embedded server under `data_dir`.

    `pg_user` runs the server when this process is root's; `pg_bin` is a folder of PostgreSQL
    programs to use in place of the installed wheel's.
    """

    def __init__(
        self, data_dir: Path, *, pg_user: str = "nobody", pg_bin: Path | None = None
    ) -> None:
        self._data_dir = data_dir
        self._pg_bin = pg_bin
        self._user = find_service_user(pg_user)
        self._layout: location.Layout | None = None
        self._programs: Path | None = None
        self._client: int | None = None
        self._left = threading.Event()

    @property
    def layout(self) -> location.Layout:
        """The server's folders; known once it was started."""
        if self._layout is None:
            raise DatabaseError("The embedded PostgreSQL was not started.")
        return self._layout

    @property
    def programs(self) -> Path:
        """The folder of `psql`, `pg_dump` and the others; known once it was started."""
        if self._programs is None:
            raise DatabaseError("The embedded PostgreSQL was not started.")
        return self._programs

    @property
    def app_url(self) -> str:
        """The application role's URL."""
        return self._url(roles.APPLICATION, roles.DATABASE)

    @property
    def owner_url(self) -> str:
        """The owner's URL, for migrations and rebuilds."""
        return self._url(roles.OWNER, roles.DATABASE)

    @property
    def admin_url(self) -> str:
        """The superuser's URL, in the database `postgres`."""
        return self._url(roles.ADMIN, "postgres")

    def start(self) -> Self:
        """Become a client of the server, starting or creating it where needed.

        Raises FolderRefused when the data folder cannot be used, ServerFailed with the server's
        own words when it does not start.
        """
        home = location.prepare(self._data_dir, self._user)
        with _locked(home / "start.lock"):
            self._layout = location.lay_out(home, self._user)
            found = find_binaries(self._pg_bin)
            self._programs = runnable_binaries(found, self._layout, self._user)
            self._become_client()
            try:
                self._bring_up()
            except BaseException:
                self._leave()
                raise
        return self

    def stop(self) -> bool:
        """Leave the server, and stop it when no other process uses it. Returns whether it was
        stopped; calling it again does nothing."""
        self._left.set()
        if self._client is None:
            return False
        with _locked(self.layout.home / "start.lock"):
            try:
                fcntl.flock(self._client, fcntl.LOCK_UN)
                last = _try_lock(self._client)
                if last:
                    if self._server().ready():
                        self._server().shut_down()
                    location.tidy(self.layout)
            finally:
                self._leave()
        return last

    def ensure_running(self) -> bool:
        """Start the server again if it is gone. Returns whether it had to be."""
        server = self._server()
        if server.listening():
            return False
        with _locked(self.layout.home / "start.lock"):
            if self._client is None or server.ready():
                return False
            server.launch()
        return True

    def watch(
        self, on_restart: Callable[[], None] | None = None, *, seconds: float = 0.5
    ) -> threading.Thread:
        """Look every `seconds` whether the server lives and start it again when it was killed,
        until `stop`. A start that fails is tried again."""

        def keep_running() -> None:
            while not self._left.wait(seconds):
                try:
                    restarted = self.ensure_running()
                except (DatabaseError, OSError):
                    continue
                if restarted and on_restart is not None:
                    on_restart()

        self._left.clear()
        thread = threading.Thread(target=keep_running, name="embedded-postgres", daemon=True)
        thread.start()
        return thread

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _url(self, role: str, database: str) -> str:
        secret = roles.password(self.layout.home, role)
        return roles.socket_url(self.layout.socket, role, secret, database)

    def _server(self) -> Server:
        return Server(self.layout, self.programs, self._user)

    def _bring_up(self) -> None:
        server = self._server()
        if not server.exists():
            server.create()
        if not server.ready():
            server.launch()
        home = self.layout.home
        provisioned = home / "roles-created"
        if not provisioned.exists() or provisioned.read_text() != roles.EDITION:
            roles.create_roles(
                self.admin_url,
                owner_password=roles.password(home, roles.OWNER),
                application_password=roles.password(home, roles.APPLICATION),
            )
            provisioned.write_text(roles.EDITION)

    def _become_client(self) -> None:
        if self._client is None:
            self._client = os.open(self.layout.home / "clients.lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._client, fcntl.LOCK_SH)

    def _leave(self) -> None:
        if self._client is not None:
            os.close(self._client)
            self._client = None


@contextmanager
def _locked(path: Path) -> Generator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
