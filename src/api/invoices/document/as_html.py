"""The page in HTML: one file with its style inside, no script, nothing fetched from anywhere."""

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from api.invoices.document.page import InvoicePage

_TEMPLATES: Final = Path(__file__).parent / "templates"


def render_html(page: InvoicePage) -> bytes:
    """The page as UTF-8, the same bytes for the same page."""
    style = Markup(_style())  # noqa: S704 - our own file
    return _template().render(page=page, style=style).encode()


@cache
def security_policy() -> str:
    """The Content-Security-Policy of the page: its own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    return (_TEMPLATES / "invoice.css").read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("invoice.html")
