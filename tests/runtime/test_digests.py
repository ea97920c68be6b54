"""What the rows of a table amount to: nothing that is stored of a row may change unnoticed."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, LiteralString, cast
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import Connection

from api.services import Services
from ledger.kernel.events import RecordedEvent
from ledger.meters.events import MeterCreated
from projections.runtime.rebuild.digests import Contents, contents_of
from projections.runtime.rebuild.rebuilding import rebuild, verify
from projections.runtime.rows import Rows
from projections.runtime.schema import create_tables
from projections.runtime.tables import Table
from tests.runtime.conftest import LEDGER, Execute
from tests.runtime.test_rebuild import make_meters
from tests.support.postgres import Database


class EveryKindRow(msgspec.Struct, frozen=True):
    """A value of each type that a column may have."""

    id: str
    at: int
    number: int
    amount: Decimal | None
    open: bool
    series: UUID
    hashes: bytes
    note: str | None


EVERY_KIND = Table(
    "every_kind",
    EveryKindRow,
    key=("id", "at"),
    columns={
        "at": "bigint",
        "number": "integer",
        "amount": "numeric",
        "open": "boolean",
        "series": "uuid",
        "hashes": "bytea",
        "note": "text",
    },
)

ROWS = (
    """(1, 'a', 1, 1, 1.0, true, '00000000-0000-0000-0000-000000000001', '\\x01', '', '{"b":1}')""",
    """(1, 'b', 1, 0, NULL, false, '00000000-0000-0000-0000-000000000002', '\\x', NULL, '{}')""",
    """(2, 'a', 2, 7, 0, true, '00000000-0000-0000-0000-000000000003', '\\x02', 'c', '{}')""",
)

CHANGES = (
    "id = 'c'",
    "at = 2",
    "number = 2",
    "number = NULL",
    "amount = 1.00",
    "amount = 2.0",
    "amount = 0.0",
    "amount = NULL",
    "open = false",
    "open = NULL",
    "series = '00000000-0000-0000-0000-000000000009'",
    "hashes = '\\x02'",
    "hashes = NULL",
    "note = NULL",
    "note = ' '",
    """data = '{"b": 2}'""",
    "data = 'null'",
    "at = 2, number = 2",
    "amount = NULL, note = NULL",
    "number = 0, amount = 0",
)


@pytest.fixture
def conn(database: Database) -> Iterator[Connection[Any]]:
    with psycopg.connect(database.owner_url, autocommit=True) as opened:
        opened.execute(EVERY_KIND.create_statement())
        yield opened


def insert(conn: Connection[Any], rows: tuple[str, ...]) -> None:
    statement = (
        f"INSERT INTO {EVERY_KIND.relation()} (ledger_id, {', '.join(EVERY_KIND.types)}, data) "
        f"VALUES {', '.join(rows)}"
    )
    conn.execute(cast("LiteralString", statement))


def emptied(conn: Connection[Any]) -> None:
    conn.execute(f"TRUNCATE {EVERY_KIND.relation()}")


def test_no_change_of_a_row_goes_unnoticed(conn: Connection[Any]) -> None:
    seen: dict[Contents, str] = {}
    for change in ("id = id", *CHANGES):
        insert(conn, ROWS)
        conn.execute(
            cast(
                "LiteralString",
                f"UPDATE {EVERY_KIND.relation()} SET {change} WHERE id = 'a' AND ledger_id = 1",
            )
        )
        found = contents_of(conn, EVERY_KIND)
        emptied(conn)
        assert found[1] not in seen, f"{change} is like {seen.get(found[1])}"
        seen[found[1]] = change


def test_rows_amount_to_the_same_in_whatever_order(conn: Connection[Any]) -> None:
    insert(conn, ROWS)
    found = contents_of(conn, EVERY_KIND)
    emptied(conn)
    insert(conn, ROWS[::-1])
    assert contents_of(conn, EVERY_KIND) == found
    assert {ledger: one.rows for ledger, one in found.items()} == {1: 2, 2: 1}


def test_a_ledger_amounts_to_the_same_beside_others_and_alone(conn: Connection[Any]) -> None:
    assert contents_of(conn, EVERY_KIND) == {}
    insert(conn, ROWS)
    together = contents_of(conn, EVERY_KIND)
    for ledger in (1, 2):
        emptied(conn)
        insert(conn, tuple(row for row in ROWS if row.startswith(f"({ledger},")))
        assert contents_of(conn, EVERY_KIND) == {ledger: together[ledger]}


def test_values_that_change_places_make_a_difference(conn: Connection[Any]) -> None:
    insert(conn, ROWS)
    before = contents_of(conn, EVERY_KIND)[1]
    for column in ("number", "amount", "open", "series", "hashes", "note", "data"):
        name = cast("LiteralString", column)
        conn.execute(
            f"UPDATE {EVERY_KIND.relation()} AS t SET {name} = o.{name} "
            f"FROM {EVERY_KIND.relation()} AS o "
            "WHERE t.ledger_id = 1 AND o.ledger_id = 1 AND t.id <> o.id"
        )
        assert contents_of(conn, EVERY_KIND)[1] != before, column
        emptied(conn)
        insert(conn, ROWS)


class AmountRow(msgspec.Struct, frozen=True):
    """An amount of a meter."""

    id: str
    amount: Decimal


AMOUNTS = Table("amounts", AmountRow, columns={"amount": "numeric"}, document=False)


class AmountsProjection:
    """Each meter has an amount of 1.0."""

    name = "amounts"
    version = 1
    tables = (AMOUNTS,)

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        if isinstance(recorded.event, MeterCreated):
            rows.put(AMOUNTS, AmountRow(recorded.originator_id, Decimal("1.0")))


def test_a_number_that_is_written_otherwise_is_named(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    projection = AmountsProjection()
    create_tables(database.owner_url, [projection])
    rebuild(database.owner_url, [projection], services.log, lambda *_: None)
    [built] = rebuild(database.owner_url, [projection], services.log, lambda *_: None)
    assert built.tables[0].live_digest == built.tables[0].digest
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(f"UPDATE {AMOUNTS.relation()} SET amount = 1.00 WHERE id = 'mtr_1'")
    [found] = verify(database.owner_url, [projection], services.log, lambda *_: None)
    assert found.tables[0].differing == (f"{LEDGER.ledger_id} mtr_1",)
