"""Databases for tests: fresh, migrated, named `tallybook_test_…`, dropped afterwards.

They stand on the embedded PostgreSQL, started once for a whole run, or on the server that
TALLYBOOK_TEST_DATABASE_URL names (a role that may create databases and roles). Nothing else on
that server is touched, and DATABASE_URL is not read.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql

from api.database.embedded import Embedded
from ledger.store.datastore import Datastore
from projections.registry import migrate


@dataclass(frozen=True, slots=True)
class Database:
    """A database of one test. The application role owns nothing in it."""

    name: str
    app_role: str
    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """Makes databases on one server, with an owner and an application role of this run."""

    admin_url: str = field(repr=False)
    prefix: str
    password: str = field(repr=False)

    @property
    def owner_role(self) -> str:
        return f"{self.prefix}_owner"

    @property
    def app_role(self) -> str:
        return f"{self.prefix}_app"

    @property
    def template(self) -> str:
        return f"{self.prefix}_template"

    def url(self, role: str, database: str) -> str:
        """The server's address for another role and database."""
        parts = urlsplit(self.admin_url)
        place = parts.netloc.rpartition("@")[2]
        netloc = f"{role}:{self.password}@{place}"
        return urlunsplit(("postgresql", netloc, f"/{database}", parts.query, ""))

    def version(self) -> str:
        """As the server says it, `18.0`."""
        with psycopg.connect(self.admin_url) as connection:
            return connection.info.parameter_status("server_version") or ""

    def execute(self, statement: LiteralString, **names: str) -> None:
        """Run one statement as the administrator, with `names` as identifiers."""
        composed = sql.SQL(statement).format(
            password=sql.Literal(self.password),
            **{key: sql.Identifier(name) for key, name in names.items()},
        )
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(composed)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[Database]:
        """A database for as long as the block runs, with every migration applied or empty."""
        name = f"{self.prefix}_{secrets.token_hex(4)}"
        self.execute(
            "CREATE DATABASE {name} OWNER {owner} TEMPLATE {template}",
            name=name,
            owner=self.owner_role,
            template=self.template if migrated else "template0",
        )
        try:
            yield Database(
                name=name,
                app_role=self.app_role,
                owner_url=self.url(self.owner_role, name),
                app_url=self.url(self.app_role, name),
            )
        finally:
            self.execute("DROP DATABASE {name} WITH (FORCE)", name=name)

    @contextmanager
    def prepared(self) -> Iterator["PostgresServer"]:
        """Make roles and template, and take them away again."""
        with ExitStack() as undo:
            for role in (self.owner_role, self.app_role):
                self.execute("CREATE ROLE {role} LOGIN PASSWORD {password}", role=role)
                undo.callback(self.execute, "DROP ROLE {role}", role=role)
            self.execute("GRANT {role} TO CURRENT_USER", role=self.owner_role)
            self.execute(
                "CREATE DATABASE {name} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'",
                name=self.template,
                owner=self.owner_role,
            )
            undo.callback(self.execute, "DROP DATABASE {name} WITH (FORCE)", name=self.template)
            migrate(self.url(self.owner_role, self.template), self.app_role)
            yield self


@contextmanager
def server_of_a_run(name: str, worker: str = "") -> Iterator[PostgresServer]:
    """The server on which a run's test databases stand; it is told apart from others by its name
    and by the worker's."""
    prefix = f"tallybook_test_{name}_{worker}".rstrip("_")
    password = secrets.token_hex(16)
    given = os.environ.get("TALLYBOOK_TEST_DATABASE_URL")
    if given:
        with PostgresServer(given, prefix, password).prepared() as server:
            yield server
        return
    with (
        _embedded(name) as admin_url,
        PostgresServer(admin_url, prefix, password).prepared() as server,
    ):
        yield server


@contextmanager
def another_server(server: PostgresServer) -> Iterator[PostgresServer]:
    """An embedded server beside one, with data and roles of its own."""
    prefix, password = f"{server.prefix}_other", secrets.token_hex(16)
    with (
        _embedded(prefix) as admin_url,
        PostgresServer(admin_url, prefix, password).prepared() as other,
    ):
        yield other


def programs_chosen() -> Path | None:
    """The folder of PostgreSQL's programs that TALLYBOOK_PG_BIN names."""
    chosen = os.environ.get("TALLYBOOK_PG_BIN")
    return Path(chosen) if chosen else None


@contextmanager
def _embedded(name: str) -> Iterator[str]:
    """A server of the embedded PostgreSQL, or of TALLYBOOK_PG_BIN; its administrator's address."""
    # Not under pytest's own folder, which is closed to the user that runs PostgreSQL for root.
    folder = Path(tempfile.gettempdir()) / f"tallybook-test-{name}"
    user, programs = os.environ.get("TALLYBOOK_PG_USER", "nobody"), programs_chosen()
    embedded = Embedded(folder, pg_user=user, pg_bin=programs).start()
    try:
        yield embedded.admin_url
    finally:
        if embedded.stop():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(testrun_uid: str, worker_id: str) -> Iterator[PostgresServer]:
    """The server on which this run's test databases stand."""
    with server_of_a_run(testrun_uid[:8], worker_id) as server:
        yield server


@pytest.fixture(scope="module")
def shared_database(postgres_server: PostgresServer) -> Iterator[Database]:
    """One migrated database for a file of tests, each of which has a ledger of its own in it."""
    with postgres_server.database() as fresh:
        yield fresh


@pytest.fixture(scope="module")
def datastore(shared_database: Database) -> Iterator[Datastore]:
    """A pool on the shared database, under the application role, which owns no table."""
    with Datastore(shared_database.app_url, pool_size=16) as store:
        yield store


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[Database]:
    """A fresh migrated database."""
    with postgres_server.database() as fresh:
        yield fresh
