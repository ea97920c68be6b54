"""Evidence over HTTP and on the command line: for an outsider, to be checked without us."""

import io
import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop, shop
from tests.support.postgres import Database
from tests.support.served import ROOT, TEST_LEDGER, Served, serving
from tests.support.tampering import rewritten

__all__ = ["shop"]


@pytest.fixture
def invoice(shop: HttpShop) -> str:
    """An invoice over 3,000 tokens, finalized."""
    shop.subscribe()
    for value in (1000, 1500, 500):
        shop.use(value)
    shop.advance(FEBRUARY + HOUR)
    return shop.invoices()[0]["id"]


def checked(folder: Path, content: bytes, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the verifier in an archive says of it, in an empty folder."""
    folder.mkdir()
    (folder / "pack.zip").write_bytes(content)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extract("verify.py", folder)
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify.py", "pack.zip", *arguments],
        cwd=folder,
        env={},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_writes_a_pack_that_holds(
    served: Served, shop: HttpShop, invoice: str, tmp_path: Path
) -> None:
    file = tmp_path / "pack.zip"
    ran = served.command("audit", "export", "--invoice", invoice, "-o", str(file), "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["object"], told["invoice"]) == ("invoice_evidence", invoice)
    assert (told["bytes"], told["meter_events"]) == (file.stat().st_size, 3)
    known = served.command("audit", "checkpoint", "--key").stdout.strip()
    assert known == told["key"]
    done = checked(tmp_path / "empty", file.read_bytes(), "--key", known)
    assert (done.returncode, done.stderr) == (0, "")
    assert "from 3 meter events" in done.stdout
    assert f"({invoice})" in done.stdout.splitlines()[-1]
    again = subprocess.run(
        [sys.executable, "-m", "api.main", "audit", "export", "--invoice", invoice, "-o", "-"],
        env=dict(served.environment),
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert again.stdout == file.read_bytes()
    answer = shop.http.get(f"/audit/v1/invoices/{invoice}/evidence")
    assert (answer.status_code, answer.content) == (200, file.read_bytes())
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{invoice}.zip"'


def test_as_tables(served: Served, shop: HttpShop, invoice: str, tmp_path: Path) -> None:
    file = tmp_path / "pack.sqlite"
    asked = ("audit", "export", "--invoice", invoice, "--format", "sqlite", "-o", str(file))
    ran = served.command(*asked)
    assert ran.returncode == 0, ran.stderr
    with sqlite3.connect(file) as tables:
        assert tables.execute("SELECT id FROM invoice").fetchall() == [(invoice,)]
        assert tables.execute("SELECT count(*) FROM meter_events").fetchone() == (3,)
    answer = shop.http.get(f"/audit/v1/invoices/{invoice}/evidence", params={"format": "sqlite"})
    assert answer.content == file.read_bytes()
    assert answer.headers["content-type"] == "application/vnd.sqlite3"


def test_an_invoice_that_no_checkpoint_covers_yet(database: Database, tmp_path: Path) -> None:
    """Over HTTP nothing is signed; the command signs a checkpoint."""
    settings = {
        "DATABASE_URL": database.app_url,
        "TALLYBOOK_OWNER_DATABASE_URL": database.owner_url,
        "TALLYBOOK_CHECKPOINT_INTERVAL_SECONDS": "0",
    }
    with (
        serving(tmp_path, database.app_url, workers=1, **settings) as served,
        served.http() as plain,
    ):
        shop = HttpShop(plain)
        shop.subscribe()
        shop.advance(FEBRUARY + HOUR)
        path = f"/audit/v1/invoices/{shop.invoices()[0]['id']}/evidence"
        refusal = shop.refused("GET", path)
        assert refusal.status == 409
        assert "No signed checkpoint covers this invoice yet" in refusal.message
        asked = ("audit", "export", "--invoice", shop.invoices()[0]["id"])
        ran = served.command(*asked, "-o", str(tmp_path / "pack.zip"))
        assert ran.returncode == 0, ran.stderr
        assert "python3 -I -S verify.py pack.zip" in ran.stderr
        assert shop.http.get(path).content == (tmp_path / "pack.zip").read_bytes()


def test_what_there_is_no_evidence_of(served: Served, shop: HttpShop, tmp_path: Path) -> None:
    shop.subscribe()
    shop.advance(FEBRUARY + 60)
    draft = shop.invoices()[0]["id"]
    for invoice, status, code in ((draft, 400, 6), ("in_unknown", 404, 4), ("cus_1", 404, 4)):
        assert shop.refused("GET", f"/audit/v1/invoices/{invoice}/evidence").status == status
        ran = served.command("audit", "export", "--invoice", invoice, "-o", str(tmp_path / "none"))
        assert ran.returncode == code
        assert ran.stderr
    assert not (tmp_path / "none").exists()
    path = f"/audit/v1/invoices/{draft}/evidence"
    assert shop.refused("GET", path, format="tar").param == "format"
    assert served.command("audit", "export", "--invoice", draft, "--format", "tar").returncode == 2


def test_a_folder_that_is_not_there(served: Served, invoice: str, tmp_path: Path) -> None:
    there = str(tmp_path / "missing" / "pack.zip")
    ran = served.command("audit", "export", "--invoice", invoice, "-o", there)
    assert (ran.returncode, "cannot be written" in ran.stderr) == (6, True)


@pytest.mark.parametrize(
    ("topic", "old", "new", "said"),
    [
        ("invoice.finalized.v2", b'"total":120', b'"total":121', "does not follow from the log"),
        ("invoice.drafted.v3", b'"auto_advance":true', b'"auto_advance":false', "do not lead to"),
    ],
)
def test_a_log_that_was_altered_proves_nothing(
    served: Served, shop: HttpShop, invoice: str, topic: str, old: bytes, new: bytes, said: str
) -> None:
    """Whether or not the invoice still follows from it."""
    owner_url = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    assert served.command("audit", "checkpoint").returncode == 0
    with rewritten(owner_url, TEST_LEDGER, topic, old, new, stream=invoice):
        refusal = shop.refused("GET", f"/audit/v1/invoices/{invoice}/evidence")
        ran = served.command("audit", "export", "--invoice", invoice, "-o", "-")
    assert (refusal.status, ran.returncode, ran.stdout) == (409, 3, "")
    assert said in refusal.message
    assert said in ran.stderr
