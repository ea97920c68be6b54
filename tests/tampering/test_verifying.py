"""Every ledger verified by the command, over one connection or in processes of their own."""

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.audit.cli_audit import app
from api.audit.verifying import verified
from api.services import Services
from ledger.audit.merkle.notes import Checkpoint, sign_note
from ledger.checkpoints.events import CheckpointSigned
from projections.audit.verifying import cutting
from projections.audit.verifying.verify import VerifiedLedger
from tests.support.postgres import Database, PostgresServer
from tests.tampering.scene import SIGNING_KEY, play


@pytest.fixture(scope="module")
def played(postgres_server: PostgresServer) -> Iterator[Database]:
    """Two ledgers."""
    with postgres_server.database() as database:
        services = Services(database.app_url, pool_size=4, follow_inline=True)
        for ledger_id in (1, 2):
            play(services, ledger_id)
        services.close()
        yield database


@pytest.fixture
def settings(played: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    monkeypatch.setenv("DATABASE_URL", played.app_url)
    monkeypatch.setenv("TALLYBOOK_OWNER_DATABASE_URL", played.owner_url)
    monkeypatch.setenv("TALLYBOOK_DATA_DIR", str(tmp_path))
    return played


def verify(*words: str) -> Result:
    return CliRunner().invoke(app, ["verify", *words])


def test_all_ledgers_hold(settings: Database) -> None:
    told = verify()
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["ledger 1", "ledger 2"]
    assert all(line.endswith("holds") for line in lines)


def test_the_first_bad_position_is_named_with_exit_code_3(settings: Database) -> None:
    with psycopg.connect(settings.owner_url) as connection:
        connection.execute("DELETE FROM ledger.usage_keys WHERE ledger_id = 2 AND position = 46")
    try:
        told = verify("--parallel", "1")
        assert told.exit_code == 3
        assert "ledger 1: 56 events" in told.stdout
        assert "first bad position: 46" in told.stdout
        document = json.loads(verify("--ledger", "2", "--json").stdout)
    finally:
        with psycopg.connect(settings.owner_url) as connection:
            connection.execute(
                "INSERT INTO ledger.usage_keys SELECT 2, ordinal, fingerprint, position, key "
                "FROM ledger.usage_keys WHERE ledger_id = 1 AND position = 46"
            )
    [ledger] = document["ledgers"]
    assert not document["holds"]
    assert ledger["first_bad_position"] == 46
    assert ledger["findings"][0]["where"] == "ledger.usage_keys"
    assert ledger["failures"] > 20
    assert len(ledger["findings"]) == 20
    assert verify().exit_code == 0


def test_read_models_may_be_left_out(settings: Database) -> None:
    with psycopg.connect(settings.owner_url) as connection:
        connection.execute("UPDATE projections.products_v1 SET created = created + 1")
    try:
        assert verify("--skip", "read-models").exit_code == 0
        assert verify().exit_code == 3
    finally:
        with psycopg.connect(settings.owner_url) as connection:
            connection.execute("UPDATE projections.products_v1 SET created = created - 1")
    assert verify("--skip", "everything").exit_code == 2


def test_a_ledger_that_is_not_there(settings: Database) -> None:
    told = verify("--ledger", "77")
    assert told.exit_code == 4
    assert "77" in told.stderr


def test_a_checkpoint_that_was_kept(settings: Database, tmp_path: Path) -> None:
    services = Services(settings.app_url, pool_size=2)
    notes = [
        recorded.event.note
        for recorded in services.log(2).catalogue_page(50, 10, 56)
        if isinstance(recorded.event, CheckpointSigned)
    ]
    services.close()
    file = tmp_path / "kept.txt"
    file.write_text(notes[0], encoding="utf-8")
    key = str(SIGNING_KEY.public("tallybook/acct_1/2"))
    assert verify("--against", str(file)).exit_code == 0
    assert verify("--against", str(file), "--public-key", key, "--ledger", "2").exit_code == 0
    assert verify("--public-key", "tallybook/acct_1/2").exit_code == 6
    root = bytes(32)
    of_another = sign_note(Checkpoint("tallybook/acct_1/2", 50, root), SIGNING_KEY)
    file.write_text(of_another, encoding="utf-8")
    told = verify("--against", str(file))
    assert told.exit_code == 3
    assert "of the events 1 through 50 any is not what was signed" in told.stdout
    file.write_text(notes[0].replace("53", "52"), encoding="utf-8")
    assert verify("--against", str(file)).exit_code == 6
    file.write_text("nothing", encoding="utf-8")
    assert verify("--against", str(file)).exit_code == 6


def test_processes_find_what_one_finds(played: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "WORTH_PROCESSES", 0)
    services = Services(played.app_url, pool_size=4)
    shown: list[tuple[int, int]] = []

    def look(processes: int) -> VerifiedLedger:
        [found] = verified(
            services, (1,), lambda _: lambda *done: shown.append(done), processes=processes
        )
        return found

    try:
        assert look(1).findings == look(2).findings == []
        assert shown[-1] == (56, 56)
        with psycopg.connect(played.owner_url) as connection:
            connection.execute("UPDATE ledger.events SET state = '' WHERE position IN (20, 46)")
            connection.execute("DELETE FROM projections.meter_events_v4 WHERE position = 47")
        alone, apart = look(1), look(2)
        assert alone.first_bad_position == apart.first_bad_position == 20
        assert alone.findings == apart.findings
        assert alone.meter_events == apart.meter_events
    finally:
        services.close()
