"""The operating-system user that runs PostgreSQL, which refuses to run as root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from api.database.errors import DatabaseError


@dataclass(frozen=True, slots=True)
class ServiceUser:
    """Who runs the server. `switched` is true when root steps down to another user for it."""

    name: str
    uid: int
    gid: int
    switched: bool

    def run(
        self, command: Sequence[str | Path], *, folder: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, in `folder`, with a bare environment; never raises on
        a failing exit code."""
        arguments = [str(part) for part in command]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        return subprocess.run(
            arguments,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            umask=0o077,
            user=self.uid if self.switched else None,
            group=self.gid if self.switched else None,
            extra_groups=[] if self.switched else None,
        )

    def make_folder(self, path: Path) -> None:
        """Make a folder that belongs to this user alone."""
        path.mkdir(mode=0o700, exist_ok=True)
        if self.switched:
            os.chown(path, self.uid, self.gid)
        path.chmod(0o700)

    def can_enter(self, folder: Path) -> bool:
        """Whether this user may pass through `folder`."""
        if not self.switched:
            return os.access(folder, os.X_OK)
        check = self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder], folder=Path("/"))
        return check.returncode == 0


def find_service_user(name: str) -> ServiceUser:
    """`name` when run as root, else the user of this process.

    Raises DatabaseError when root names a user that does not exist or that is root itself.
    """
    uid = os.geteuid()
    if uid != 0:
        return ServiceUser(_name_of(uid), uid, os.getegid(), switched=False)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise DatabaseError(
            f"There is no user '{name}' to run PostgreSQL. Set TALLYBOOK_PG_USER to one."
        ) from None
    if entry.pw_uid == 0:
        raise DatabaseError(
            "PostgreSQL does not run as root. Set TALLYBOOK_PG_USER to another user."
        )
    return ServiceUser(entry.pw_name, entry.pw_uid, entry.pw_gid, switched=True)


def owner_name(path: Path) -> str:
    """The name of the user who owns `path`."""
    return _name_of(path.stat().st_uid)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
