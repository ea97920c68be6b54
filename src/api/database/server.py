"""One PostgreSQL server over given programs and folders: create it, start it, stop it.

Paths are handed to PostgreSQL's programs relative to the server's own folder, because they pass
them on in shell commands without care for quotes.
"""

import os
import shutil
import socket
import time
from pathlib import Path

from api.database import dead_postmaster, roles, server_settings
from api.database.binaries import major_version
from api.database.errors import DatabaseError, ServerFailed
from api.database.location import Layout
from api.database.service_user import ServiceUser
from ledger.kernel.clock import monotonic

_RECOVER_OR_SHUT_DOWN_SECONDS = 600
_ORPHANS_END_SECONDS = 60
# Said by a start that comes while the last backends of a killed server are still running.
_PASSING = ("pre-existing shared memory", "already exists", "already in use")
_LOG_KEPT_BYTES = 20_000_000


class Server:
    """The server itself; nothing here is safe against a second process doing the same."""

    def __init__(self, layout: Layout, programs: Path, user: ServiceUser) -> None:
        self._layout = layout
        self._programs = programs
        self._user = user

    def exists(self) -> bool:
        """Whether its data folder was made."""
        return (self._layout.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Make the data folder whole or not at all: it gets its name when it is complete."""
        layout, user = self._layout, self._user
        unfinished = layout.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        user.make_folder(unfinished)
        secret = layout.home / "initdb.password"
        secret.unlink(missing_ok=True)
        secret.touch(mode=0o600)
        secret.write_text(roles.password(layout.home, roles.ADMIN))
        if user.switched:
            os.chown(secret, user.uid, user.gid)
        made = user.run(
            [
                self._programs / "initdb",
                *("-D", unfinished.name, "-U", roles.ADMIN, "--pwfile", secret.name),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums"),
                *self._collation(),
            ],
            folder=layout.home,
        )
        secret.unlink()
        if made.returncode != 0:
            raise ServerFailed(f"PostgreSQL could not be set up: {_last_lines(made.stderr)}")
        unfinished.rename(layout.data)

    def launch(self) -> None:
        """Start the server, recovering if it was killed; while the last backends of a killed one
        are ending, try again. Raises ServerFailed with the server's own words."""
        layout = self._layout
        self._refuse_other_version()
        layout.settings.write_text(server_settings.render(layout.socket))
        layout.settings.chmod(0o644)
        if layout.log.exists() and layout.log.stat().st_size > _LOG_KEPT_BYTES:
            layout.log.replace(layout.log.with_suffix(".log.1"))
        give_up = monotonic() + _ORPHANS_END_SECONDS
        while True:
            dead_postmaster.bury(layout.data)
            said_before = layout.log.stat().st_size if layout.log.exists() else 0
            try:
                self._control(
                    *("-l", f"log/{layout.log.name}"),
                    *("-o", f"-c config_file={layout.settings.name}", "start"),
                )
                return
            except ServerFailed as error:
                said = _text_from(layout.log, said_before)
                if self.ready():
                    return
                if monotonic() > give_up or not any(reason in said for reason in _PASSING):
                    reason = _last_lines(said or str(error))
                    raise ServerFailed(f"PostgreSQL did not start: {reason}") from None
            time.sleep(0.2)

    def shut_down(self) -> None:
        """Stop the server once its open transactions are rolled back."""
        self._control("-m", "fast", "stop")

    def ready(self) -> bool:
        """Whether a server answers, or is about to (it recovers, or shuts down)."""
        asked = self._user.run(
            [self._programs / "pg_isready", "-q", "-h", self._layout.socket, "-p", "5432"],
            folder=self._layout.home,
        )
        return asked.returncode in (0, 1)

    def listening(self) -> bool:
        """Whether something accepts connections on the socket: quick, for looking often."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self._layout.socket / ".s.PGSQL.5432"))
            except BlockingIOError:
                return True
            except OSError:
                return False
        return True

    def _control(self, *arguments: str) -> None:
        command = [
            self._programs / "pg_ctl",
            *("-w", "-t", str(_RECOVER_OR_SHUT_DOWN_SECONDS), "-D", self._layout.data.name),
            *arguments,
        ]
        done = self._user.run(command, folder=self._layout.home)
        if done.returncode != 0:
            raise ServerFailed(_last_lines(done.stderr or done.stdout))

    def _collation(self) -> tuple[str, ...]:
        if major_version(self._programs, self._layout, self._user) >= 17:
            return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        return ("--locale=C",)

    def _refuse_other_version(self) -> None:
        kept = int((self._layout.data / "PG_VERSION").read_text())
        found = major_version(self._programs, self._layout, self._user)
        if kept != found:
            raise DatabaseError(
                f"The data in {self._layout.home} was written by PostgreSQL {kept}, but the "
                f"programs in {self._programs} are of version {found}. Set TALLYBOOK_PG_BIN to "
                f"programs of version {kept}."
            )


def _text_from(path: Path, offset: int) -> str:
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(20_000).decode(errors="replace")


def _last_lines(text: str) -> str:
    return " / ".join(line.strip() for line in text.strip().splitlines()[-4:])
