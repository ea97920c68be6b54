"""A pack as a SQLite file: plain tables that say what the pack says, with nothing left dangling."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.audit.evidence import verify
from ledger.audit.evidence.sqlite_file import write_sqlite
from ledger.audit.evidence.tables import TABLES
from tests.support.evidence import Files


@pytest.fixture
def opened(files: Files, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The file, opened as any program opens it."""
    write_sqlite(files, tmp_path / "pack.sqlite")
    connection = sqlite3.connect(f"file:{tmp_path}/pack.sqlite?mode=ro", uri=True)
    yield connection
    connection.close()


def test_it_has_every_table_and_nothing_dangles(opened: sqlite3.Connection) -> None:
    names = opened.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    assert {name for (name,) in names} == set(TABLES)
    assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert opened.execute("PRAGMA foreign_key_check").fetchall() == []


def test_a_line_leads_to_its_steps_and_its_meter_events(opened: sqlite3.Connection) -> None:
    lines = opened.execute("SELECT quantity, amount, meter_events FROM lines ORDER BY number")
    assert lines.fetchall() == [("681.5", 28, 5), ("1", 3100, None)]
    summed = opened.execute(
        "SELECT l.number, sum(CAST(s.amount AS integer)) FROM lines l "
        "JOIN steps s ON s.line = l.id GROUP BY l.id ORDER BY 1"
    )
    assert summed.fetchall() == [(1, 28), (2, 3100)]
    counted = opened.execute(
        "SELECT m.identifier, m.value, e.records FROM counted c JOIN meter_events m "
        "USING (position, ordinal) JOIN usage_events e USING (position) ORDER BY 1"
    )
    assert counted.fetchall() == [
        ("a-0-0", "100.5", 2 + 1),
        ("a-0-1", "40", 2 + 1),
        ("a-1-0", "200.5", 4 + 1),
        ("a-2-0", "300.5", 6 + 1),
        ("a-2-1", "40", 6 + 1),
    ]


def test_it_says_what_the_pack_says(opened: sqlite3.Connection, files: Files) -> None:
    [(document, total, number)] = opened.execute("SELECT document, total, number FROM invoice")
    assert document.encode() == files[verify.INVOICE]
    assert (str(total), number) == (json.loads(document)["total"], json.loads(document)["number"])
    events = [json.loads(line) for line in files[verify.EVENTS].splitlines()]
    found = opened.execute("SELECT position, topic, data IS NULL FROM events").fetchall()
    assert found == [(one["position"], one["topic"], "state" not in one) for one in events]
    [(size, key)] = opened.execute("SELECT size, public_key FROM checkpoint")
    assert f"{size}\n" in files[verify.CHECKPOINT].decode()
    assert key == files[verify.KEY].decode().strip()
    records = opened.execute("SELECT count(*) FROM meter_events").fetchone()
    assert records == (6,)


def test_it_is_the_same_however_often_it_is_made(files: Files, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    write_sqlite(files, first)
    write_sqlite(files, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_pack_that_cannot_be_read_makes_none(files: Files, tmp_path: Path) -> None:
    rest = {name: content for name, content in files.items() if name != verify.USAGE}
    with pytest.raises(verify.Bad, match="is missing"):
        write_sqlite(rest, tmp_path / "pack.sqlite")
