"""Rows lie in partitions by month, which come and go without a row being missed or seen twice."""

import threading
from contextlib import suppress

import psycopg
import pytest

from api.services import Services
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from ledger.meters.commands import CreateMeter, RenameMeter
from projections.runtime.partitioning import partition
from projections.runtime.partitions import (
    drop_lapsed,
    keep_months,
    months_around,
    months_of,
    partitions_of,
)
from projections.runtime.projector import Projector
from projections.runtime.rebuild.rebuilding import rebuild
from projections.runtime.schema import create_tables
from projections.runtime.splitting import Moved, split_default
from projections.runtime.sweeping import sweep
from tests.runtime.conftest import LEDGER, Execute
from tests.runtime.monthly import (
    NAMES,
    NOW,
    NamesProjection,
    fetching,
    months_held,
)
from tests.support.postgres import Database

PROJECTION = NamesProjection()
AROUND = [Month(2026, month) for month in (5, 6, 7, 8, 9, 10)]


@pytest.fixture
def projector(services: Services, database: Database) -> Projector:
    create_tables(database.owner_url, [PROJECTION])
    return Projector(services.datastore, services.log, [PROJECTION])


def name_meters(execute: Execute, *names: str, first: int = 0) -> None:
    for n, name in enumerate(names, first):
        execute(CreateMeter(meter=f"mtr_{n}", display_name=name, event_name=f"m{n}", formula="sum"))


def nothing(*_: int) -> None:
    """No progress is shown."""


def test_the_months_around_now_get_partitions(projector: Projector, database: Database) -> None:
    made = keep_months(database.owner_url, [PROJECTION], NOW)
    assert made == [f"projections.names_v1_2026_{m:02}" for m in (5, 6, 7, 8, 9, 10)]
    assert keep_months(database.owner_url, [PROJECTION], NOW) == []
    with fetching(database.owner_url) as conn:
        assert months_of(conn, NAMES) == AROUND == months_around(NOW)
        assert partitions_of(conn, NAMES)[-1].name == "names_v1_default"


def test_a_role_that_owns_no_table_makes_none(projector: Projector, database: Database) -> None:
    assert keep_months(database.app_url, [PROJECTION], NOW) == []
    with pytest.raises(InvalidRequest, match="TALLYBOOK_OWNER_DATABASE_URL"):
        partition(database.app_url, [PROJECTION], NOW, nothing)


def test_rows_without_a_partition_are_written_and_moved_later(
    projector: Projector, database: Database, execute: Execute, services: Services
) -> None:
    name_meters(execute, "2026-07-01", "2026-07-31", "2025-01-01", "2025-01-31", "2024-12-31")
    projector.catch_up()
    assert months_held(database.owner_url) == {"default": 5}
    steps: list[tuple[int, int]] = []
    done = partition(database.owner_url, [PROJECTION], NOW, lambda *s: steps.append(s), worth=2)
    assert done.moved == [
        Moved("names", Month(2025, 1), 2),
        Moved("names", Month(2026, 7), 2),
    ]
    assert steps == [(2, 5), (4, 5), (5, 5)]
    assert months_held(database.owner_url) == {"2025_01": 2, "2026_07": 2, "default": 1}
    # Nothing is left to do, nor anything left behind.
    again = partition(database.owner_url, [PROJECTION], NOW, nothing, worth=2)
    assert (again.made, again.moved, again.dropped) == ([], [], [])
    assert {p.name for p in again.partitions} == relations(database)


def relations(database: Database) -> set[str]:
    """Every table whose name begins like that of the sample, but for itself."""
    with fetching(database.owner_url) as conn:
        rows = conn.execute(
            "SELECT relname, relkind FROM pg_class WHERE relname LIKE 'names_v1%' "
            "AND relkind IN ('r', 'i')"
        ).fetchall()
    tables = {str(name) for name, kind in rows if kind == "r"}
    assert {str(name) for name, kind in rows if kind == "i"} == {f"{t}_pkey" for t in tables}
    return tables


