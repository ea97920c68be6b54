"""A replay over HTTP and on the command line: equal, different, not found."""

import json
from pathlib import Path

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import TEST_LEDGER, Served
from tests.support.tampering import rewritten


@pytest.fixture
def invoice(shop: HttpShop) -> str:
    """An invoice over 3,000 tokens, finalized."""
    shop.subscribe()
    for value in (1000, 1500, 500):
        shop.use(value)
    shop.advance(FEBRUARY + HOUR)
    return shop.invoices()[0]["id"]


def test_a_finalized_invoice_replays(shop: HttpShop, invoice: str):
    outcome = shop.get(f"/audit/v1/invoices/{invoice}/replay")
    assert outcome["object"] == "invoice_replay"
    assert (outcome["invoice"], outcome["equal"]) == (invoice, True)
    assert outcome["digest"] == outcome["recorded_digest"]
    assert len(outcome["digest"]) == 64
    assert outcome["events"] > 3
    assert outcome["through_position"] > 0
    assert (outcome["differences"], outcome["unexplained"]) == ([], None)


def test_what_happens_later_does_not_change_a_replay(shop: HttpShop, invoice: str):
    path = f"/audit/v1/invoices/{invoice}/replay"
    before = shop.get(path)
    shop.use(700, timestamp=FEBRUARY - 1)
    shop.post(f"/v1/invoices/{invoice}/pay", paid_out_of_band=True)
    shop.delete(f"/v1/customers/{shop.customer}")
    after = shop.get(path)
    assert (after["equal"], after["digest"]) == (True, before["digest"])


def test_only_a_finalized_invoice_replays(shop: HttpShop):
    shop.subscribe()
    shop.advance(FEBRUARY + 60)
    draft = shop.invoices()[0]["id"]
    assert shop.refused("GET", f"/audit/v1/invoices/{draft}/replay").status == 400
    refusal = shop.refused("GET", "/audit/v1/invoices/in_unknown/replay")
    assert (refusal.status, refusal.code) == (404, "resource_missing")


def test_the_command_says_that_a_replay_is_equal(served: Served, invoice: str):
    ran = served.command("invoice", "replay", invoice)
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "replay: equal")
    told = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines()[1:])
    as_json = json.loads(served.command("invoice", "replay", invoice, "--test", "--json").stdout)
    assert told == {
        "invoice": invoice,
        "position": str(as_json["through_position"]),
        "events": str(as_json["events"]),
        "digest": as_json["digest"],
    }


def test_a_replay_names_what_differs(served: Served, shop: HttpShop, invoice: str):
    owner_url = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    total, other = b'"total":120', b'"total":121'
    with rewritten(owner_url, TEST_LEDGER, "invoice.finalized.v2", total, other, stream=invoice):
        outcome = shop.get(f"/audit/v1/invoices/{invoice}/replay")
        ran = served.command("invoice", "replay", invoice)
        as_json = served.command("invoice", "replay", invoice, "--json")
    assert outcome["equal"] is False
    assert outcome["differences"] == [{"part": "total", "recorded": "121", "recomputed": "120"}]
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (3, "replay: DIFFERENT")
    assert ran.stdout.splitlines()[-3:] == ["total", "  recorded    121", "  recomputed  120"]
    assert json.loads(as_json.stdout) == outcome


def test_the_command_does_not_find_an_invoice(served: Served, invoice: str):
    for words in (("in_unknown",), ("sub_unknown",), (invoice, "--live")):
        ran = served.command("invoice", "replay", *words)
        assert (ran.returncode, ran.stdout) == (4, "")
        assert ran.stderr == f"No such invoice: '{words[0]}'\n"


def test_the_command_shows_an_invoice(served: Served, shop: HttpShop, invoice: str):
    ran = served.command("invoice", "show", invoice)
    assert ran.returncode == 0
    for words in ("(open, test)", shop.customer, "Tokens", "US$1.20", "2026-02-01 01:00:00 UTC"):
        assert words in ran.stdout
    as_json = json.loads(served.command("invoice", "show", invoice, "--json").stdout)
    assert as_json == shop.get(f"/v1/invoices/{invoice}")


