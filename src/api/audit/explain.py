"""How an invoice came to its amounts: what the compatible API has no fields for."""

from typing import Any

import msgspec

from api.http.as_of import AsOfParams
from api.http.call import Call, View
from api.http.routes import JsonObject
from api.invoices.live import with_amounts
from api.invoices.objects_lines import description
from api.prices.objects import PriceRows, price_rows
from projections.invoices.rows import INVOICES, InvoiceRow, LinePart


def explained(call: Call[AsOfParams]) -> JsonObject:
    """Every line with the steps that lead to its amount, and what was taken off and put on.

    A draft is explained as it stands, now or as of the moment asked for. Raises NotFound.
    """
    return explanation(call.view(), call.path["invoice"])


def explanation(view: View, invoice_id: str) -> JsonObject:
    """The same for whoever has a view of the ledger. Raises NotFound."""
    found = view.rows.require(INVOICES, "invoice", invoice_id)
    [row] = with_amounts(view, [found])
    prices = price_rows(view, (line.price for line in row.lines))
    return {
        "object": "invoice_explanation",
        "invoice": row.id,
        "number": row.number,
        "status": row.status,
        "currency": row.currency,
        "through_position": row.through_position,
        "engine_version": row.engine_version,
        "document_sha256": row.document_sha256,
        "finalization_error": row.finalization_error,
        "lines": [_line(row, line, prices) for line in row.lines],
        "sums": msgspec.to_builtins(row.amounts),
    }


def _line(row: InvoiceRow, line: LinePart, prices: PriceRows) -> dict[str, Any]:
    shown = msgspec.to_builtins(line)
    price = prices.get(line.price or "")
    return {**shown, "description": description(line, price, row.currency)}
