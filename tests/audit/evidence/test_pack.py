"""The pack of an invoice, made and checked as an outsider does."""

import io
import json
import zipfile
from pathlib import Path

import psycopg
import pytest

from ledger.audit.evidence import verify
from ledger.audit.evidence.collecting import collect
from ledger.audit.evidence.pack import archive
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.prices.commands import UpdatePrice
from ledger.store.datastore import Datastore
from tests.audit.evidence.conftest import shop_of_two
from tests.support.billing_ledger import at
from tests.support.evidence import (
    KEY,
    ORIGIN,
    Files,
    archived,
    listed_anew,
    packed,
    run_verifier,
    verdict,
)
from tests.support.postgres import Database
from tests.support.stored_ledger import StoredLedger


def records(files: Files) -> list[list[object]]:
    usage = [json.loads(line) for line in files[verify.USAGE].splitlines()]
    return [record for event in usage for _, record in event["records"]]


def test_it_holds(files: Files) -> None:
    said: list[str] = []
    assert verify.check(verify.Pack(dict(files)), said.append)
    assert "3 usage events, are in the signed log" in said[2]
    assert "1 metered lines follow from 5 meter events" in said[6]
    assert "2 lines, 0 discounts and 0 taxes come to a total of 3128 and 3128 due" in said[9]
    assert len(said) == len(verify.CHECKS)


def test_it_has_the_customers_own_records_only(files: Files) -> None:
    assert [record[0] for record in records(files)] == [
        f"a-{batch}-{n}" for batch in range(3) for n in range(2)
    ]


