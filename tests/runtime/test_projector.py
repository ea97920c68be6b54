"""The projector applies each event once, whoever runs it, and stops at one it cannot apply."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from api.services import Services
from ledger.kernel.errors import Unavailable
from ledger.kernel.events import RecordedEvent
from ledger.meters.commands import CreateMeter, RenameMeter
from ledger.meters.events import MeterRenamed
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.registry import PROJECTION_OF_TABLE
from projections.runtime.projector import Projector
from projections.runtime.reader import Page, Reader
from projections.runtime.rows import Rows
from tests.runtime.conftest import LEDGER, Execute


def meter(number: int) -> CreateMeter:
    return CreateMeter(
        meter=f"mtr_{number}",
        display_name=f"Meter {number}",
        event_name=f"m{number}",
        formula="sum",
    )


def test_rows_and_checkpoint_follow_the_log(services: Services, execute: Execute) -> None:
    head = [execute(meter(n)) for n in range(3)][-1]
    services.projector.catch_up()
    rows, more = services.reader(LEDGER.ledger_id).page(METERS, Page(limit=2))
    assert [row.id for row in rows] == ["mtr_2", "mtr_1"]
    assert more
    checkpoints = services.projector.checkpoints.of_ledger(LEDGER.ledger_id)
    assert {c.position for c in checkpoints.values()} == {head}
    assert services.projector.checkpoints.lag() == 0


def test_pages_go_both_ways(services: Services, execute: Execute) -> None:
    for number in range(5):
        execute(meter(number))
    services.projector.catch_up()
    reader = services.reader(LEDGER.ledger_id)
    after, more_after = reader.page(METERS, Page(limit=2, starting_after="mtr_3"))
    before, more_before = reader.page(METERS, Page(limit=2, ending_before="mtr_1"))
    assert ([row.id for row in after], more_after) == (["mtr_2", "mtr_1"], True)
    assert ([row.id for row in before], more_before) == (["mtr_3", "mtr_2"], True)


def test_several_projectors_at_once_apply_each_event_once(
    services: Services, execute: Execute
) -> None:
    for number in range(30):
        execute(meter(number))
        execute(RenameMeter(meter=f"mtr_{number}", display_name="Renamed"))
    projectors = [
        Projector(services.datastore, services.log, [CountingProjection()]) for _ in range(3)
    ]
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(lambda projector: projector.catch_up(), projectors))
    rows, _ = services.reader(LEDGER.ledger_id).page(METERS, Page(limit=100))
    assert {row.updated for row in rows} == {1}


class CountingProjection(MetersProjection):
    """Counts in `updated` how often a rename was applied to a meter."""

    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        if isinstance(recorded.event, MeterRenamed):
            row = rows.get(METERS, recorded.originator_id)
            assert row is not None
            rows.put(METERS, msgspec.structs.replace(row, updated=row.updated + 1))
        else:
            super().apply(recorded, rows)
            row = rows.get(METERS, recorded.originator_id)
            if row is not None:
                rows.put(METERS, msgspec.structs.replace(row, updated=0))


class FailingAtRename(MetersProjection):
    def apply(self, recorded: RecordedEvent, rows: Rows) -> None:
        if isinstance(recorded.event, MeterRenamed):
            raise ValueError("cannot be renamed")
        super().apply(recorded, rows)


def test_an_event_that_cannot_be_applied_stops_the_projection_and_is_shown(
    services: Services, execute: Execute
) -> None:
    execute(meter(1))
    poison = execute(RenameMeter(meter="mtr_1", display_name="Other"))
    execute(meter(2))
    projector = Projector(services.datastore, services.log, [FailingAtRename()])
    projector.catch_up()

    (stopped,) = projector.checkpoints.stopped()
    assert (stopped.position, stopped.stopped_at) == (poison - 1, poison)
    assert stopped.error == "ValueError: cannot be renamed"
    with pytest.raises(Unavailable, match=f"meters_v2 stopped at position {poison}"):
        services.reader(LEDGER.ledger_id).get(METERS, "mtr_1")

    services.projector.checkpoints.resume_all()
    services.projector.catch_up()
    row = services.reader(LEDGER.ledger_id).get(METERS, "mtr_2")
    assert row is not None


def test_a_read_waits_for_what_was_acknowledged_and_never_answers_stale(
    services: Services, execute: Execute, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.runtime.reader.FRESH_WITHIN_SECONDS", 0.05)
    execute(meter(1))
    reader = services.reader(LEDGER.ledger_id)
    with pytest.raises(Unavailable, match="events behind"):
        reader.get(METERS, "mtr_1")
    head = services.log(LEDGER.ledger_id).head()
    caught_up = Reader(
        services.datastore,
        LEDGER.ledger_id,
        PROJECTION_OF_TABLE,
        head,
        lambda ledger_id: services.projector.step([ledger_id]),
    )
    row = caught_up.get(METERS, "mtr_1")
    assert row is not None
    assert row.display_name == "Meter 1"


def test_the_past_is_folded_from_the_log(services: Services, execute: Execute) -> None:
    created = execute(meter(1))
    execute(RenameMeter(meter="mtr_1", display_name="Later"))
    then = services.past(LEDGER.ledger_id, created).require(METERS, "meter", "mtr_1")
    assert then.display_name == "Meter 1"
