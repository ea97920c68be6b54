"""Usage built from nothing: the rows of single events come first, their key last."""

import itertools
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.services import Services
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.commands import CancelMeterEvent
from ledger.meter_events.formulas import FORMULAS
from ledger.meters.events import Formula, TimeWindow
from ledger.store.datastore import Datastore
from projections.meter_events import young
from projections.meter_events.rollup_rows import USAGE_ROLLUPS
from projections.meter_events.rollups import RESOLUTIONS
from projections.meter_events.rows import METER_EVENTS
from projections.runtime.log import Log
from projections.runtime.rebuild import ahead, keys
from projections.runtime.rebuild.rebuilding import Plan, rebuild, verify
from projections.runtime.rebuild.switching import switch
from tests.meter_events.followed_ledger import (
    BATCHES,
    DECLARED,
    PROJECTION,
    Followed,
    Reported,
    record,
)
from tests.meter_events.metered_ledger import MeteredLedger, report
from tests.support.postgres import Database

# The ledger of an example is built first: before one with a cancellation, which takes the key.
_ledger_ids = itertools.count(1_000, -1)


@pytest.fixture
def datastore(database: Database) -> Iterator[Datastore]:
    """Of a database of its own: a build is of every ledger."""
    with Datastore(database.app_url, pool_size=2) as made:
        yield made


@pytest.fixture
def log_of(database: Database) -> Iterator[Callable[[int], Log]]:
    services = Services(database.app_url, pool_size=2)
    yield services.log
    services.close()


@pytest.fixture
def pages_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "_PAGE_EVENTS", 2)


