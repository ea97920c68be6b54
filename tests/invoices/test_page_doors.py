"""An invoice's page over HTTP and on the command line."""

import importlib.util
import time
from pathlib import Path

import pytest

from tests.support.http_shop import FEBRUARY, HOUR, HttpShop
from tests.support.served import Served

MARCH = FEBRUARY + 28 * 86_400
HOSTILE = '"><script>alert(1)</script>'

with_typst = pytest.mark.skipif(
    importlib.util.find_spec("typst") is None, reason="the extra `pdf` is not installed"
)


@pytest.fixture
def draft(shop: HttpShop) -> str:
    """A draft over 3,000 tokens of a customer whose name is markup."""
    shop.post(f"/v1/customers/{shop.customer}", name=HOSTILE, address={"line1": HOSTILE})
    shop.subscribe()
    shop.use(3000)
    shop.advance(FEBRUARY + 60)
    return shop.invoices()[0]["id"]


@pytest.fixture
def invoice(shop: HttpShop, draft: str) -> str:
    """The same, finalized."""
    shop.advance(FEBRUARY + HOUR)
    return draft


def html(shop: HttpShop, invoice: str) -> str:
    answer = shop.http.get(f"/audit/v1/invoices/{invoice}.html")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_finalized_invoice_is_a_page(shop: HttpShop, invoice: str):
    answer = shop.http.get(f"/audit/v1/invoices/{invoice}.html")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'sha"
    )
    assert answer.headers["cache-control"] == "no-store"
    known = shop.get(f"/v1/invoices/{invoice}")
    digest = shop.get(f"/audit/v1/invoices/{invoice}/replay")["digest"]
    for text in (
        f"Invoice {known['number']}",
        "3,000 ÷ 100 gives 30; 30 × US$0.04",
        "US$1.20",
        digest,
    ):
        assert text in answer.text
    assert "<script" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text
    assert shop.http.get(f"/audit/v1/invoices/{invoice}.html").content == answer.content


def test_a_draft_is_a_page_too(shop: HttpShop, draft: str):
    page = html(shop, draft)
    assert "Draft: no invoice yet." in page
    assert "US$1.20" in page
    assert "replay" not in page
    shop.use(1000, timestamp=FEBRUARY - 1)
    assert "US$1.60" in html(shop, draft)


def test_what_happens_to_an_invoice_is_on_its_page(shop: HttpShop, invoice: str):
    shop.post(f"/v1/invoices/{invoice}/pay", paid_out_of_band=True)
    page = html(shop, invoice)
    assert "Paid on 1 February 2026" in page
    assert "alert(1)" in page
    shop.delete(f"/v1/customers/{shop.customer}")
    assert "alert(1)" not in html(shop, invoice)


def test_a_credit_note_is_on_the_page(shop: HttpShop, invoice: str):
    note = shop.post("/v1/credit_notes", invoice=invoice, amount=45)
    page = html(shop, invoice)
    for text in (f"Credit note {note['number']}", "−US$0.45", "Remaining", "US$0.75"):
        assert text in page
    shop.post(f"/v1/credit_notes/{note['id']}/void")
    assert note["number"] not in html(shop, invoice)


def test_the_command_prints_the_same_page(served: Served, shop: HttpShop, invoice: str):
    ran = served.command("invoice", "show", invoice, "--html")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == html(shop, invoice)


@with_typst
def test_a_pdf_is_the_same_by_both_doors(
    served: Served, shop: HttpShop, invoice: str, tmp_path: Path
):
    url = f"/audit/v1/invoices/{invoice}.pdf"
    answer = shop.http.get(url)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    number = shop.get(f"/v1/invoices/{invoice}")["number"]
    assert answer.headers["content-disposition"] == f'inline; filename="{number}.pdf"'
    file = tmp_path / "invoice.pdf"
    ran = served.command("invoice", "show", invoice, "--pdf", str(file))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert file.read_bytes() == answer.content
    letter = shop.http.get(url, params={"paper": "letter"}).content
    assert letter.startswith(b"%PDF")
    assert letter != answer.content


def test_what_is_no_page_is_refused(served: Served, shop: HttpShop, invoice: str):
    refusal = shop.refused("GET", "/audit/v1/invoices/in_unknown.html")
    assert (refusal.status, refusal.code) == (404, "resource_missing")
    assert shop.refused("GET", f"/audit/v1/invoices/{invoice}.txt").status == 404
    assert shop.refused("GET", f"/audit/v1/invoices/{invoice}").status == 404
    refusal = shop.refused("GET", f"/audit/v1/invoices/{invoice}.pdf", paper="a5")
    assert (refusal.status, refusal.param) == (400, "paper")
    ran = served.command("invoice", "show", "in_unknown", "--html")
    assert (ran.returncode, ran.stdout) == (4, "")


@with_typst
def test_a_file_that_cannot_be_written_is_named(served: Served, invoice: str, tmp_path: Path):
    ran = served.command("invoice", "show", invoice, "--pdf", str(tmp_path / "no" / "i.pdf"))
    assert ran.returncode == 6
    assert "cannot be written: No such file or directory." in ran.stderr


def test_late_usage_is_explained_on_the_next_invoice(shop: HttpShop, invoice: str):
    shop.use(150, timestamp=FEBRUARY - 1)
    deadline = time.monotonic() + 20
    while not shop.get("/audit/v1/late_usage", customer=shop.customer)["data"]:
        assert time.monotonic() < deadline, "the late usage is not found"
        time.sleep(0.1)
    shop.advance(MARCH + 2 * HOUR)
    number = shop.get(f"/v1/invoices/{invoice}")["number"]
    newest = shop.get("/v1/invoices", customer=shop.customer, limit=1)["data"][0]["id"]
    page = html(shop, newest)
    for text in (
        f"after invoice {number} for 1 Jan 2026 – 31 Jan 2026 was issued",
        "3,000 was billed before, 3,150 is its quantity in all.",
        "3,150 ÷ 100 gives 32; 32 × US$0.04",
        "−US$1.20",
    ):
        assert text in page
