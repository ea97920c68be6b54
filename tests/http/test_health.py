"""Whether a process may be sent requests, told without a connection of its own."""

from typing import Any

import psycopg
import pytest

from api.health import readiness
from api.services import Services
from tests.support.postgres import Database, PostgresServer


def test_a_probe_opens_no_connection_beside_the_pool(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = Services(database.app_url, pool_size=1)

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a connection was opened")

    try:
        monkeypatch.setattr(psycopg, "connect", refuse)
        assert readiness(services)["ready"] is True
    finally:
        services.close()


def test_migrations_that_are_missing_are_named(postgres_server: PostgresServer) -> None:
    with postgres_server.database(migrated=False) as empty:
        services = Services(empty.owner_url, pool_size=1)
        try:
            found = readiness(services)
            assert not found["ready"]
            assert "0001_event_store.sql" in found["pending_migrations"]
        finally:
            services.close()


def test_a_database_that_is_away_is_told_and_no_error(database: Database) -> None:
    services = Services(database.app_url.replace(database.name, "tallybook_test_none"))
    services.datastore.pool.timeout = 0.5
    try:
        assert readiness(services) == {"ready": False, "database": "OperationalError"}
    finally:
        services.close()
