"""Which database is used, and what its application role may do."""

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli.database import app
from api.database.connection import connect_databases, rights_of
from api.database.errors import DatabaseError
from api.settings import load_settings
from tests.support.postgres import Database, PostgresServer


def test_the_urls_of_both_roles_are_used_as_given(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("TALLYBOOK_OWNER_DATABASE_URL", database.owner_url)
    databases = connect_databases(load_settings())
    assert databases.app_url == database.app_url
    assert databases.owner_url == database.owner_url
    assert databases.app_role == database.app_role
    assert databases.embedded is None


def test_one_url_serves_for_both_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db/tally")
    databases = connect_databases(load_settings())
    assert databases.owner_url == databases.app_url
    assert databases.app_role is None


def test_an_owner_without_an_application_role_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_OWNER_DATABASE_URL", "postgresql://owner@db/tally")
    with pytest.raises(DatabaseError, match="DATABASE_URL, the application role's, is not"):
        connect_databases(load_settings())


def test_an_address_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "db.example.com:5432")
    with pytest.raises(DatabaseError, match="DATABASE_URL is no PostgreSQL address"):
        connect_databases(load_settings())


def test_only_the_owner_could_change_recorded_events(database: Database) -> None:
    assert not rights_of(database.app_url).too_wide
    owner = rights_of(database.owner_url)
    assert owner.owns_tables
    assert owner.too_wide


def test_the_application_role_can_append_events_but_not_change_them(database: Database) -> None:
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        for statement in (
            "UPDATE ledger.events SET position = position",
            "DELETE FROM ledger.events",
            "TRUNCATE ledger.events",
            "ALTER TABLE ledger.events ADD COLUMN note text",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())


def test_migrate_and_status_on_a_server_of_ones_own(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server.database(migrated=False) as database:
        monkeypatch.setenv("DATABASE_URL", database.app_url)
        monkeypatch.setenv("TALLYBOOK_OWNER_DATABASE_URL", database.owner_url)
        before = CliRunner().invoke(app, ["status"])
        assert before.exit_code == 6
        assert "0001_event_store.sql" in before.stdout
        migrated = CliRunner().invoke(app, ["migrate"])
        assert migrated.exit_code == 0
        assert "0001_event_store.sql\n" in migrated.stdout
        assert CliRunner().invoke(app, ["migrate"]).stdout == ""
        after = CliRunner().invoke(app, ["status"])
        assert after.exit_code == 0
        assert "up to date" in after.stdout
        assert database.app_role in after.stdout


def test_the_printed_roles_make_a_database_that_migrates(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, owner, role = (f"{postgres_server.prefix}_print_{end}" for end in ("db", "own", "app"))
    monkeypatch.setenv("DATABASE_URL", postgres_server.url(role, name))
    monkeypatch.setenv("TALLYBOOK_OWNER_DATABASE_URL", postgres_server.url(owner, name))
    printed = CliRunner().invoke(app, ["migrate", "--print-roles"])
    statements = printed.stdout.replace("choose-a-password", postgres_server.password).replace(
        "choose-another-password", postgres_server.password
    )
    try:
        with psycopg.connect(postgres_server.admin_url, autocommit=True) as connection:
            for statement in statements.strip().split("\n"):
                connection.execute(statement.encode())
        assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
        assert not rights_of(postgres_server.url(role, name)).too_wide
    finally:
        postgres_server.execute("DROP DATABASE IF EXISTS {name} WITH (FORCE)", name=name)
        for made in (owner, role):
            postgres_server.execute("DROP OWNED BY {made}", made=made)
            postgres_server.execute("DROP ROLE IF EXISTS {made}", made=made)


def test_a_database_that_cannot_be_reached_has_an_exit_code_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nowhere")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 5
    assert "Connection refused" in done.stderr


def test_a_misspelt_setting_is_refused_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYBOOK_DATADIR", "somewhere")
    done = CliRunner().invoke(app, ["status"])
    assert done.exit_code == 6
    assert (
        done.stderr == "There is no setting TALLYBOOK_DATADIR. Did you mean TALLYBOOK_DATA_DIR?\n"
    )
