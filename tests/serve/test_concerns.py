"""A database that could lose or change what was recorded gets a warning, and no live keys."""

import pytest
import typer

from api.accounts.first_start import ensure_default_account
from api.accounts.keys import has_live_keys, issue_key
from api.serve.cli import check_concerns
from api.serve.concerns import concerns
from api.services import Services
from ledger.accounts.ledgers import DEFAULT_ACCOUNT_ID
from tests.support.postgres import Database, PostgresServer


def test_the_application_role_raises_none(database: Database) -> None:
    assert concerns(database.app_url) == []


def test_a_role_that_owns_the_tables_could_change_the_log(database: Database) -> None:
    [concern] = concerns(database.owner_url)
    assert "owns the tables" in concern


def test_commits_that_are_not_flushed_could_be_lost(
    database: Database, postgres_server: PostgresServer
) -> None:
    statement = "ALTER ROLE {role} IN DATABASE {name} SET synchronous_commit = off"
    postgres_server.execute(statement, role=database.app_role, name=database.name)
    [concern] = concerns(database.app_url)
    assert "synchronous_commit=off" in concern


def test_live_keys_turn_the_warning_into_a_refusal(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    services = Services(database.app_url, pool_size=2, follow_inline=True)
    try:
        ensure_default_account(services)
        check_concerns(database.owner_url, has_live_keys=has_live_keys(services))
        assert "Warning: The database role" in capsys.readouterr().err

        issue_key(services, DEFAULT_ACCOUNT_ID, "secret", livemode=True, name=None)
        with pytest.raises(typer.Exit) as refused:
            check_concerns(database.owner_url, has_live_keys=has_live_keys(services))
        assert refused.value.exit_code == 6
        check_concerns(database.app_url, has_live_keys=has_live_keys(services))
    finally:
        services.close()
