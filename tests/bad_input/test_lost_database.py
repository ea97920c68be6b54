"""The database is lost in the middle of a body: what was recorded is said, and counted once."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import stripe

from tests.meter_events.usage_shop import UsageShop, counts, ndjson
from tests.support.postgres import Database, PostgresServer
from tests.support.raw_http import raw_client
from tests.support.served import Served, serving

PATH = "/ingest/v1/usage"
RECORDS = 9_000


@pytest.fixture
def served_alone(database: Database, tmp_path: Path) -> Iterator[Served]:
    with serving(
        tmp_path,
        database.app_url,
        workers=1,
        DATABASE_URL=database.app_url,
        TALLYBOOK_OWNER_DATABASE_URL=database.owner_url,
    ) as running:
        yield running


@pytest.fixture
def end_connections(postgres_server: PostgresServer, database: Database) -> Callable[[], None]:
    def end() -> None:
        with psycopg.connect(postgres_server.admin_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (database.name,),
            )

    return end


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def total_of(shop: UsageShop) -> Any:
    """The usage, None while the projector has not found the database again."""
    try:
        return shop.total()
    except stripe.APIError:
        return None


def test_connections_that_are_lost_are_made_again(
    served_alone: Served, end_connections: Callable[[], None]
) -> None:
    shop = UsageShop.on(served_alone)
    body = ndjson(shop.records(RECORDS))
    third = len(body) // 3
    with raw_client(served_alone.base_url) as client:
        client.head(
            PATH,
            served_alone.api_key,
            Content_Type="application/x-ndjson",
            Content_Length=str(len(body)),
        )
        for start in (0, third, 2 * third):
            client.send(body[start : start + third])
            end_connections()
        client.send(body[3 * third :])
        answered = client.answer()
    assert (answered.status, answered.document["accepted"]) == (200, RECORDS)
    assert counts(shop.send(body)) == (0, RECORDS, 0, 0)
    wait_for(lambda: total_of(shop) == RECORDS)


def test_a_database_that_stays_away_is_told_with_what_was_recorded(
    served_alone: Served,
    postgres_server: PostgresServer,
    database: Database,
    end_connections: Callable[[], None],
) -> None:
    shop = UsageShop.on(served_alone)
    body = ndjson(shop.records(RECORDS))
    head = served_alone.head()
    with raw_client(served_alone.base_url) as client:
        client.head(
            PATH,
            served_alone.api_key,
            Content_Type="application/x-ndjson",
            Transfer_Encoding="chunked",
        )
        client.chunk(body[: len(body) * 2 // 3])
        wait_for(lambda: served_alone.head() > head)
        postgres_server.execute("ALTER DATABASE {name} ALLOW_CONNECTIONS false", name=database.name)
        try:
            end_connections()
            client.chunk(body[len(body) * 2 // 3 :])
            client.chunk(b"")
            answered = client.answer()
        finally:
            postgres_server.execute(
                "ALTER DATABASE {name} ALLOW_CONNECTIONS true", name=database.name
            )
    assert answered.status == 503
    assert "The database cannot be reached now." in answered.message
    accepted = answered.document["accepted"]
    assert 0 < accepted < RECORDS
    assert f"taken through line {accepted};" in answered.message
    assert int(answered.headers["retry-after"]) >= 1
    again = shop.send(body)
    assert again.status_code == 200
    recorded, repeated, conflicts, rejected = counts(again)
    assert (recorded + repeated, conflicts, rejected) == (RECORDS, 0, 0)
    assert repeated >= accepted
    wait_for(lambda: total_of(shop) == RECORDS)
