"""Where the embedded PostgreSQL lives: the data folder, what is inside, who may reach it.

Inside the data folder the server has a folder `postgres`. When root starts it, that folder stays
root's and only what the server itself writes (`data`, `log`, the socket folder) belongs to the
service user; the permissions of folders above are never changed.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from api.database.errors import FolderRefused
from api.database.service_user import ServiceUser, owner_name

# A socket's whole path holds 104 bytes on macOS and 108 on Linux, with a closing NUL.
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
# They have a meaning inside the double quotes in which PostgreSQL's programs hand paths to a shell.
_READ_BY_SHELLS = frozenset('"$`\\\n')
_SHORT_FOLDERS = Path("/tmp")  # noqa: S108  mkdtemp makes a private folder in it


@dataclass(frozen=True, slots=True)
class Layout:
    """The files and folders of one embedded server."""

    home: Path
    runtime: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's own data."""
        return self.home / "data"

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket."""
        return self.runtime / "socket"

    @property
    def binaries(self) -> Path:
        """Where binaries are copied to when the service user cannot run the installed ones."""
        return (self.home if is_plain(self.home) else self.runtime) / "binaries"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "log" / "postgres.log"

    @property
    def settings(self) -> Path:
        """The server's configuration, written at each start."""
        return self.home / "server.conf"


def prepare(data_dir: Path, user: ServiceUser) -> Path:
    """Make the data folder and the server's folder inside where missing; return the latter.

    Raises FolderRefused when the service user cannot reach it or it belongs to someone else.
    """
    data_dir = Path(os.path.abspath(data_dir))  # noqa: PTH100  keeps links: names stay as given
    home = data_dir / "postgres"
    try:
        _refuse_unreachable(data_dir, user)
        for folder in _missing(home):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711 if user.switched else 0o700)
        _refuse_foreign(home, user)
        user.make_folder(home / "log")
    except OSError as error:
        raise FolderRefused(
            f"The data folder {data_dir} cannot be used: {error.strerror}: {error.filename}."
        ) from error
    return home


def lay_out(home: Path, user: ServiceUser) -> Layout:
    """The server's folders, with a short private folder for sockets where `home` has a name that
    is too long for one or holds a character that PostgreSQL's programs cannot take.

    Call it with the start lock held: it may make that folder and note it in `home`.
    """
    layout = Layout(home, home if _usable(home / "socket") else _short_folder(home, user))
    user.make_folder(layout.socket)
    return layout


def tidy(layout: Layout) -> None:
    """Take away what a stopped server leaves outside the data folder."""
    if layout.runtime != layout.home:
        shutil.rmtree(layout.runtime, ignore_errors=True)


def is_plain(path: Path) -> bool:
    """Whether PostgreSQL's programs can hand this path on."""
    return not _READ_BY_SHELLS & set(str(path))


def _usable(socket: Path) -> bool:
    # libpq takes a comma for the end of a host.
    short = len(os.fsencode(socket)) <= _LONGEST_SOCKET_FOLDER
    return short and is_plain(socket) and "," not in str(socket)


def _short_folder(home: Path, user: ServiceUser) -> Path:
    note = home / "runtime-folder"
    if note.exists():
        folder = Path(note.read_text())
        if folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.geteuid():
            return folder
    folder = Path(tempfile.mkdtemp(prefix="tallybook-", dir=_SHORT_FOLDERS))
    if user.switched:
        folder.chmod(0o711)
    note.write_text(str(folder))
    return folder


def _missing(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist, outermost first."""
    return [path for path in (*reversed(folder.parents), folder) if not path.exists()]


def _refuse_unreachable(folder: Path, user: ServiceUser) -> None:
    existing = [path for path in (*reversed(folder.parents), folder) if path.exists()]
    if user.can_enter(existing[-1]):
        return
    closed = next(path for path in existing if not user.can_enter(path))
    mode = closed.stat().st_mode & 0o777
    if not user.switched:
        raise FolderRefused(
            f"The data folder {folder} cannot be reached: {closed} belongs to "
            f"{owner_name(closed)} (mode {mode:04o}). Choose another with --data-dir."
        )
    raise FolderRefused(
        f"The data folder {folder} cannot be reached by {user.name}, the user that runs "
        f"PostgreSQL: {closed} belongs to {owner_name(closed)} and is closed to others "
        f"(mode {mode:04o}). Choose a folder outside it with --data-dir, or another user "
        "with TALLYBOOK_PG_USER."
    )


def _refuse_foreign(home: Path, user: ServiceUser) -> None:
    if home.stat().st_uid != os.geteuid():
        raise FolderRefused(
            f"The folder {home} belongs to {owner_name(home)}. Run as that user, or choose "
            "another folder with --data-dir."
        )
    data = home / "data"
    if data.exists() and data.stat().st_uid != user.uid:
        raise FolderRefused(
            f"The database in {home} belongs to {owner_name(data)} but PostgreSQL would run as "
            f"{user.name}. Set TALLYBOOK_PG_USER={owner_name(data)}, or choose another folder "
            "with --data-dir."
        )
