"""A page as a PDF: the same bytes on every run, with every text in it and none of them markup."""

import hashlib
import importlib.util
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from api.invoices.document.as_pdf import PdfUnavailable, render_pdf
from ledger.kernel.errors import InvalidRequest
from tests.support.invoice_pages import PAGE, hostile_page, long_page
from tests.support.served import ROOT

with_typst = pytest.mark.skipif(
    importlib.util.find_spec("typst") is None, reason="the extra `pdf` is not installed"
)

_SCRIPT = (
    "import sys; from api.invoices.document.as_pdf import render_pdf;"
    "from tests.support.invoice_pages import PAGE; sys.stdout.buffer.write(render_pdf(PAGE))"
)


@with_typst
def test_the_same_page_is_the_same_bytes_in_every_process(tmp_path):
    made = [
        subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            env={
                "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
                "PYTHONHASHSEED": seed,
                "TZ": zone,
                "SOURCE_DATE_EPOCH": "86400",
                "HOME": str(tmp_path / seed),
            },
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert made[0].startswith(b"%PDF-1.7")
    digests = {hashlib.sha256(pdf).hexdigest() for pdf in (*made, render_pdf(PAGE))}
    assert len(digests) == 1


@with_typst
def test_a_pdf_is_dated_by_its_invoice():
    made = render_pdf(PAGE)
    assert b"<xmp:CreateDate>2026-02-01T01:00:00" in made
    assert render_pdf(replace(PAGE, stamped_at=PAGE.stamped_at + 1)) != made


@with_typst
def test_a_pdf_is_for_archives_and_screen_readers():
    made = render_pdf(PAGE)
    assert b"<pdfaid:part>2</pdfaid:part>" in made
    assert b"<pdfuaid:part>1</pdfuaid:part>" in made


@with_typst
def test_both_papers():
    a4, letter = render_pdf(PAGE), render_pdf(PAGE, "letter")
    assert b"/MediaBox[0 0 595.2756 841.8898]" in a4
    assert b"/MediaBox[0 0 612 792]" in letter


@with_typst
def test_what_was_typed_is_set_as_it_is():
    assert render_pdf(hostile_page()).startswith(b"%PDF")
    wide = replace(PAGE, footer="x" * 400, customer=replace(PAGE.customer, name="W" * 300))
    assert render_pdf(wide).startswith(b"%PDF")


@with_typst
def test_many_lines_take_many_sheets():
    [sheets] = re.findall(rb"/Type/Pages/Count (\d+)", render_pdf(long_page()))
    assert int(sheets) > 10


@with_typst
def test_a_sign_without_a_font_is_named():
    with pytest.raises(InvalidRequest, match=r"“株”.*TALLYBOOK_PDF_FONTS"):
        render_pdf(replace(PAGE, footer="株式会社"))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PdfUnavailable, match=r"pip install 'tallybook\[pdf\]'"):
        render_pdf(PAGE)
