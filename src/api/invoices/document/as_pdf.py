"""The page as a PDF, set by typst (the extra `pdf`): the same bytes on every run.

Nothing but the page, the template and fonts that come with typst goes into it: no clock (a PDF says
when it was made, which here is the page's own time), no system fonts, no path. It conforms to PDF/A
for archives and PDF/UA for screen readers, which also means that a sign which no font has is an
error, and never an empty box.
"""

import re
from pathlib import Path
from typing import Final, Literal

import msgspec

from api.invoices.document.page import InvoicePage
from ledger.kernel.errors import InvalidRequest, LedgerError

Paper = Literal["a4", "letter"]

_TEMPLATE: Final = Path(__file__).parent / "templates" / "invoice.typ"
_PAPERS: Final[dict[Paper, str]] = {"a4": "a4", "letter": "us-letter"}
_STANDARDS: Final[list[Literal["a-2a", "ua-1"]]] = ["a-2a", "ua-1"]
_NO_SIGN: Final = re.compile(r'the text `?"(.+?)"`? could not be displayed')


class PdfUnavailable(LedgerError):
    """The extra that makes PDFs is not installed."""


def render_pdf(page: InvoicePage, paper: Paper = "a4", fonts: Path | None = None) -> bytes:
    """The PDF. `fonts` is a folder of further fonts, for scripts that typst's own do not have.

    Raises PdfUnavailable without the extra, InvalidRequest for a sign that no font has.
    """
    try:
        import typst
    except ImportError:
        raise PdfUnavailable(
            "PDFs are made by the optional extra `pdf`, which is not installed here: "
            "pip install 'tallybook[pdf]'."
        ) from None
    folders = [] if fonts is None else [str(fonts)]
    compiler = typst.Compiler(
        _TEMPLATE.read_bytes(),
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=folders),
        ignore_system_fonts=True,
        sys_inputs={"page": msgspec.json.encode(page).decode(), "paper": _PAPERS[paper]},
    )
    try:
        made = compiler.compile(
            format="pdf", pdf_standards=list(_STANDARDS), timestamp=page.stamped_at
        )
    except typst.TypstError as error:
        if found := _NO_SIGN.search(str(error)):
            raise _without_font(found[1]) from None
        raise
    if not isinstance(made, bytes):
        raise TypeError("typst made no PDF")
    return made


def _without_font(sign: str) -> InvalidRequest:
    return InvalidRequest(
        f"No font of the PDF has a sign for “{sign}”. Let TALLYBOOK_PDF_FONTS name a folder of "
        "fonts that have one."
    )
