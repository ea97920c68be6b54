"""The canonical document of a finalized invoice, whose SHA-256 the ledger records.

It is RFC 8785 JSON with amounts and quantities as strings. It holds what is fixed at finalization
and nothing else: no payment status, and no personal data.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785

from ledger.invoices.events import (
    DraftLine,
    FinalLine,
    InvoiceDrafted,
    InvoiceFinalized,
    UsageEvidence,
)
from ledger.kernel.periods import Period

DOCUMENT_VERSION: Final = 1
"""Another form of the document needs another rating engine version, which an invoice records."""


def canonical_document(invoice_id: str, draft: InvoiceDrafted, final: InvoiceFinalized) -> bytes:
    """The document's bytes. Raises KeyError for a final line that the draft does not have."""
    lines = {line.id: line for line in draft.lines}
    return rfc8785.dumps(
        {
            "document_version": DOCUMENT_VERSION,
            "invoice": invoice_id,
            "number": final.number,
            "customer": draft.customer,
            "subscription": draft.subscription,
            "billing_reason": draft.billing_reason,
            "collection_method": draft.collection_method,
            "currency": draft.currency,
            "livemode": draft.livemode,
            "period": _period(draft.period),
            "created": _time(draft.created),
            "finalized_at": _time(final.finalized_at),
            "due_date": None if final.due_date is None else _time(final.due_date),
            "through_position": final.through_position,
            "engine_version": final.engine_version,
            "lines": [_line(lines[line.id], line) for line in final.lines],
            "subtotal": str(final.subtotal),
            "total": str(final.total),
            "starting_balance": str(final.starting_balance),
            "ending_balance": str(final.ending_balance),
            "amount_due": str(final.amount_due),
        }
    )


def digest(invoice_id: str, draft: InvoiceDrafted, final: InvoiceFinalized) -> str:
    """The SHA-256 of the canonical document, in hex."""
    return hashlib.sha256(canonical_document(invoice_id, draft, final)).hexdigest()


def _line(draft: DraftLine, final: FinalLine) -> dict[str, Any]:
    return {
        "id": final.id,
        "kind": draft.kind,
        "subscription_item": draft.subscription_item,
        "price": final.price,
        "price_version": final.price_version,
        "product": draft.product,
        "meter": draft.meter,
        "period": _period(draft.period),
        "prorated_of": None if draft.prorated_of is None else _period(draft.prorated_of),
        "quantity": final.quantity,
        "amount": str(final.amount),
        "evidence": None if final.evidence is None else _evidence(final.evidence),
    }


def _evidence(evidence: UsageEvidence) -> dict[str, Any]:
    return {
        "meter_events": evidence.meter_events,
        "first_position": evidence.first_position,
        "last_position": evidence.last_position,
        "digest": evidence.digest,
    }


def _period(period: Period) -> dict[str, str]:
    return {"start": _time(period.start), "end": _time(period.end)}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
