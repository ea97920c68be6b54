"""The canonical document of a finalized invoice, whose SHA-256 the ledger records.

It is RFC 8785 JSON with amounts and quantities as strings. It holds what is fixed at finalization
and nothing else: no payment status, and no personal data.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any, Final

from ledger.invoices.events import (
    DraftLine,
    FinalLine,
    InvoiceDrafted,
    InvoiceFinalized,
    UsageEvidence,
)
from ledger.kernel.periods import Period
from ledger.store.catalogue import encode_canonical

DOCUMENT_OF_ENGINE: Final = {1: 1, 2: 2}
"""Another form of the document needs another rating engine version, which an invoice records."""


def canonical_document(invoice_id: str, draft: InvoiceDrafted, final: InvoiceFinalized) -> bytes:
    """The document's bytes. Raises KeyError for a final line that the draft does not have.

    Without fractions, and with ASCII names of fields, the log's own form of JSON is RFC 8785.
    """
    lines = {line.id: line for line in draft.lines}
    version = DOCUMENT_OF_ENGINE[final.engine_version]
    render = _line if version == 1 else _taxed_line
    return encode_canonical(
        {
            "document_version": version,
            "invoice": invoice_id,
            "number": final.number,
            "customer": draft.customer,
            "subscription": draft.subscription,
            "billing_reason": draft.billing_reason,
            "collection_method": draft.details.collection_method,
            "currency": draft.currency,
            "livemode": draft.livemode,
            "period": _period(draft.period),
            "created": _time(draft.created),
            "finalized_at": _time(final.finalized_at),
            "due_date": None if final.due_date is None else _time(final.due_date),
            "through_position": final.through_position,
            "engine_version": final.engine_version,
            "lines": [render(lines[line.id], line) for line in final.lines],
            "subtotal": str(final.subtotal),
            **({} if version == 1 else _deductions(final)),
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


def _taxed_line(draft: DraftLine, final: FinalLine) -> dict[str, Any]:
    late = draft.late_usage
    return _line(draft, final) | {
        "invoice_item": draft.invoice_item,
        "proration": draft.proration,
        "late_usage": None if late is None else late.model_dump(),
        "steps": [step.model_dump() for step in final.steps],
        "discounts": [
            {"discount": each.discount, "amount": str(each.amount)} for each in final.discounts
        ],
        "taxes": [
            {
                "tax_rate": tax.tax_rate,
                "amount": str(tax.amount),
                "taxable_amount": str(tax.taxable_amount),
                "inclusive": tax.inclusive,
                "reason": tax.reason,
            }
            for tax in final.taxes
        ],
    }


def _deductions(final: InvoiceFinalized) -> dict[str, str]:
    return {
        "discount_total": str(final.discount_total),
        "tax_exclusive": str(final.tax_exclusive),
        "tax_inclusive": str(final.tax_inclusive),
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
