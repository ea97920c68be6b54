"""A database dumped, and restored on another server or beside itself."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.database.binaries import find_binaries
from projections.registry import migrate
from tests.support.postgres import Database, PostgresServer, programs_chosen


@contextmanager
def restored(database: Database, server: PostgresServer, folder: Path) -> Iterator[Database]:
    """A copy of a database on a server, whose roles own it while the block runs."""
    dump = folder / "ledger.dump"
    plain = ("--no-owner", "--no-privileges")
    _run("pg_dump", *plain, "--format=custom", f"--file={dump}", database.owner_url)
    with server.database(migrated=False) as copy:
        _run("pg_restore", *plain, "--exit-on-error", f"--dbname={copy.owner_url}", str(dump))
        assert migrate(copy.owner_url, copy.app_role) == []
        yield copy


def _run(program: str, *arguments: str) -> None:
    path = find_binaries(programs_chosen()) / program
    ended = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