@pytest.fixture
def rows_at_key(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many single events there were each time that keys were to be made."""
    found: list[int] = []
    make = keys.make

    def counted(conn: psycopg.Connection[object], *rest: object) -> None:
        cursor = conn.execute(f"SELECT count(*) AS n FROM {METER_EVENTS.relation('_other')}")
        [row] = cursor.fetchall()
        found.append(row["n"])  # pyright: ignore[reportIndexIssue, reportUnknownArgumentType]
        make(conn, *rest)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(keys, "make", counted)
    return found


def nothing(*_: int) -> None:
    """Shows no progress."""


def usage_of_a_day(followed: Followed, events: int = 8, *, in_time: bool = False) -> None:
    """An event a minute, each recorded by itself: the day and its hours get finer on the way."""
    for n in sorted(range(events), reverse=in_time):
        followed.ledger.record(report(identifier=f"e-{n}", seconds_ago=60 * n))
    followed.project()


def built(database: Database, log_of: Callable[[int], Log]) -> bool:
    """Whether a build gives the same rows as the live ones."""
    [result] = rebuild(database.owner_url, [PROJECTION], log_of, nothing, Plan(drops=True))
    return result.equal


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=BATCHES,
    cancelled=st.sets(st.integers(0, 20), max_size=2),
    meter=st.tuples(
        st.sampled_from(sorted(FORMULAS)),
        st.sampled_from([None, None, None, "hour", "day"]),
        DECLARED,
    ),
    cut=st.tuples(st.integers(1, 4), st.sampled_from([0, 3, 1_000])),
)
def test_a_build_has_the_rows_of_the_projector(
    database: Database,
    datastore: Datastore,
    log_of: Callable[[int], Log],
    batches: list[tuple[list[Reported], bool]],
    cancelled: set[int],
    meter: tuple[Formula, TimeWindow | None, tuple[str, ...]],
    cut: tuple[int, int],
) -> None:
    """However many events a page has, and however many are kept from page to page."""
    ledger, name = MeteredLedger(datastore, next(_ledger_ids)), uuid.uuid4().hex
    ledger.meter(name, *meter)
    ledger.customer()
    followed = Followed(ledger)
    record(followed, name, batches, cancelled)
    followed.project()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "_PAGE_EVENTS", cut[0])
        patch.setattr(young, "_MOST_EVENTS", cut[1])
        [result] = verify(database.owner_url, [PROJECTION], log_of, nothing)
    assert [table.table for table in result.tables if not table.equal] == []


@pytest.mark.usefixtures("pages_of_two")
def test_the_key_is_made_when_all_rows_are_there(
    followed: Followed, database: Database, log_of: Callable[[int], Log], rows_at_key: list[int]
) -> None:
    usage_of_a_day(followed)
    assert built(database, log_of)
    assert rows_at_key == [8]
    rollups = " ".join(followed.kept(USAGE_ROLLUPS))
    assert all(f"resolution={resolution}," in rollups for resolution in RESOLUTIONS)


@pytest.mark.usefixtures("pages_of_two")
def test_the_key_is_made_when_something_is_looked_for(
    followed: Followed,
    database: Database,
    log_of: Callable[[int], Log],
    rows_at_key: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where too little was kept of a day that gets finer."""
    monkeypatch.setattr(young, "_MOST_EVENTS", 1)
    usage_of_a_day(followed)
    assert built(database, log_of)
    assert 0 < rows_at_key[0] < 8


@pytest.mark.usefixtures("pages_of_two")
def test_the_key_is_made_for_the_first_cancellation(
    followed: Followed, database: Database, log_of: Callable[[int], Log], rows_at_key: list[int]
) -> None:
    followed.ledger.record(report(identifier="first"))
    followed.ledger.execute(CancelMeterEvent(identifier="first", event_name="tokens"))
    usage_of_a_day(followed)
    assert built(database, log_of)
    assert rows_at_key[0] < 8


@pytest.mark.usefixtures("pages_of_two")
def test_a_build_that_was_cut_off_before_its_key_goes_on(
    followed: Followed,
    database: Database,
    log_of: Callable[[int], Log],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usage_of_a_day(followed)

    def full(*_: object) -> None:
        raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(keys, "make", full)
        with pytest.raises(psycopg.errors.DiskFull):
            built(database, log_of)
    usage_of_a_day(followed, events=12)
    assert built(database, log_of)


def cut_off_after(log_of: Callable[[int], Log], pages: int) -> Callable[[int], Log]:
    """Logs that are lost once so many pages were read."""

    class Short(Log):
        def batches(
            self, after: int, limit: int, through: int, size: int = 1
        ) -> Iterator[list[RecordedEvent]]:
            yield from itertools.islice(super().batches(after, limit, through, size), pages)
            raise psycopg.errors.DiskFull("could not extend file: No space left on device")

    def short(ledger_id: int) -> Log:
        log = log_of(ledger_id)
        return Short(log.recorder, log._mapper)  # pyright: ignore[reportPrivateUsage]

    return short


@pytest.mark.usefixtures("pages_of_two")
@pytest.mark.parametrize("in_time", [True, False])
@pytest.mark.parametrize("pages", [1, 2, 3, 4, 5])
def test_a_build_goes_on_wherever_it_was_cut_off(
    followed: Followed,
    database: Database,
    log_of: Callable[[int], Log],
    pages: int,
    in_time: bool,
) -> None:
    """What is known of earlier pages is gone then."""
    usage_of_a_day(followed, in_time=in_time)
    with pytest.raises(psycopg.errors.DiskFull):
        built(database, cut_off_after(log_of, pages))
    assert built(database, log_of)


_SETTINGS = """
SELECT count(*) FILTER (WHERE reloptions @> '{autovacuum_enabled=off}') AS unattended,
    count(*) FILTER (WHERE reltuples < 0) AS unknown, count(*) AS relations
FROM pg_class WHERE relnamespace = 'projections'::regnamespace AND relkind = 'r'
    AND relname LIKE %(of)s AND (relname LIKE '%%_other%%') = %(other)s
"""


def test_a_side_is_left_alone_until_its_switch_and_known_by_then(
    followed: Followed, database: Database, log_of: Callable[[int], Log]
) -> None:
    usage_of_a_day(followed)
    tables = {"of": "meter_events_v%", "other": True}
    with psycopg.connect(database.owner_url, autocommit=True) as conn:
        rebuild(database.owner_url, [PROJECTION], log_of, nothing, Plan(switches=False))
        built = conn.execute(_SETTINGS, tables).fetchone()
        assert built is not None
        assert built[0] == built[2] > 0
        assert built[1] == 0
        switch(database.owner_url, PROJECTION, log_of, nothing)
        for other in (True, False):
            after = conn.execute(_SETTINGS, tables | {"other": other}).fetchone()
            assert after is not None
            assert after[0] == 0


def test_a_switch_waits_for_a_vacuum_of_months_without_a_partition(
    followed: Followed, database: Database, log_of: Callable[[int], Log]
) -> None:
    usage_of_a_day(followed)
    rebuild(database.owner_url, [PROJECTION], log_of, nothing, Plan(switches=False))
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'ShareUpdateExclusiveLock'"
    with ThreadPoolExecutor(1) as thread, psycopg.connect(database.owner_url) as vacuum:
        vacuum.execute(f"ALTER TABLE {METER_EVENTS.relation()}_default RESET (autovacuum_enabled)")
        switching = thread.submit(switch, database.owner_url, PROJECTION, log_of, nothing)
        while not vacuum.execute(waiting).fetchone():
            assert not switching.done()
            time.sleep(0.01)
        vacuum.rollback()
        switching.result()
