"""Letting go as a person does it: what is billed, finalized and replayed afterwards is the same."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from api.accounts.first_start import ensure_default_account
from api.meter_events.retention import change_retention, let_go, retention_of
from api.services import Services
from ledger.accounts.ledgers import ledger_for_test
from ledger.invoices.commands import FinalizeInvoice
from ledger.kernel.clock import system_now, to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from projections.invoices.unbilled import unbilled_since
from projections.meter_events.projection import MeterEventsProjection
from projections.meter_events.rows import METER_EVENTS
from projections.runtime.partitioning import partition
from projections.runtime.rebuild.rebuilding import rebuild
from tests.support.billing_ledger import at
from tests.support.postgres import Database
from tests.support.served import ROOT, environment_of
from tests.support.stored_ledger import StoredLedger

TEST_LEDGER = ledger_for_test(1)
THIS_MONTH = Month.of(system_now())


class Shop(StoredLedger):
    """Tokens and seats, billed with usage as the product itself reads it."""

    def __init__(self, services: Services) -> None:
        self.services = services
        super().__init__(services.datastore, TEST_LEDGER)
        self.application = services.application(services.identity(TEST_LEDGER))
        self.sell()

    def january(self) -> str:
        """The draft of January's tokens."""
        self.subscribe("price_tokens")
        self.now = at("2026-01-31T12:00")
        for n, value in enumerate(("1000", "1500", "500")):
            self.use(f"e-{n}", f"2026-01-{10 + n}", value)
        return self.close("2026-02-01")

    def keep_from(self, month: str, *, even_unbilled: bool = False) -> int:
        """Let go; the number of rows that were deleted."""
        self.now = at("2026-02-01T00:30")
        change_retention(
            self.services,
            self.application.identity,
            Month.parse(month),
            self.circumstances(),
            even_unbilled=even_unbilled,
        )
        return let_go(self.services, self.application.identity, lambda _: None)


@pytest.fixture
def shop(database: Database) -> Iterator[Shop]:
    services = Services(database.app_url, pool_size=4, follow_inline=True)
    ensure_default_account(services)
    yield Shop(services)
    services.close()


def run(database: Database, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command on the database, with both roles."""
    return subprocess.run(
        [sys.executable, "-m", "api.main", *words],
        env=environment_of(
            DATABASE_URL=database.app_url, TALLYBOOK_OWNER_DATABASE_URL=database.owner_url
        ),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def shown(database: Database, *words: str) -> dict[str, Any]:
    done = run(database, "usage", "retention", "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_usage_that_is_still_to_be_billed_is_kept_unless_one_says_so(shop: Shop) -> None:
    draft = shop.january()
    unbilled = unbilled_since(shop.services.reader(TEST_LEDGER))
    assert unbilled == (draft, int(at("2026-01-01").timestamp()))
    with pytest.raises(InvalidRequest, match=f"since 2026-01 is still to be billed .{draft}"):
        shop.keep_from("2026-02")
    assert shop.keep_from("2026-01") == 0
    assert shop.keep_from("2026-02", even_unbilled=True) == 3
    assert retention_of(shop.services, shop.application.identity).kept_from == Month(2026, 2)


def test_an_invoice_is_finalized_over_usage_that_was_let_go(shop: Shop) -> None:
    draft = shop.january()
    shop.keep_from("2026-02", even_unbilled=True)
    shop.use("late", "2026-01-20", "700")
    shop.do(FinalizeInvoice(invoice=draft))
    outcome = shop.recompute(draft)
    assert outcome.equal
    [line] = json.loads(outcome.recorded_document)["lines"]
    assert (line["quantity"], line["evidence"]["meter_events"]) == ("3700", 4)


def test_a_rebuild_gives_the_rows_that_count(shop: Shop, database: Database) -> None:
    draft = shop.january()
    shop.use("february", "2026-02-01", "1")
    shop.keep_from("2026-02", even_unbilled=True)
    shop.do(FinalizeInvoice(invoice=draft))
    shop.services.projector.catch_up()
    done = partition(database.owner_url, [MeterEventsProjection()], Month(2026, 2), lambda *_: None)
    assert [(moved.month, moved.rows) for moved in done.moved] == [(Month(2026, 2), 1)]
    for _ in range(2):
        [result] = rebuild(
            database.owner_url, [MeterEventsProjection()], shop.services.log, lambda *_: None
        )
        rows = {table.table: (table.rows, table.equal) for table in result.tables}
        assert result.equal, rows
        assert rows["meter_events"] == (1, True)


def test_the_command_shows_changes_and_refuses(shop: Shop, database: Database) -> None:
    assert shown(database)["kept_from"] is None
    assert "All single meter events are kept." in run(database, "usage", "retention").stdout
    draft = shop.january()
    refused = run(database, "usage", "retention", "--keep-from", "2026-02")
    assert (refused.returncode, draft in refused.stderr) == (6, True)
    shop.services.projector.catch_up()
    report = to_microseconds(THIS_MONTH.start)
    shop.now = system_now()
    shop.use("now", THIS_MONTH.start.isoformat().removesuffix("+00:00"), "1")
    changed = shown(database, "--months", "0", "--even-unbilled")
    assert (changed["kept_from"], changed["deleted"]) == (str(THIS_MONTH), 3)
    months = [partition["month"] for partition in changed["partitions"]]
    assert str(THIS_MONTH) in months
    assert months[-1] is None
    assert shown(database)["kept_from"] == str(THIS_MONTH)
    again = run(database, "usage", "retention", "--keep-from", "2026-01", "--even-unbilled")
    assert (again.returncode, "let go already" in again.stderr) == (6, True)
    held = shop.services.reader(TEST_LEDGER).fetch_rows(
        METER_EVENTS, "ledger_id = %(ledger_id)s", {}
    )
    assert [row.timestamp for row in held] == [report]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--keep-from", "January"], "is no month such as 2026-01"),
        (["--keep-from", "2026-01", "--months", "1"], "not both"),
        (["--keep-from", "2999-01"], "is yet to come"),
    ],
)
def test_words_that_mean_nothing_are_told(
    shared_database: Database, words: list[str], said: str
) -> None:
    done = run(shared_database, "usage", "retention", *words)
    assert done.returncode in {2, 6}
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_months_that_no_ledger_needs_are_dropped_by_the_command(
    shop: Shop, database: Database
) -> None:
    shop.january()
    shop.services.projector.catch_up()
    partition(
        database.owner_url, [MeterEventsProjection()], Month(2026, 1), lambda *_: None, worth=1
    )
    changed = shown(database, "--keep-from", "2026-03", "--even-unbilled")
    assert f"{METER_EVENTS.relation()}_2026_01" in changed["dropped"]
    assert changed["deleted"] == 0
    listed = run(database, "projections", "partition")
    assert listed.stdout.endswith("partitions\n")
    assert run(database, "db", "migrate").returncode == 0
