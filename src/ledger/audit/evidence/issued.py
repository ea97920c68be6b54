"""A finalized invoice as it was recorded, and decided once more from what is shown of the log."""

from dataclasses import dataclass

from ledger.audit.history import PastWork, recorded_stream, work_at
from ledger.customers import aggregate as customers
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
from ledger.invoices.numbering import assign_number, numbers_stream
from ledger.invoices.redrafting import UnexplainedInvoice, redraft
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.usage import UsageReader
from ledger.store.event_sourcing import EventSourcedLedger


@dataclass(frozen=True, slots=True)
class IssuedInvoice:
    """An invoice's facts from its draft through its end; `draft` has what people changed in it.

    `numbered` is the position at which it was given its number.
    """

    ledger: EventSourcedLedger
    invoice: str
    facts: tuple[RecordedEvent, ...]
    draft: InvoiceDrafted
    final: InvoiceFinalized
    numbered: RecordedEvent

    @classmethod
    def of(cls, ledger: EventSourcedLedger, invoice_id: str) -> "IssuedInvoice":
        """Raises NotFound, InvalidRequest for a draft, and UnexplainedInvoice without a number."""
        facts: list[RecordedEvent] = []
        draft: InvoiceDrafted | None = None
        for recorded in recorded_stream(ledger, invoice_id) if _is_invoice(invoice_id) else ():
            facts.append(recorded)
            match recorded.event:
                case InvoiceDrafted() as drafted:
                    draft = drafted
                case InvoiceLinesChanged() | InvoiceDetailsChanged() as change if draft:
                    draft = edited(draft, change)
                case InvoiceFinalized() as final if draft:
                    number = _numbered(ledger, draft.customer, invoice_id)
                    return cls(ledger, invoice_id, tuple(facts), draft, final, number)
                case _:
                    pass
        if draft is None:
            raise NotFound("invoice", invoice_id)
        raise InvalidRequest("This invoice is a draft; there is evidence of finalized ones only.")

    @property
    def document(self) -> bytes:
        """The canonical document as it was recorded."""
        return canonical_document(self.invoice, self.draft, self.final)

    def before_draft(self) -> PastWork:
        """The log as it was when the invoice was drafted."""
        return work_at(self.ledger, self.facts[0].position - 1, now=self.final.finalized_at)

    def when_final(self) -> PastWork:
        """The log that the final invoice is a function of."""
        return work_at(self.ledger, self.final.through_position, now=self.final.finalized_at)

    def document_again(self, before: PastWork, then: PastWork, usage: UsageReader) -> bytes:
        """The document as it follows from these views of the log and from this usage.

        Raises UnexplainedInvoice where the log lacks what the invoice rests on.
        """
        first = self.facts[0].event
        if not isinstance(first, InvoiceDrafted):
            raise UnexplainedInvoice(f"{self.invoice} was never drafted")
        draft = redraft(before, self.invoice, first)
        for recorded in self.facts:
            if isinstance(recorded.event, InvoiceLinesChanged | InvoiceDetailsChanged):
                draft = edited(draft, recorded.event)
        customer = then.load(customers.evolve, draft.customer)
        if customer is None:
            raise UnexplainedInvoice(f"{draft.customer} did not exist for {self.invoice}")
        try:
            bill = bill_now(then, lambda _: usage, draft, self.final.engine_version)
        except NotFound as missing:
            raise UnexplainedInvoice(f"{self.invoice}: {missing.message}") from missing
        sequence = self.numbered.originator_version - 1
        number = assign_number(sequence, customer.invoice_prefix, self.invoice).number
        final = issue(
            self.invoice, bill, Issue(number, self.final.finalized_at, self.final.auto_advance)
        )
        return canonical_document(self.invoice, draft, final)


def _is_invoice(invoice_id: str) -> bool:
    return invoice_id.startswith("in_")


def _numbered(ledger: EventSourcedLedger, customer: str, invoice_id: str) -> RecordedEvent:
    for recorded in recorded_stream(ledger, numbers_stream(customer)):
        event = recorded.event
        if isinstance(event, InvoiceNumberAssigned) and event.invoice == invoice_id:
            return recorded
    raise UnexplainedInvoice(f"{invoice_id} was never given a number")
