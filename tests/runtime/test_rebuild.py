"""A rebuilt projection has the rows of the live one, and takes its place."""

from api.services import Services
from ledger.meters.commands import CreateMeter, DeactivateMeter
from projections.meters.projection import MetersProjection
from projections.meters.rows import METERS
from projections.registry import PROJECTIONS
from projections.runtime.projection import checkpoint_name
from projections.runtime.rebuild.rebuilding import rebuild
from tests.runtime.conftest import LEDGER, Execute
from tests.support.postgres import Database


def make_meters(execute: Execute, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        execute(
            CreateMeter(
                meter=f"mtr_{number}", display_name="M", event_name=f"m{number}", formula="sum"
            )
        )


def test_a_rebuild_gives_the_same_rows(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 20)
    execute(DeactivateMeter(meter="mtr_3"))
    services.projector.catch_up()
    steps: list[tuple[int, int]] = []
    results = rebuild(
        database.owner_url, PROJECTIONS, services.log, lambda *step: steps.append(step)
    )
    assert [result.projection for result in results] == [checkpoint_name(p) for p in PROJECTIONS]
    for projection, result in zip(PROJECTIONS, results, strict=True):
        assert result.events == 41
        assert [(table.table, table.equal) for table in result.tables] == [
            (table.name, True) for table in projection.tables
        ]
    everything = 41 * len(PROJECTIONS)
    assert steps[-1] == (everything, everything)


def test_a_rebuild_repairs_rows_that_were_changed_by_hand(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 3)
    services.projector.catch_up()
    with services.datastore.get_connection() as conn:
        conn.execute(
            f"UPDATE {METERS.relation()} SET data = jsonb_set(data, '{{status}}', '\"inactive\"') "
            "WHERE ledger_id = %s AND id = %s",
            (LEDGER.ledger_id, "mtr_1"),
        )
    [result] = rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    assert not result.equal
    row = services.reader(LEDGER.ledger_id).require(METERS, "meter", "mtr_1")
    assert row.status == "active"


def test_the_projector_goes_on_after_a_rebuild(
    services: Services, database: Database, execute: Execute
) -> None:
    make_meters(execute, 2)
    rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    make_meters(execute, 2, first=2)
    services.projector.catch_up()
    assert services.reader(LEDGER.ledger_id).get(METERS, "mtr_3") is not None
    [again] = rebuild(database.owner_url, [MetersProjection()], services.log, lambda *_: None)
    assert again.equal
