"""The database itself refuses the application what would change the log."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from ledger.store.recorder import LedgerRecorder
from tests.store.stored import run_of
from tests.support.postgres import Database


@pytest.fixture
def application(shared_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(shared_database.app_url, autocommit=True) as conn:
        yield conn


@pytest.mark.parametrize("table", ["ledger.events", "ledger.usage_keys"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE {} SET position = position + 1 WHERE ledger_id = 1",
        "DELETE FROM {} WHERE ledger_id = 1",
        "TRUNCATE {}",
        "DROP TABLE {}",
        "ALTER TABLE {} DISABLE TRIGGER ALL",
        "ALTER TABLE {} ADD COLUMN more text",
        "CREATE INDEX ON {} (position)",
    ],
)
def test_what_was_recorded_cannot_be_changed(
    application: psycopg.Connection, recorder: LedgerRecorder, table: str, statement: str
) -> None:
    recorder.append(run_of("a", 2))
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.format(table).encode())
    assert len(recorder.select_events("a")) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger.heads",
        "TRUNCATE ledger.heads",
        "DELETE FROM public.tallybook_migrations",
        "UPDATE public.tallybook_migrations SET checksum = ''",
        "CREATE TABLE ledger.more (id integer)",
        "CREATE TABLE projections.more (id integer)",
        "CREATE FUNCTION ledger.more() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DROP SCHEMA ledger CASCADE",
        "UPDATE ledger.customer_keys SET key = ''",
    ],
)
def test_neither_heads_nor_schema_nor_migrations_can_be_tampered_with(
    application: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(InsufficientPrivilege):
        application.execute(statement.encode())
