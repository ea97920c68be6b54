"""Migrations: once each, by one migrator at a time, and never rewritten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from ledger.store.migrate import MigrationError, migrations, pending
from projections.registry import migrate
from tests.support.postgres import Database, PostgresServer

NAMES = [migration.name for migration in migrations()]


@pytest.fixture
def empty(postgres_server: PostgresServer) -> Iterator[Database]:
    with postgres_server.database(migrated=False) as made:
        yield made


def test_all_are_applied_in_order_and_only_once(empty: Database) -> None:
    assert pending(empty.owner_url) == NAMES
    assert migrate(empty.owner_url, empty.app_role) == NAMES
    assert pending(empty.owner_url) == []
    assert migrate(empty.owner_url, empty.app_role) == []


def test_of_four_migrators_at_once_one_applies_each(empty: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty.owner_url, empty.app_role), range(4)))
    assert sorted(name for names in applied for name in names) == NAMES


def test_the_application_role_may_look_that_nothing_is_missing(database: Database) -> None:
    assert pending(database.app_url) == []
    assert migrate(database.app_url) == []


def test_the_application_role_may_append_usage_where_the_public_may_call_nothing(
    empty: Database,
) -> None:
    with psycopg.connect(empty.owner_url, autocommit=True) as owner:
        owner.execute("ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    migrate(empty.owner_url, empty.app_role)
    with psycopg.connect(empty.app_url) as app:
        calls = app.execute(
            "SELECT has_function_privilege(oid, 'EXECUTE') FROM pg_proc "
            "WHERE pronamespace = 'ledger'::regnamespace"
        ).fetchall()
    assert calls == [(True,)]


def test_the_application_role_cannot_migrate(empty: Database) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        migrate(empty.app_url)
    assert pending(empty.owner_url) == NAMES


def test_a_migration_whose_text_changed_is_refused(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("UPDATE public.tallybook_migrations SET checksum = 'other'")
    with pytest.raises(MigrationError, match=f"Migration {NAMES[0]} differs"):
        migrate(database.owner_url)


def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            "INSERT INTO public.tallybook_migrations (name, checksum) VALUES ('9999_more.sql', '')"
        )
    for ask in (migrate, pending):
        with pytest.raises(MigrationError, match=r"newer release: it holds 9999_more\.sql"):
            ask(database.owner_url)


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    with psycopg.connect(empty.owner_url) as conn:
        conn.execute("CREATE SCHEMA projections")
    with pytest.raises(psycopg.errors.DuplicateSchema):
        migrate(empty.owner_url)
    with psycopg.connect(empty.owner_url) as conn:
        [row] = conn.execute("SELECT to_regnamespace('ledger') IS NULL").fetchall()
    assert row == (True,)
