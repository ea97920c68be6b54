"""A finalized invoice again, from the log alone, compared with what was issued to the last byte.

Nothing recorded on the invoice is trusted but its pins: when it was finalized, through which
position, by which engine. Its lines follow from the subscription as it stood, their terms from
the prices, their quantities from the usage recorded by then, and its number from the customer's.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.audit.history import PastStreams, PastWork, work_at
from ledger.customers import aggregate as customers
from ledger.invoice_items.pending import pending_stream
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
from ledger.invoices.ingredients import usage_question
from ledger.invoices.numbering import assign_number, last_sequence, numbers_stream
from ledger.invoices.redrafting import UnexplainedInvoice, redraft
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.usage import UsageQuestion, UsageReader


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


@dataclass(frozen=True, slots=True)
class History:
    """What was recorded of an invoice: its facts until it was finalized, and the final one."""

    invoice: str
    facts: tuple[RecordedEvent, ...]
    recorded_draft: InvoiceDrafted
    final: InvoiceFinalized

    @classmethod
    def of(cls, streams: PastStreams, invoice_id: str) -> "History":
        """Raises NotFound, and InvalidRequest for a draft."""
        if not invoice_id.startswith("in_"):
            raise NotFound("invoice", invoice_id)
        invoice: invoices.Invoice | None = None
        facts: list[RecordedEvent] = []
        for recorded in streams.stream(invoice_id).facts:
            facts.append(recorded)
            invoice = invoices.evolve(invoice, recorded.event)
            if invoice.final is not None:
                return cls(invoice_id, tuple(facts), invoice.draft, invoice.final)
        if invoice is None:
            raise NotFound("invoice", invoice_id)
        raise InvalidRequest("This invoice is a draft; only finalized invoices are recomputed.")

    @property
    def streams(self) -> list[str]:
        """The streams that it is known to rest on."""
        customer, subscription = self.recorded_draft.customer, self.recorded_draft.subscription
        named = [customer, numbers_stream(customer), pending_stream(customer)]
        return named if subscription is None else [subscription, *named]


@dataclass(frozen=True, slots=True)
class Recomputing:
    """An invoice drafted again, and all that its bill takes but usage."""

    history: History
    draft: InvoiceDrafted
    number: str
    work: PastWork
    question: UsageQuestion
    """The usage that it bills."""

    @classmethod
    def of(cls, streams: PastStreams, history: History) -> "Recomputing":
        """Raises UnexplainedInvoice where the log lacks what the invoice rests on."""
        final, draft = history.final, _draft_again(streams, history)
        work = work_at(streams, final.through_position, now=final.finalized_at)
        customer = work.load(customers.evolve, draft.customer)
        if customer is None:
            raise UnexplainedInvoice(f"{draft.customer} did not exist for {history.invoice}")
        number = _number_again(streams, history, draft.customer, customer.invoice_prefix)
        return cls(history, draft, number, work, usage_question(work, draft))

    def finish(self, usage: UsageReader) -> Recomputation:
        """Rate it, issue it once more and compare."""
        history, recorded = self.history, self.history.final
        bill = bill_now(self.work, lambda _: usage, self.draft, recorded.engine_version)
        circumstances = Issue(self.number, recorded.finalized_at, recorded.auto_advance)
        final = issue(history.invoice, bill, circumstances)
        used = sum(line.evidence.meter_events for line in final.lines if line.evidence)
        events = self.work.events_read + len(history.facts) + used
        return _compared(history, self.draft, final, events)


def _compared(
    history: History, draft: InvoiceDrafted, final: InvoiceFinalized, events: int
) -> Recomputation:
    recorded = canonical_document(history.invoice, history.recorded_draft, history.final)
    again = canonical_document(history.invoice, draft, final)
    digest = hashlib.sha256(again).hexdigest()
    return Recomputation(
        invoice=history.invoice,
        equal=again == recorded and digest == history.final.document_sha256,
        through_position=final.through_position,
        engine_version=final.engine_version,
        events=events,
        digest=digest,
        recorded_sha256=history.final.document_sha256,
        recorded_document=recorded,
        recomputed_document=again,
        differences=tuple(_differences(recorded, again)) if again != recorded else (),
    )


def _draft_again(streams: PastStreams, history: History) -> InvoiceDrafted:
    """The draft as it follows from the log, with what people changed about it afterwards."""
    first = history.facts[0]
    if not isinstance(first.event, InvoiceDrafted):
        raise UnexplainedInvoice(f"{history.invoice} was never drafted")
    work = work_at(streams, first.position - 1, now=history.final.finalized_at)
    draft = redraft(work, history.invoice, first.event)
    for recorded in history.facts:
        if isinstance(recorded.event, InvoiceLinesChanged | InvoiceDetailsChanged):
            draft = edited(draft, recorded.event)
    return draft


def _number_again(streams: PastStreams, history: History, customer_id: str, prefix: str) -> str:
    last: int | None = None
    for recorded in streams.stream(numbers_stream(customer_id)).facts:
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
