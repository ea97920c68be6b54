"""Commands that read the ledger, asked as of an earlier moment."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, JANUARY, HttpShop
from tests.support.served import Served


@pytest.fixture
def draft(shop: HttpShop) -> str:
    """The draft of January's 250 tokens."""
    shop.subscribe()
    shop.use(250, identifier=f"first_{shop.customer}", timestamp=JANUARY)
    shop.advance(FEBRUARY + 60)
    [draft] = shop.invoices()
    return draft["id"]


def _moment(served: Served) -> tuple[str, str]:
    return "--as-of", f"position:{served.head()}"


def _printed(served: Served, *words: str) -> Any:
    ended = served.command(*words)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def _lines(served: Served, *words: str) -> list[Any]:
    ended = served.command(*words)
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_events_are_listed_shown_and_told_up_to_then(
    shop: HttpShop, served: Served, tmp_path: Path
):
    moment, head = _moment(served), served.head()
    listed = _lines(served, "events", "list", "-n", "3", "--json")
    last = _lines(served, "events", "tail", "-n", "3", "--json")
    shop.post(f"/v1/customers/{shop.customer}", name="Countess")
    assert _lines(served, "events", "list", "-n", "3", "--json") != listed
    assert _lines(served, "events", "list", "-n", "3", "--json", *moment) == listed
    assert _lines(served, "events", "tail", "-n", "3", "--json", *moment) == last
    file = tmp_path / "events.jsonl"
    words = ("--stream", shop.customer, "-o", str(file))
    exported = served.command("events", "export", *words, *moment)
    assert exported.returncode == 0, exported.stderr
    assert f"through position {head}" in exported.stderr
    positions = [json.loads(line)["position"] for line in file.read_text().splitlines()]
    assert positions
    assert max(positions) <= head
    assert _printed(served, "events", "show", str(head), "--json", *moment)["position"] == head
    later = served.command("events", "show", str(head + 1), *moment)
    assert later.returncode == 4
    assert f"did not exist at position {head}" in later.stderr
    assert served.command("events", "show", str(head + 1)).returncode == 0
    assert served.command("events", "tail", "-f", *moment).returncode == 2


def test_an_invoice_is_replayed_once_it_was_finalized(shop: HttpShop, served: Served, draft: str):
    then = _moment(served)
    shop.advance(FEBRUARY + 2 * HOUR)
    finalized = _moment(served)
    early = served.command("invoice", "replay", draft, *then)
    assert (early.returncode, "was a draft at" in early.stderr) == (6, True)
    assert served.command("invoice", "replay", draft, *finalized).returncode == 0
    whose = ("--customer", shop.customer)
    nothing = served.command("invoice", "replay", *whose, *then)
    assert nothing.returncode == 4
    assert f"as of {then[1].replace(':', ' ')}" in nothing.stderr
    run = _printed(served, "invoice", "replay", *whose, *finalized, "--json")
    assert (run["invoices"], run["equal"]) == (1, 1)
    assert run["as_of_position"] == int(finalized[1].partition(":")[2])
    before_it = served.command("audit", "export", "--invoice", draft, "-o", "-", *then)
    assert before_it.returncode == 6


def test_an_invoice_is_explained_as_it_was(shop: HttpShop, served: Served, draft: str):
    then = _moment(served)
    path = f"/audit/v1/invoices/{draft}/explain"
    shop.use(750, identifier=f"second_{shop.customer}", timestamp=JANUARY + 1)
    shop.cancel_usage(f"first_{shop.customer}")
    explained = _printed(served, "invoice", "explain", draft, "--json", *then)
    assert explained == shop.get(path, as_of=then[1])
    assert (explained["lines"][0]["quantity"], shop.get(path)["lines"][0]["quantity"]) == (
        "250",
        "750",
    )
    told = served.command("invoice", "explain", draft, "--meter-events", "9", *then)
    assert f"rated through {then[1].replace(':', ' ')}" in told.stdout
    assert f"first_{shop.customer}" in told.stdout
    assert f"second_{shop.customer}" not in told.stdout


def test_the_ledger_is_checked_as_it_stood(shop: HttpShop, served: Served, draft: str):
    then = _moment(served)
    now = _printed(served, "ledger", "check", "--json")
    shop.use(750, timestamp=JANUARY + 1)
    found = _printed(served, "ledger", "check", "--json", *then)
    assert found == shop.get("/audit/v1/ledger/check", as_of=then[1])
    assert found["holds"]
    assert (found["position"], found["meter_events"]) == (now["position"], now["meter_events"])
    names = {one["name"] for one in now["identities"]} - {"late_usage_found"}
    assert {one["name"] for one in found["identities"]} == names
    told = served.command("ledger", "check", *then)
    assert told.stdout.startswith(f"position {found['position']}: {found['facts']} facts")


def test_the_policy_of_late_usage_is_that_of_then(shop: HttpShop, served: Served):
    then, whose = _moment(served), ("--customer", shop.customer)
    changed = ("late-usage", "policy", *whose, "--set", "report_only")
    assert served.command(*changed, *then).returncode == 2
    assert served.command(*changed).returncode == 0
    shown = _printed(served, "late-usage", "policy", *whose, "--json", *then)
    assert shown["policy"] == "next_invoice"
    now = _printed(served, "late-usage", "policy", *whose, "--json")
    assert now["policy"] == "report_only"


def test_a_simulation_is_of_the_invoices_of_then(shop: HttpShop, served: Served, draft: str):
    then, whose = _moment(served), ("--customer", shop.customer)
    change = ("--price", f"{shop.seat}={shop.seat}")
    shop.advance(FEBRUARY + 2 * HOUR)
    now = _printed(served, "simulate", *change, *whose, "--json")
    past = _printed(served, "simulate", *change, *whose, "--json", *then)
    assert (now["invoices"], past["invoices"]) == (1, 0)
    unsent = ("--usage", str(served.log), *change, *then)
    assert served.command("simulate", *unsent).returncode == 2


@pytest.mark.parametrize(
    "words",
    [
        ("events", "list"),
        ("events", "show", "1"),
        ("events", "tail"),
        ("events", "export"),
        ("ledger", "check"),
        ("invoice", "replay", "--all"),
        ("late-usage", "policy"),
    ],
)
def test_a_moment_that_there_is_not_is_refused(
    shop: HttpShop, served: Served, words: tuple[str, ...]
):
    ended = served.command(*words, "--as-of", "position:999999999")
    assert (ended.returncode, ended.stdout) == (6, "")
    assert "Invalid --as-of: the ledger ends at position" in ended.stderr