def test_rows_that_come_while_others_are_moved_are_not_missed(
    projector: Projector, database: Database, execute: Execute, services: Services
) -> None:
    """Usage goes on in two ledgers' worth of threads: one writes, one reads, one moves."""
    name_meters(execute, *["2025-01-15"] * 10)
    projector.catch_up()
    done, seen = threading.Event(), list[tuple[int, int]]()

    def read() -> None:
        with fetching(database.app_url) as conn:
            while not done.is_set():
                [(rows, position)] = conn.execute(
                    f"SELECT (SELECT count(*) FROM {NAMES.relation()} WHERE ledger_id = 1), "
                    "(SELECT position FROM projections.checkpoints WHERE projection = 'names_v1')"
                ).fetchall()
                seen.append((int(str(rows)), int(str(position))))

    def write() -> None:
        for n in range(10, 40):
            name_meters(execute, f"2025-0{n % 3 + 1}-15", first=n)
            projector.catch_up()
        done.set()

    threads = [threading.Thread(target=read), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    moved = 0
    while not done.is_set():
        moved += sum(
            m.rows for m in split_default(database.owner_url, PROJECTION, NOW, nothing, worth=1)
        )
        drop_lapsed(database.owner_url, PROJECTION, NOW)
    for thread in threads:
        thread.join()
    # Each meter appends its claim and its creation, so a name is there every second position.
    assert moved
    assert [(rows, at) for rows, at in seen if rows != at // 2] == []
    split_default(database.owner_url, PROJECTION, NOW, nothing, worth=1)
    assert months_held(database.owner_url) == {"2025_01": 20, "2025_02": 10, "2025_03": 10}


def test_rows_of_months_that_are_let_go_are_swept_and_their_partitions_dropped(
    projector: Projector, database: Database, execute: Execute, services: Services
) -> None:
    name_meters(execute, *["2026-01-10", "2026-02-10", "2026-03-10"] * 3)
    projector.catch_up()
    partition(database.owner_url, [PROJECTION], NOW, nothing, worth=3)
    execute(RenameMeter(meter="mtr_0", display_name="keep 2026-03"))
    name_meters(execute, "2026-02-11", "2026-03-11", first=9)
    projector.catch_up()
    steps: list[int] = []
    assert sweep(services.datastore, LEDGER.ledger_id, NAMES, steps.append, at_once=4) == 6
    assert steps == [4, 6]
    assert sweep(services.datastore, LEDGER.ledger_id, NAMES, nothing) == 0
    assert months_held(database.owner_url) == {"2026_03": 4}
    done = partition(database.owner_url, [PROJECTION], NOW, nothing)
    assert done.dropped == [f"projections.names_v1_2026_0{month}" for month in (1, 2)]
    assert [p.month for p in done.partitions] == [Month(2026, 3), *AROUND, None]


def test_a_partition_is_dropped_as_soon_as_no_row_in_it_counts(
    projector: Projector, database: Database, execute: Execute, services: Services
) -> None:
    name_meters(execute, "2026-01-10", "2026-02-10")
    projector.catch_up()
    partition(database.owner_url, [PROJECTION], NOW, nothing, worth=1)
    assert drop_lapsed(database.owner_url, PROJECTION, NOW) == []
    execute(RenameMeter(meter="mtr_0", display_name="keep 2026-02"))
    projector.catch_up()
    assert drop_lapsed(database.owner_url, PROJECTION, NOW) == ["projections.names_v1_2026_01"]
    assert months_held(database.owner_url) == {"2026_02": 1}


def test_rows_that_count_no_more_make_no_difference_to_a_rebuild(
    projector: Projector, database: Database, execute: Execute, services: Services
) -> None:
    name_meters(execute, "2026-01-10", "2026-02-10", "2026-07-10")
    projector.catch_up()
    partition(database.owner_url, [PROJECTION], NOW, nothing, worth=1)
    execute(RenameMeter(meter="mtr_0", display_name="keep 2026-02"))
    projector.catch_up()
    assert months_held(database.owner_url) == {"2026_01": 1, "2026_02": 1, "2026_07": 1}
    for _ in range(2):
        [result] = rebuild(database.owner_url, [PROJECTION], services.log, nothing)
        assert [(t.table, t.rows, t.equal) for t in result.tables] == [
            ("names", 2, True),
            ("names_kept", 1, True),
        ]
        assert "names_v1_2026_01" in relations(database)
        # In the same months as the table that was replaced.
        assert months_held(database.owner_url) == {"2026_02": 1, "2026_07": 1}


def test_only_the_partition_that_is_asked_for_is_read(
    projector: Projector, database: Database
) -> None:
    keep_months(database.owner_url, [PROJECTION], NOW)
    first = NOW.first_microsecond
    with fetching(database.app_url) as conn:
        plan = conn.execute(
            f"EXPLAIN SELECT * FROM {NAMES.relation()} WHERE ledger_id = 1 AND meter = 'm' "
            f"AND timestamp >= {first} AND timestamp < {first + 9}".encode()
        ).fetchall()
    text = "\n".join(str(line[0]) for line in plan)
    assert "names_v1_2026_07" in text
    assert "default" not in text
    assert text.count("Scan") == 1


def test_what_a_move_that_was_cut_off_left_behind_is_taken_away(
    projector: Projector, database: Database, execute: Execute
) -> None:
    name_meters(execute, "2026-07-10")
    projector.catch_up()

    def cut_off(*_: int) -> None:
        raise KeyboardInterrupt

    with suppress(KeyboardInterrupt):
        split_default(database.owner_url, PROJECTION, NOW, cut_off)
    with fetching(database.owner_url) as conn:
        conn.execute(f"CREATE TABLE {NAMES.relation()}_moving_2026_07 (LIKE {NAMES.relation()})")
    assert months_held(database.owner_url) == {"default": 1}
    split_default(database.owner_url, PROJECTION, NOW, nothing)
    assert relations(database) == {"names_v1_2026_07", "names_v1_default"}


def test_a_table_that_is_read_for_long_is_left_alone(
    projector: Projector, database: Database
) -> None:
    with psycopg.connect(database.app_url) as reading:
        reading.execute(f"SELECT * FROM {NAMES.relation()} WHERE ledger_id = 1")
        assert keep_months(database.owner_url, [PROJECTION], NOW) == []
        reading.rollback()
    assert len(keep_months(database.owner_url, [PROJECTION], NOW)) == 6
