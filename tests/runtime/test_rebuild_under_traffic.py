"""A rebuild while events are recorded, projected and read loses none and holds up nothing else."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from api.services import Services
from ledger.kernel.clock import monotonic, system_now
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import Conflict
from ledger.meters.commands import CreateMeter
from projections.due.projection import DueProjection
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.runtime.log import Log
from projections.runtime.projection import checkpoint_name
from projections.runtime.rebuild import sides
from projections.runtime.rebuild.rebuilding import rebuild
from tests.runtime.conftest import LEDGER, Execute
from tests.support.postgres import Database

OTHER = LedgerIdentity(2, "acct_other", livemode=False)
METERS_CHECKPOINT = checkpoint_name(MetersProjection())


def meter(number: int) -> CreateMeter:
    return CreateMeter(
        meter=f"mtr_{number}", display_name="M", event_name=f"m{number}", formula="sum"
    )


def at_the_switch(
    monkeypatch: pytest.MonkeyPatch, database: Database, act: Callable[[], None]
) -> None:
    """Have a switch act when it holds the live checkpoints, before it sets the tables aside."""
    set_aside = sides.set_aside

    def act_before(*of: Any) -> None:
        assert _checkpoints_are_locked(database)
        with ThreadPoolExecutor(1) as thread:
            thread.submit(act).result(timeout=10)
        set_aside(*of)

    monkeypatch.setattr(sides, "set_aside", act_before)


def _checkpoints_are_locked(database: Database) -> bool:
    with psycopg.connect(database.owner_url) as other:
        try:
            other.execute(
                "SELECT 1 FROM projections.checkpoints WHERE ledger_id = %s AND projection = %s "
                "FOR UPDATE NOWAIT",
                (LEDGER.ledger_id, METERS_CHECKPOINT),
            )
        except psycopg.errors.LockNotAvailable:
            return True
    return False


def test_a_ledger_that_begins_at_the_switch_is_not_lost(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(meter(1))
    services.projector.catch_up()

    def begin_another() -> None:
        circumstances = Circumstances(system_now(), "system:test", "test")
        services.application(OTHER).execute(meter(2), circumstances)
        services.projector.step_ledger(OTHER.ledger_id)

    at_the_switch(monkeypatch, database, begin_another)
    rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    services.projector.catch_up()
    assert services.reader(OTHER.ledger_id).get(METERS, "mtr_2") is not None
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_1") is not None


def test_the_other_projections_go_on_at_the_switch(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(meter(1))
    services.projector.catch_up()
    reached: dict[str, int] = {}

    def go_on() -> None:
        execute(meter(2))
        services.projector.step()
        found = services.projector.checkpoints.of_ledger(LEDGER.ledger_id)
        reached.update({name: checkpoint.position for name, checkpoint in found.items()})

    at_the_switch(monkeypatch, database, go_on)
    rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    assert reached[checkpoint_name(DueProjection())] == services.log(LEDGER.ledger_id).head()
    assert reached[METERS_CHECKPOINT] < services.log(LEDGER.ledger_id).head()
    services.projector.catch_up()
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_2") is not None


def test_nothing_is_lost_or_refused_while_rebuilds_follow_each_other(
    services: Services, database: Database, execute: Execute
) -> None:
    stopping, all_read = threading.Event(), threading.Event()

    def project() -> None:
        while not all_read.is_set():
            services.projector.step()

    def record_and_read() -> int:
        number = 0
        while not stopping.is_set():
            number += 1
            execute(meter(number))
            services.reader(LEDGER.ledger_id).require(METERS, "meter", f"mtr_{number}")
        return number

    with ThreadPoolExecutor(2) as threads:
        projecting, recorded = threads.submit(project), threads.submit(record_and_read)
        ends_at = monotonic() + 3
        try:
            rebuilt = 0
            while monotonic() < ends_at:
                [outcome] = rebuild(
                    database.owner_url, [MetersProjection()], services.log, lambda *_: None
                )
                assert outcome.equal
                rebuilt += 1
        finally:
            stopping.set()
            count = recorded.result()
            all_read.set()
        projecting.result()
    assert rebuilt > 3
    services.projector.catch_up()
    reader = services.reader(LEDGER.ledger_id)
    assert all(reader.get(METERS, f"mtr_{number}") for number in range(1, count + 1))


def test_two_processes_do_not_rebuild_the_same_projection(
    services: Services, database: Database, execute: Execute
) -> None:
    execute(meter(1))

    def second(_: int) -> Log:
        with pytest.raises(Conflict, match="rebuilding meters_v2 already"):
            rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
        return services.log(LEDGER.ledger_id)

    rebuild(database.owner_url, [MetersProjection()], second, lambda *_: None)


def test_a_rebuild_that_was_cut_off_goes_on(
    services: Services, database: Database, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(meter(1))
    services.projector.catch_up()

    def cut_off() -> None:
        raise KeyboardInterrupt

    at_the_switch(monkeypatch, database, cut_off)
    execute(meter(2))
    with pytest.raises(KeyboardInterrupt):
        rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    services.projector.catch_up()
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_2") is not None
    monkeypatch.undo()
    [rebuilt] = rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    assert rebuilt.tables[0].equal is True
