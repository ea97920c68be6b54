"""Numbered SQL migrations, applied once each, in order, by one migrator at a time.

Run under the owner's role. The application role is granted what it needs and no more: it may add
to the log but never change it.
"""

import hashlib
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

from ledger.kernel.errors import Conflict

_LOCK = 7_286_110
_REBUILD_LOCK = 7_286_111


class MigrationError(Exception):
    """The database holds migrations that this release does not know, or other text under a name."""


@dataclass(frozen=True, slots=True)
class Migration:
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """Every migration of this release, by number."""
    folder = resources.files("ledger.store") / "migrations"
    files = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [Migration(name, (folder / name).read_text(encoding="utf-8")) for name in files]


@contextmanager
def only_migrator(owner_url: str) -> Generator[Connection[tuple[object, ...]]]:
    """A transaction under the owner's role that no other migrator runs beside."""
    with psycopg.connect(owner_url, autocommit=True) as conn, conn.transaction():
        # The lock belongs to the transaction, so it holds behind a pooler as well.
        conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        yield conn


@contextmanager
def briefly_locking(conn: Connection[Any]) -> Generator[None]:
    """A transaction that waits for any lock two seconds at most, for whoever comes after one that
    waits for a table as a whole waits behind it. Raises psycopg.errors.LockNotAvailable."""
    with conn.transaction():
        conn.execute("SELECT set_config('lock_timeout', '2s', true)")
        yield


@contextmanager
def only_rebuild(owner_url: str, checkpoint: str) -> Generator[None]:
    """While the block runs, no other process rebuilds the same projection. Raises Conflict.

    Held by a transaction that has written nothing, so that it keeps no dead row alive.
    """
    lock = (_REBUILD_LOCK, zlib.crc32(checkpoint.encode()) - 2**31)
    with psycopg.connect(owner_url, autocommit=True) as conn, conn.transaction():
        if conn.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", lock).fetchone() != (True,):
            raise Conflict(f"Another process is rebuilding {checkpoint} already.")
        yield


def migrate(owner_url: str) -> list[str]:
    """Apply what is missing; names of those applied.

    Safe to run from several processes at once. Nothing but reading is done, so that any role will
    do, when nothing is missing. Raises MigrationError.
    """
    if not pending(owner_url):
        return []
    with only_migrator(owner_url) as conn:
        conn.execute(
            "CREATE TABLE IF NOT EXISTS public.tallybook_migrations ("
            "name text PRIMARY KEY, checksum text NOT NULL, "
            "applied_at timestamptz NOT NULL DEFAULT now())"
        )
        missing = _missing(conn)
        for migration in missing:
            conn.execute(migration.sql.encode())
            conn.execute(
                "INSERT INTO public.tallybook_migrations (name, checksum) VALUES (%s, %s)",
                (migration.name, migration.checksum),
            )
    return [migration.name for migration in missing]


def pending(url: str) -> list[str]:
    """Names of migrations that were not applied yet. Raises MigrationError."""
    with psycopg.connect(url, autocommit=True) as conn:
        return pending_on(conn)


def pending_on(conn: Connection[Any]) -> list[str]:
    """The same over a connection that is open."""
    with conn.cursor(row_factory=tuple_row) as cursor:
        found = cursor.execute("SELECT to_regclass('public.tallybook_migrations')").fetchone()
        if found is None or found[0] is None:
            return [migration.name for migration in migrations()]
        return [migration.name for migration in _missing(cursor)]


def _missing(
    conn: Connection[tuple[object, ...]] | Cursor[tuple[object, ...]],
) -> list[Migration]:
    rows = conn.execute("SELECT name, checksum FROM public.tallybook_migrations").fetchall()
    applied = {str(name): str(checksum) for name, checksum in rows}
    known = {migration.name: migration for migration in migrations()}
    for name, checksum in applied.items():
        if name not in known:
            raise MigrationError(f"The database was migrated by a newer release: it holds {name}.")
        if known[name].checksum != checksum:
            raise MigrationError(f"Migration {name} differs from the one that was applied.")
    return [migration for name, migration in known.items() if name not in applied]


GRANTS = (
    "GRANT USAGE ON SCHEMA ledger, projections TO {role}",
    "GRANT SELECT ON public.tallybook_migrations TO {role}",
    "GRANT SELECT, INSERT ON ledger.events, ledger.usage_keys TO {role}",
    "GRANT SELECT, INSERT, UPDATE ON ledger.heads TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ledger TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.idempotency_keys TO {role}",
    "GRANT SELECT, INSERT, DELETE ON ledger.customer_keys TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA projections TO {role}",
    (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA projections "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}"
    ),
)


def grant_role(owner_url: str, app_role: str) -> None:
    """Let the application role append to the log, read everything, and keep the read models."""
    with only_migrator(owner_url) as conn:
        for statement in GRANTS:
            conn.execute(SQL(statement).format(role=Identifier(app_role)))
