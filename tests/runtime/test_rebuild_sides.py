"""Versions of a read model side by side: going on, going back, verifying, dropping."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from api.services import Services
from ledger.kernel.errors import Conflict, InvalidRequest
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.rebuild import ahead, builds
from projections.runtime.rebuild.filling import connected
from projections.runtime.rebuild.pace import Throttle
from projections.runtime.rebuild.rebuilding import Plan, drop, rebuild, verify
from projections.runtime.rebuild.switching import switch
from projections.runtime.rebuild.workers import Crew
from tests.runtime.conftest import LEDGER, Execute
from tests.runtime.test_rebuild import make_meters
from tests.support.postgres import Database

METERS_MODEL = MetersProjection()
NAME = checkpoint_name(METERS_MODEL)


def nothing(*_: int) -> None:
    """Shows no progress."""


def spoil(database: Database) -> None:
    with psycopg.connect(database.owner_url) as conn:
        conn.execute(
            f"UPDATE {METERS.relation()} SET data = jsonb_set(data, '{{status}}', '\"inactive\"') "
            "WHERE id = 'mtr_1'"
        )


def states(database: Database) -> list[tuple[str, str]]:
    with connected(database.owner_url) as conn:
        return [(build.side, build.state) for build in builds.find(conn, [NAME])]


def test_a_switch_goes_back_and_forth_and_is_never_behind(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    services.projector.catch_up()
    spoil(database)
    [result] = rebuild(database.owner_url, [METERS_MODEL], services.log, nothing)
    assert result.tables[0].differing == (f"{LEDGER.ledger_id} mtr_1",)
    make_meters(execute, 2, first=3)
    services.projector.catch_up()
    for status in ("inactive", "active", "inactive"):
        switch(database.owner_url, METERS_MODEL, services.log, nothing)
        reader = services.reader(LEDGER.ledger_id)
        assert reader.require(METERS, "meter", "mtr_1").status == status
        assert reader.get(METERS, "mtr_4") is not None
        assert states(database) == [("_other", "replaced")]


def test_a_rebuild_may_wait_for_its_switch(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    services.projector.catch_up()
    spoil(database)
    plan = Plan(switches=False)
    [result] = rebuild(database.owner_url, [METERS_MODEL], services.log, nothing, plan)
    assert not result.equal
    assert not result.switched
    assert states(database) == [("_other", "built")]
    reader = services.reader(LEDGER.ledger_id)
    assert reader.require(METERS, "meter", "mtr_1").status == "inactive"
    switch(database.owner_url, METERS_MODEL, services.log, nothing)
    assert reader.require(METERS, "meter", "mtr_1").status == "active"


def test_a_switch_waits_for_a_vacuum_beside_readers(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    services.projector.catch_up()
    rebuild(database.owner_url, [METERS_MODEL], services.log, nothing, Plan(switches=False))
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND mode = 'ShareUpdateExclusiveLock'"
    with ThreadPoolExecutor(1) as thread, psycopg.connect(database.owner_url) as vacuum:
        vacuum.execute(f"ALTER TABLE {METERS.relation()} RESET (autovacuum_enabled)")
        switching = thread.submit(switch, database.owner_url, METERS_MODEL, services.log, nothing)
        while not vacuum.execute(waiting).fetchone():
            assert not switching.done()
            time.sleep(0.01)
        time.sleep(0.7)  # longer than a switch lets readers wait
        assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_1") is not None
        assert vacuum.execute(waiting).fetchone()
        vacuum.rollback()
        switching.result()
    assert states(database) == [("_other", "replaced")]


def cut_off_after(services: Services, pages: int) -> Callable[[int], Log]:
    """Logs that are lost once so many pages were read."""
    left = pages

    class Short(Log):
        def without_usage(self, after: int, limit: int, through: int):
            nonlocal left
            left -= 1
            if left < 0:
                raise psycopg.errors.DiskFull("could not extend file: No space left on device")
            return super().without_usage(after, limit, through)

    def log_of(ledger_id: int) -> Log:
        log = services.log(ledger_id)
        return Short(log.recorder, log._mapper)  # pyright: ignore[reportPrivateUsage]

    return log_of


def test_what_was_cut_off_goes_on_where_it_was(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_PAGE_EVENTS", 5)
    make_meters(execute, 10)
    services.projector.catch_up()
    with pytest.raises(psycopg.errors.DiskFull):
        rebuild(database.owner_url, [METERS_MODEL], cut_off_after(services, 2), nothing)
    assert states(database) == [("_other", "building")]
    with pytest.raises(Conflict, match="is not complete"):
        switch(database.owner_url, METERS_MODEL, services.log, nothing)
    seen: list[int] = []
    [result] = rebuild(
        database.owner_url, [METERS_MODEL], services.log, lambda done, _: seen.append(done)
    )
    assert seen[0] == 15
    assert result.events == 20
    assert result.equal


def test_it_begins_anew_when_that_is_asked_for(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "_PAGE_EVENTS", 5)
    make_meters(execute, 10)
    services.projector.catch_up()
    with pytest.raises(psycopg.errors.DiskFull):
        rebuild(database.owner_url, [METERS_MODEL], cut_off_after(services, 2), nothing)
    seen: list[int] = []
    rebuild(
        database.owner_url,
        [METERS_MODEL],
        services.log,
        lambda done, _: seen.append(done),
        Plan(anew=True),
    )
    assert seen[0] == 5


def test_verifying_names_the_rows_that_differ_and_leaves_nothing_behind(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    services.projector.catch_up()
    [fine] = verify(database.owner_url, [METERS_MODEL], services.log, nothing)
    assert fine.equal
    spoil(database)
    [found] = verify(database.owner_url, [METERS_MODEL], services.log, nothing)
    assert not found.equal
    assert found.tables[0].differing == (f"{LEDGER.ledger_id} mtr_1",)
    assert states(database) == []
    reader = services.reader(LEDGER.ledger_id)
    assert reader.require(METERS, "meter", "mtr_1").status == "inactive"


def test_the_other_version_is_dropped_once(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 1)
    rebuild(database.owner_url, [METERS_MODEL], services.log, nothing)
    assert drop(database.owner_url, METERS_MODEL)
    assert not drop(database.owner_url, METERS_MODEL)
    with pytest.raises(Conflict, match="no other version"):
        switch(database.owner_url, METERS_MODEL, services.log, nothing)
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_0") is not None


def test_several_processes_build_what_one_does(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    from projections.registry import PROJECTIONS
    from projections.runtime.rebuild import workers

    monkeypatch.setattr(workers, "_WORTH_EVENTS", 1)
    make_meters(execute, 20)
    services.projector.catch_up()
    crew = Crew(3, database.app_url, database.owner_url)
    plan = Plan(crew=crew, drops=True)
    results = rebuild(database.owner_url, PROJECTIONS, services.log, nothing, plan)
    assert all(result.equal and result.events == 40 for result in results)
    assert states(database) == []


def test_an_event_that_cannot_be_applied_is_named(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_meters(execute, 2)
    services.projector.catch_up()
    monkeypatch.setattr(MetersProjection, "apply", lambda *_: 1 // 0)
    with pytest.raises(Conflict, match=r"meters_v2 cannot be built.*ZeroDivisionError"):
        rebuild(database.owner_url, [METERS_MODEL], services.log, nothing)
    with connected(database.owner_url) as conn:
        [build] = builds.find(conn, [NAME])
    assert "ZeroDivisionError" in (build.error or "")
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_0") is not None


@pytest.mark.parametrize("text", ["", "0", "0%", "-5", "101%", "1.5", "fast"])
def test_a_throttle_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="is neither"):
        Throttle.of(text)


def test_a_throttle_is_a_rate_or_a_share() -> None:
    assert Throttle.of("50000") == Throttle(records_a_second=50_000)
    assert Throttle.of("25%") == Throttle(percent=25)
    assert Throttle.of(None) == Throttle()