def test_the_command_replays_many(served: Served, shop: HttpShop, invoice: str, tmp_path: Path):
    shop.advance(FEBRUARY + 29 * 24 * HOUR)
    issued = {one["id"] for one in shop.invoices() if one["status"] != "draft"}
    report = tmp_path / "report.jsonl"
    words = ("--customer", shop.customer, "--report", str(report))
    ran = served.command("invoice", "replay", *words, "--json")
    told = json.loads(ran.stdout)
    assert (ran.returncode, told["object"]) == (0, "replay_run")
    assert (told["invoices"], told["equal"], told["different"]) == (len(issued), len(issued), 0)
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert {line["invoice"] for line in lines} == issued
    assert all(line["object"] == "invoice_replay" for line in lines)
    assert f"Invoices replayed: {len(issued)} of {len(issued)}" in ran.stderr
    one = served.command("invoice", "replay", "--period", "2026-01", "--customer", shop.customer)
    assert (one.returncode, one.stdout.splitlines()[0]) == (0, "replay: equal")


def test_processes_share_the_invoices_of_a_ledger(
    served: Served, shop: HttpShop, invoice: str, tmp_path: Path
):
    report = tmp_path / "report.jsonl"
    owner_url = served.environment["TALLYBOOK_OWNER_DATABASE_URL"]
    total, other = b'"total":120', b'"total":121'
    with rewritten(owner_url, TEST_LEDGER, "invoice.finalized.v2", total, other, stream=invoice):
        ran = served.command(
            "invoice", "replay", "--all", "--parallel", "2", "--report", str(report)
        )
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (3, "replay: DIFFERENT")
    assert f"{invoice}: DIFFERENT" in ran.stdout
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert [line["invoice"] for line in lines if not line["equal"]] == [invoice]
    assert len(lines) == len({line["invoice"] for line in lines}) > 1


def test_what_cannot_be_replayed_is_said(served: Served, shop: HttpShop, invoice: str):
    def said(*words: str) -> tuple[int, str]:
        ran = served.command("invoice", "replay", *words)
        assert ran.stdout == ""
        return ran.returncode, ran.stderr

    for words in ((), (invoice, "--all"), ("--all", "--period", "2026-01")):
        assert said(*words)[0] == 2
    assert said("--period", "2026-13")[0] == 2
    code, why = said("--period", "2999-01")
    assert (code, "That month is yet to come" in why) == (4, True)
    code, why = said("--all", "--live")
    assert (code, "nothing to replay" in why) == (4, True)
    assert said("--customer", "cus_unknown") == (4, "No such customer: 'cus_unknown'\n")
    assert said("--all", "--report", "/nowhere/report.jsonl")[0] == 6


def test_replays_come_in_pages(shop: HttpShop, invoice: str):
    shop.subscribe(shop.seat)
    newest = [one["id"] for one in shop.invoices()]
    path = "/audit/v1/replays"
    page = shop.get(path, customer=shop.customer, limit=1)
    assert [one["invoice"] for one in page["data"]] == newest[:1]
    assert (page["object"], page["url"], page["has_more"]) == ("list", path, True)
    rest = shop.get(path, customer=shop.customer, starting_after=newest[0])
    assert [one["invoice"] for one in rest["data"]] == newest[1:]
    assert all(one["equal"] for one in rest["data"])
    before = shop.get(path, customer=shop.customer, ending_before=newest[-1])
    assert [one["invoice"] for one in before["data"]] == newest[:-1]
    assert invoice in newest
    of_month = shop.get(path, customer=shop.customer, period="2026-01")
    assert [one["invoice"] for one in of_month["data"]] == [invoice]
    assert shop.get(path, customer=shop.customer, period="2031-01")["data"] == []


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        ({"period": "2026-13"}, "period"),
        ({"customer": "cus_unknown"}, "customer"),
        ({"starting_after": "in_unknown"}, "starting_after"),
    ],
)
def test_pages_of_replays_are_refused(shop: HttpShop, asked: dict[str, str], param: str):
    assert shop.refused("GET", "/audit/v1/replays", **asked).param == param
