"""`/audit/v1/invoices/{id}.html` and `.pdf`: an invoice as a page."""

from typing import Final

from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.errors import API_ERROR, ApiError, unrecognized_url
from api.http.openapi import Endpoint
from api.http.routes import File, Route, query
from api.invoices.document.as_html import render_html, security_policy
from api.invoices.document.as_pdf import Paper, PdfUnavailable, render_pdf
from api.invoices.document.reading import invoice_page
from api.settings import load_settings
from projections.invoices.rows import INVOICES

HTML: Final = "text/html"
PDF: Final = "application/pdf"


class PageParams(AsOfParams):
    """How a page is made. `paper` is a PDF's."""

    paper: Paper = "a4"


def _page(call: Call[PageParams]) -> File:
    invoice_id, dot, kind = call.path["page"].rpartition(".")
    if not dot or kind not in {"html", "pdf"}:
        raise unrecognized_url("GET", call.url)
    view = call.view()
    row = view.rows.require(INVOICES, "invoice", invoice_id)
    page = invoice_page(view, row)
    if kind == "html":
        headers = {"Content-Security-Policy": security_policy(), "Referrer-Policy": "no-referrer"}
        return File(render_html(page), HTML, headers)
    name = row.number or row.id
    try:
        made = render_pdf(page, call.params.paper, load_settings().pdf_fonts)
    except PdfUnavailable as error:
        raise ApiError(error.message, status=501, type=API_ERROR) from None
    return File(made, PDF, {"Content-Disposition": f'inline; filename="{name}.pdf"'})


ROUTES: list[Route] = [
    query(
        Endpoint(
            method="GET",
            path="/audit/v1/invoices/{page:str}",
            params=PageParams,
            returns="invoice_page",
            files=(HTML, PDF),
            summary="An invoice as a page that can be sent",
            tag="Audit",
            description=(
                "`page` is the invoice's id with `.html` or `.pdf` behind it. The HTML is one file "
                "without script that fetches nothing; each line unfolds to how its amount comes "
                "about. A PDF needs the optional extra `pdf`. Both are the same to the byte "
                "however often they are made. A draft is marked as one."
            ),
        ),
        _page,
    ),
]
