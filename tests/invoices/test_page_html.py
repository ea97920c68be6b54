"""A page in HTML: one file, nothing fetched, nothing of what was typed is markup."""

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from api.invoices.document.as_html import render_html, security_policy
from tests.support.invoice_pages import HOSTILE, PAGE, hostile_page
from tests.support.served import ROOT

VOID = {"meta", "link", "img", "br", "hr", "input"}
FETCHING = {"href", "src", "srcset", "action", "data", "poster", "background"}


class Outline(HTMLParser):
    """Elements, attributes and texts of a page; fails on tags that do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())

    def of(self, tag: str, attribute: str) -> Iterator[str]:
        return (value for t, name, value in self.attributes if (t, name) == (tag, attribute))


def read(made: bytes) -> Outline:
    outline = Outline()
    outline.feed(made.decode())
    outline.close()
    assert not outline._open
    return outline


@pytest.fixture
def page() -> Outline:
    return read(render_html(PAGE))


def test_everything_of_the_page_is_shown(page: Outline):
    told = " ".join(page.texts)
    for text in (
        "Invoice ADA-0002",
        "Hypernian",
        "Ada Lovelace",
        "To be paid by 3 March 2026.",
        "149,000 × US$0.0038590973",
        "that arrived after invoice ADA-0001 was issued",
        "Discount: Launch, 10 % off",
        "on US$1,002.13",
        "tallybook invoice replay in_test_1",
        PAGE.proof.document_sha256 if PAGE.proof else "",
        "Registered in England, 1234567.",
    ):
        assert text in told


def test_the_page_is_one_file_without_script(page: Outline):
    assert {"script", "link", "iframe", "img", "form", "base"}.isdisjoint(page.elements)
    assert not [a for a in page.attributes if a[1] in FETCHING or a[1].startswith("on")]
    style = render_html(PAGE).decode().partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert security_policy().startswith("default-src 'none'; style-src 'sha256-")


def test_the_page_can_be_read_aloud(page: Outline):
    assert list(page.of("html", "lang")) == ["en"]
    assert page.elements.count("h1") == 1
    headings = [e for e in page.elements if e in {"h1", "h2", "h3"}]
    assert headings[0] == "h1"
    assert page.elements.count("main") == 1
    scopes = list(page.of("th", "scope"))
    assert len(scopes) == page.elements.count("th")
    assert set(scopes) == {"col", "row"}
    assert page.elements.count("details") == page.elements.count("summary") == 2
    assert list(page.of("time", "datetime")) == ["2026-02-01T01:00:00Z", "2026-03-03T01:00:00Z"]


def test_nothing_that_was_typed_is_markup():
    made = render_html(hostile_page())
    page = read(made)
    assert {"script", "img"}.isdisjoint(page.elements)
    assert b"<script" not in made
    assert page.texts.count(HOSTILE) >= 10


def test_the_same_page_is_the_same_bytes_in_every_process():
    script = (
        "import sys; from api.invoices.document.as_html import render_html;"
        "from tests.support.invoice_pages import PAGE; sys.stdout.buffer.write(render_html(PAGE))"
    )
    made = [
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONHASHSEED": seed, "TZ": zone},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
    ]
    assert made[0] == made[1] == render_html(PAGE)
