"""A replay over HTTP and on the command line: equal, different, not found."""

import json

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
