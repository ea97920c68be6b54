"""A finalized invoice again, from the log alone, compared with what was issued to the last byte.

Nothing recorded on the invoice is trusted but its pins: when it was finalized, through which
position, by which engine. Its lines follow from the subscription as it stood, their terms from
the prices, their quantities from the usage recorded by then, and its number from the customer's.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.audit.history import PastWork, recorded_stream, usage_from_log, work_at
from ledger.customers import aggregate as customers
from ledger.invoices import aggregate as invoices
from ledger.invoices.aggregate import edited
from ledger.invoices.bill import Issue, issue
from ledger.invoices.document import canonical_document
from ledger.invoices.events import (
    InvoiceDetailsChanged,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceLinesChanged,
    InvoiceNumberAssigned,
)
from ledger.invoices.finalizing import bill_now
from ledger.invoices.numbering import assign_number, last_sequence, numbers_stream
from ledger.invoices.redrafting import UnexplainedInvoice, redraft
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import RecordedEvent
from ledger.store.event_sourcing import EventSourcedLedger


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of the document that differs: a line by its id, or a field by its name."""

    part: str
    recorded: Any
    recomputed: Any


@dataclass(frozen=True, slots=True)
class Recomputation:
    """The outcome. `events` counts the facts folded and the meter events rated.

    The documents are canonical bytes; `recorded_sha256` is as it stands in the log, `digest` is
    that of the recomputed document.
    """

    invoice: str
    equal: bool
    through_position: int
    engine_version: int
    events: int
    digest: str
    recorded_sha256: str
    recorded_document: bytes
    recomputed_document: bytes
    differences: tuple[Difference, ...]


def recompute(ledger: EventSourcedLedger, invoice_id: str) -> Recomputation:
    """Compute a finalized invoice once more and compare.

    Raises NotFound, InvalidRequest for a draft, and UnexplainedInvoice where the log lacks what
    the invoice rests on.
    """
    history = _History.of(ledger, invoice_id)
    draft = _draft_again(history)
    final, events = _final_again(history, draft)
    recorded = canonical_document(invoice_id, history.recorded_draft, history.final)
    again = canonical_document(invoice_id, draft, final)
    digest = hashlib.sha256(again).hexdigest()
    return Recomputation(
        invoice=invoice_id,
        equal=again == recorded and digest == history.final.document_sha256,
        through_position=final.through_position,
        engine_version=final.engine_version,
        events=events,
        digest=digest,
        recorded_sha256=history.final.document_sha256,
        recorded_document=recorded,
        recomputed_document=again,
        differences=tuple(_differences(recorded, again)),
    )


@dataclass(frozen=True, slots=True)
class _History:
    """What was recorded of an invoice: its facts until it was finalized, and the final one."""

    ledger: EventSourcedLedger
    invoice: str
    facts: tuple[RecordedEvent, ...]
    recorded_draft: InvoiceDrafted
    final: InvoiceFinalized

    @classmethod
    def of(cls, ledger: EventSourcedLedger, invoice_id: str) -> "_History":
        """Raises NotFound, and InvalidRequest for a draft."""
        if not invoice_id.startswith("in_"):
            raise NotFound("invoice", invoice_id)
        invoice: invoices.Invoice | None = None
        facts: list[RecordedEvent] = []
        for recorded in recorded_stream(ledger, invoice_id):
            facts.append(recorded)
            invoice = invoices.evolve(invoice, recorded.event)
            if invoice.final is not None:
                return cls(ledger, invoice_id, tuple(facts), invoice.draft, invoice.final)
        if invoice is None:
            raise NotFound("invoice", invoice_id)
        raise InvalidRequest("This invoice is a draft; only finalized invoices are recomputed.")

    def at(self, position: int) -> PastWork:
        return work_at(self.ledger, position, now=self.final.finalized_at)


def _draft_again(history: _History) -> InvoiceDrafted:
    """The draft as it follows from the log, with what people changed about it afterwards."""
    first = history.facts[0]
    if not isinstance(first.event, InvoiceDrafted):
        raise UnexplainedInvoice(f"{history.invoice} was never drafted")
    draft = redraft(history.at(first.position - 1), history.invoice, first.event)
    for recorded in history.facts:
        if isinstance(recorded.event, InvoiceLinesChanged | InvoiceDetailsChanged):
            draft = edited(draft, recorded.event)
    return draft


def _final_again(history: _History, draft: InvoiceDrafted) -> tuple[InvoiceFinalized, int]:
    """The final fact, and how many facts and meter events it rests on."""
    recorded = history.final
    work = history.at(recorded.through_position)
    customer = work.load(customers.evolve, draft.customer)
    if customer is None:
        raise UnexplainedInvoice(f"{draft.customer} did not exist for {history.invoice}")
    try:
        bill = bill_now(work, usage_from_log, draft, recorded.engine_version)
    except NotFound as missing:
        raise UnexplainedInvoice(f"{history.invoice}: {missing.message}") from missing
    number = _number_again(history, draft.customer, customer.invoice_prefix)
    circumstances = Issue(number, recorded.finalized_at, recorded.auto_advance)
    final = issue(history.invoice, bill, circumstances)
    used = sum(line.evidence.meter_events for line in final.lines if line.evidence)
    return final, work.events_read + len(history.facts) + used


def _number_again(history: _History, customer_id: str, prefix: str) -> str:
    last: int | None = None
    for recorded in recorded_stream(history.ledger, numbers_stream(customer_id)):
        assigned = recorded.event
        if isinstance(assigned, InvoiceNumberAssigned) and assigned.invoice == history.invoice:
            return assign_number(last, prefix, history.invoice).number
        last = last_sequence(last, assigned)
    raise UnexplainedInvoice(f"{history.invoice} was never given a number")


def _differences(recorded: bytes, recomputed: bytes) -> list[Difference]:
    before, after = _parts(recorded), _parts(recomputed)
    return [
        Difference(part, before.get(part), after.get(part))
        for part in dict.fromkeys([*before, *after])
        if before.get(part) != after.get(part)
    ]


def _parts(document: bytes) -> dict[str, Any]:
    """The fields of a document, with its lines by id in place of the list."""
    fields: dict[str, Any] = msgspec.json.decode(document)
    lines: list[dict[str, Any]] = fields.pop("lines")
    return (
        fields
        | {"line_order": [line["id"] for line in lines]}
        | {line["id"]: line for line in lines}
    )
