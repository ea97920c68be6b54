"""A release with a new version of a read model: noticed, filled beside the old one, tidied up."""

import psycopg
import pytest

from api.health import Filling, readiness
from api.serve.cli import offer_rebuilds
from api.services import Services
from projections.meters.projection import MetersProjection
from projections.runtime.projection import checkpoint_name
from projections.runtime.rebuild.earlier import drop_earlier, earlier_tables, raised
from projections.runtime.rebuild.filling import connected
from projections.runtime.rebuild.rebuilding import rebuild
from tests.runtime.conftest import Execute
from tests.runtime.test_rebuild import make_meters
from tests.support.postgres import Database

MODEL = MetersProjection()


@pytest.fixture
def upgraded(services: Services, database: Database, execute: Execute) -> Database:
    """A database in which the release before had meters_v1, and nothing has meters_v2 yet."""
    make_meters(execute, 3)
    services.projector.catch_up()
    with psycopg.connect(database.owner_url) as conn:
        conn.execute("CREATE TABLE projections.meters_v1 (LIKE projections.meters_v2)")
        conn.execute("TRUNCATE projections.meters_v2")
        conn.execute(
            "UPDATE projections.checkpoints SET projection = 'meters_v1' "
            "WHERE projection = 'meters_v2'"
        )
    return database


def test_it_is_noticed_and_offered_until_it_is_filled(
    services: Services, upgraded: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    offer_rebuilds(services)
    said = capsys.readouterr().err
    assert "meters_v2 replaces meters_v1 and has 6 events to apply" in said
    assert "tallybook projections rebuild meters" in said
    filling = Filling(services)
    found = readiness(services, filling)
    assert found["ready"] is False
    assert found["projections_being_filled"] == {"meters_v2": 6}
    services.projector.catch_up()
    assert readiness(services, filling)["ready"] is True
    offer_rebuilds(services)
    assert capsys.readouterr().err == ""


def test_a_rebuild_fills_it_from_nothing(services: Services, upgraded: Database) -> None:
    [result] = rebuild(upgraded.owner_url, [MODEL], services.log, lambda *_: None)
    [table] = result.tables
    assert (table.rows, table.live_rows, result.equal) == (0, None, True)
    assert readiness(services)["ready"] is True


def test_what_the_release_before_had_is_dropped_when_that_is_asked_for(
    services: Services, upgraded: Database
) -> None:
    services.projector.catch_up()
    with connected(upgraded.owner_url) as conn:
        assert [table.name for table in earlier_tables(conn, MODEL)] == ["meters_v1"]
        assert [table.name for table in drop_earlier(conn, MODEL)] == ["meters_v1"]
        assert earlier_tables(conn, MODEL) == []
        assert raised(conn, [MODEL]) == []
    found = services.projector.checkpoints.all_ledgers()
    assert checkpoint_name(MODEL) in {row["projection"] for row in found}