@pytest.mark.parametrize("form", ["archive", "folder", "the folder it stands in"])
def test_a_bare_python_in_an_empty_folder_checks_it(
    files: Files, tmp_path: Path, form: str
) -> None:
    if form == "archive":
        (tmp_path / "pack.zip").write_bytes(archived(files))
        (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    else:
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
    given = {"archive": ["pack.zip"], "folder": ["."]}.get(form, [])
    done = run_verifier(tmp_path, *given)
    assert done.stderr == ""
    assert done.returncode == 0
    assert "Everything holds" in done.stdout
    assert done.stdout.count("\nok ") + 1 == len(verify.CHECKS)


def test_the_known_key_is_compared(files: Files, tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(archived(files))
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    known = str(KEY.public(ORIGIN))
    done = run_verifier(tmp_path, "pack.zip", "--key", known)
    assert done.returncode == 0
    assert "the one given" in done.stdout
    other = str(type(KEY)(bytes(32)).public(ORIGIN))
    done = run_verifier(tmp_path, "--key", other, "pack.zip")
    assert done.returncode == 3
    assert "BAD  public_key.txt: is not the key that was given" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, "Checks the evidence of one invoice."),
        (["--unknown"], 2, "Checks the evidence of one invoice."),
        (["one", "two"], 2, "Checks the evidence of one invoice."),
        (["nowhere.zip"], 2, "there is no such file or folder"),
        (["verify.py", "--key", "nonsense"], 2, "this is no public key"),
        (["verify.py"], 3, "BAD  verify.py: is no archive that can be read"),
        ([], 3, "manifest.json: is missing"),
    ],
)
def test_it_says_how_it_is_called(
    files: Files, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "verify.py").write_bytes(files[verify.VERIFIER])
    done = run_verifier(tmp_path, *arguments)
    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_pack_is_the_same_however_often_it_is_made(datastore: Datastore) -> None:
    ledger = shop_of_two(datastore)
    invoice = ledger.close("2026-02-01")
    ledger.finalize(invoice, "2026-02-01T01:00")
    first = archived(packed(ledger.application, invoice))
    assert archived(packed(ledger.application, invoice)) == first
    with zipfile.ZipFile(io.BytesIO(first)) as made:
        assert made.namelist() == sorted(made.namelist())
        assert {entry.date_time for entry in made.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_an_archive_is_the_same_from_memory_and_from_a_file(files: Files) -> None:
    many = files[verify.USAGE] + b"".join(b"%d %d\n" % (n, n * n) for n in range(200_000))
    assert len(many) > 3 * verify.PIECE
    written = io.BytesIO()
    archive({**files, verify.USAGE: io.BytesIO(many)}, written)
    assert written.getvalue() == archived({**files, verify.USAGE: many})


def test_usage_is_checked_as_a_file_as_it_is_in_memory(files: Files) -> None:
    assert verdict({**files, verify.USAGE: io.BytesIO(files[verify.USAGE])}) == []
    altered = files[verify.USAGE].replace(b'"40"', b'"41"')
    assert altered != files[verify.USAGE]
    found = verdict({**files, verify.USAGE: io.BytesIO(altered)})
    assert found == verdict({**files, verify.USAGE: altered})
    assert "usage.jsonl is not as manifest.json lists it" in found[0]


def test_a_file_that_is_altered_while_it_is_checked_is_told(files: Files) -> None:
    class Altered(io.BytesIO):
        """Says something else from the third time on that it is read."""

        beginnings = 0

        def seek(self, offset: int, whence: int = 0, /) -> int:
            self.beginnings += 1
            if self.beginnings == 3:
                super().seek(files[verify.USAGE].index(b"a-0-0"))
                self.write(b"b")
            return super().seek(offset, whence)

    found = verdict({**files, verify.USAGE: Altered(files[verify.USAGE])})
    assert found == ["BAD  usage.jsonl: is altered while it is checked"]


def test_what_happens_later_has_no_part_in_it(datastore: Datastore) -> None:
    ledger = shop_of_two(datastore)
    invoice = ledger.close("2026-02-01")
    ledger.finalize(invoice, "2026-02-01T01:00")
    before = collect(ledger.application, invoice)
    shown = list(before.records.shown())
    ledger.use("late", "2026-01-15", "777")
    ledger.do(UpdatePrice(price="price_tokens", changes={"active": False}))
    ledger.finalize(ledger.close("2026-03-01"), "2026-03-01T01:00")
    assert collect(ledger.application, invoice) == before
    assert list(before.records.shown()) == shown
    assert verdict(packed(ledger.application, invoice)) == []


def test_a_forgotten_customers_invoice_is_proved_as_before(
    datastore: Datastore, shared_database: Database
) -> None:
    ledger = shop_of_two(datastore)
    invoice = ledger.close("2026-02-01")
    ledger.finalize(invoice, "2026-02-01T01:00")
    before = packed(ledger.application, invoice)
    with psycopg.connect(shared_database.owner_url) as connection:
        connection.execute(
            "DELETE FROM ledger.customer_keys WHERE ledger_id = %s", (ledger.ledger_id,)
        )
    after = StoredLedger(datastore, ledger.ledger_id)
    assert packed(after.application, invoice) == before


def test_only_finalized_invoices_have_evidence(datastore: Datastore) -> None:
    ledger = shop_of_two(datastore)
    with pytest.raises(InvalidRequest, match="draft"):
        collect(ledger.application, ledger.close("2026-02-01"))
    for unknown in ("in_unknown", "cus_a", ""):
        with pytest.raises(NotFound):
            collect(ledger.application, unknown)


def test_an_invoice_without_usage_has_a_pack(datastore: Datastore) -> None:
    ledger = shop_of_two(datastore)
    ledger.finalize(ledger.close("2026-02-01"), "2026-02-01T01:00")
    ledger.now = at("2026-02-20")
    invoice = ledger.close("2026-03-01")
    ledger.finalize(invoice, "2026-03-01T01:00")
    files = packed(ledger.application, invoice)
    assert files[verify.USAGE] == b""
    assert verdict(files) == []


def test_a_file_of_another_release_of_the_instructions_is_told(files: Files) -> None:
    altered = {**files, verify.README: b"Trust me.\n"}
    assert verdict(listed_anew(altered)) == [
        "BAD  files: README.txt is not the one that goes with this verify.py"
    ]
