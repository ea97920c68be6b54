"""What clients write is shown as it is: no markup, and nothing that a terminal would act upon."""

from tests.support.http_shop import HttpShop, shop
from tests.support.served import Served

__all__ = ["shop"]

HOSTILE = "[/nope] [bold]b \x1b[31mred :smile:"
SHOWN = "[/nope] [bold]b \N{REPLACEMENT CHARACTER}[31mred :smile:"


def test_a_line_of_an_invoice(served: Served, shop: HttpShop) -> None:
    invoice = shop.post("/v1/invoices", customer=shop.customer, currency="usd")["id"]
    shop.post(
        "/v1/invoiceitems",
        customer=shop.customer,
        invoice=invoice,
        amount=100,
        currency="usd",
        description=HOSTILE,
    )
    ran = served.command("invoice", "show", invoice)
    assert ran.returncode == 0, ran.stderr
    assert SHOWN in ran.stdout


def test_the_name_of_a_stream(served: Served, shop: HttpShop) -> None:
    name = f"{shop.event_name}\x1b[31m"
    shop.post(
        "/v1/billing/meters",
        display_name="Red",
        event_name=name,
        default_aggregation={"formula": "sum"},
    )
    ran = served.command("events", "list", "--stream", f"meter_event_name:{name}")
    assert ran.returncode == 0, ran.stderr
    assert "\x1b" not in ran.stdout
    assert shop.event_name in ran.stdout


def test_the_name_of_a_key_and_its_whole_id(served: Served) -> None:
    made = served.command("keys", "create", "--restricted", "--name", "[/nope]")
    key_id = made.stderr.split()[1].rstrip(".")
    ran = served.command("keys", "list")
    assert ran.returncode == 0, ran.stderr
    [line] = [line for line in ran.stdout.splitlines() if key_id in line.split()]
    assert "[/nope]" in line.split()


def test_a_payload(served: Served, shop: HttpShop) -> None:
    payload = {"stripe_customer_id": shop.customer, "value": "1", "note": "a\x1b[31mb"}
    shop.post(
        "/v1/billing/meter_events",
        event_name=shop.event_name,
        identifier=shop.event_name,
        payload=payload,
        timestamp=shop.frozen_time,
    )
    ran = served.command("usage", "show", shop.event_name)
    assert ran.returncode == 0, ran.stderr
    assert "\x1b" not in ran.stdout


def test_a_draft_that_cannot_be_rated_says_so(served: Served, shop: HttpShop) -> None:
    invoice = shop.post("/v1/invoices", customer=shop.customer, currency="usd")["id"]
    lines = [{"amount": 2**63 - 1}, {"amount": 2**63 - 1}]
    shop.post(f"/v1/invoices/{invoice}/add_lines", lines=lines)
    for words in (("show", invoice), ("explain", invoice)):
        ran = served.command("invoice", *words)
        assert ran.returncode == 0, ran.stderr
        assert "larger than 64-bit minor units can hold" in ran.stdout
