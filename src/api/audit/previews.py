"""`/audit/v1/invoices/create_preview`: the invoice to come, as it would have been previewed."""

from typing import Final

from api.http.as_of import AsOfParams
from api.http.call import Call
from api.http.openapi import Endpoint
from api.http.routes import JsonObject, Route, query
from api.invoices.objects import preview_object
from api.invoices.params_preview import InvoicePreview
from api.invoices.previews import asked_preview


class PastPreview(InvoicePreview, AsOfParams):
    """Whatever the compatible route can preview."""


def _preview(call: Call[PastPreview]) -> JsonObject:
    view, row = asked_preview(call.view(), call.params, call.version)
    return preview_object(view, row)


PREVIEWS: Final[Route] = query(
    Endpoint(
        method="POST",
        path="/audit/v1/invoices/create_preview",
        params=PastPreview,
        returns="invoice",
        summary="Preview the next invoice, as of an earlier moment",
        tag="Audit",
        description=(
            "As at the compatible route, from what was known at `as_of`: the subscription, the "
            "prices and the usage recorded by then. Its time is that of `as_of`; a customer on a "
            "test clock has the time that the clock showed then. Nothing is recorded."
        ),
    ),
    _preview,
)
