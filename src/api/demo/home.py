"""The demo's own folder: its database, its key, and the marker by which a reset knows it."""

import os
import shutil
from pathlib import Path
from typing import Final

import platformdirs

from api.database.embedded import Embedded
from api.database.errors import DatabaseError, FolderRefused
from ledger.accounts.api_keys import generate_key

MARKER: Final = "tallybook-demo"
"""The file that says that a folder is the demo's, and may be deleted as a whole."""

_MARK: Final = "This folder belongs to `tallybook demo`; `tallybook demo --reset` deletes it.\n"
_KEY: Final = "api-key"


def default_demo_dir() -> Path:
    """`/var/lib/tallybook-demo` for root, else the platform's folder for a user's data."""
    if os.geteuid() == 0:
        return Path("/var/lib/tallybook-demo")
    return platformdirs.user_data_path("tallybook-demo", appauthor=False)


def is_demo_folder(folder: Path) -> bool:
    """Whether the folder carries the demo's marker."""
    marker = folder / MARKER
    try:
        return not marker.is_symlink() and marker.read_text(encoding="utf-8") == _MARK
    except (OSError, UnicodeDecodeError):
        return False


def claim(folder: Path) -> bool:
    """Make the folder the demo's, if it is new or empty. Returns whether it was new.

    Raises FolderRefused for one that holds something else.
    """
    try:
        if is_demo_folder(folder):
            return False
        if folder.exists() and any(folder.iterdir()):
            raise FolderRefused(
                f"The folder {folder} holds something that is not the demo's (it has no file "
                f"{MARKER}). Choose a new or an empty one with --data-dir."
            )
        _make(folder)
        (folder / MARKER).write_text(_MARK, encoding="utf-8")
    except OSError as error:
        raise _unusable(folder, error) from error
    return True


def reset(folder: Path, *, pg_user: str, pg_bin: Path | None) -> bool:
    """Delete the demo's folder and all that is in it. Returns whether there was one.

    Raises FolderRefused, with nothing deleted, for a folder without the marker and for one whose
    database another process uses.
    """
    if not folder.exists() and not folder.is_symlink():
        return False
    if folder.is_symlink() or not is_demo_folder(folder):
        raise FolderRefused(
            f"The folder {folder} is not deleted: it is not the demo's (it has no file {MARKER})."
        )
    if (folder / "postgres").exists():
        _stop_database(folder, Embedded(folder, pg_user=pg_user, pg_bin=pg_bin))
    try:
        # The marker goes last, so that a reset that was cut off can be run again.
        for entry in sorted(folder.iterdir(), key=lambda path: path.name == MARKER):
            _delete(entry)
        folder.rmdir()
    except OSError as error:
        raise _unusable(folder, error) from error
    return True


def api_key(folder: Path) -> str:
    """The key to the demo's test ledger: made at the first start, the same from then on."""
    file = folder / _KEY
    try:
        if not file.exists():
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as written:
                written.write(generate_key("secret", livemode=False))
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _unusable(folder, error) from error


def _make(folder: Path) -> None:
    """Root's folders let the user who runs PostgreSQL pass, but not look around."""
    missing = [path for path in (*reversed(folder.parents), folder) if not path.exists()]
    for path in missing:
        path.mkdir()
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)


def _stop_database(folder: Path, embedded: Embedded) -> None:
    """Stop what runs there. A database that does not start is no reason to keep it."""
    try:
        embedded.start()
    except DatabaseError:
        return
    if not embedded.stop():
        raise FolderRefused(
            f"The folder {folder} is not deleted: another process uses the database in it. "
            "Stop that demo first."
        )
    layout = embedded.layout
    if layout.runtime != layout.home:
        shutil.rmtree(layout.runtime, ignore_errors=True)


def _delete(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink()


def _unusable(folder: Path, error: OSError) -> FolderRefused:
    return FolderRefused(f"The folder {folder} cannot be used: {error.strerror}: {error.filename}.")
