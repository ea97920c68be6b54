"""What the ledger has recorded of a life's invoices, in order."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.credit_notes.events import CreditNoteIssued
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from ledger.late_usage.events import LateUsageAdjusted
from tests.lives.comparing import comparable, credited
from tests.support.billing_ledger import Fact


@dataclass
class Journal:
    """`waiting` are drafts, with the time at which they are due; `issued` are finalized ones;
    `settled` is what became of late usage."""

    waiting: dict[str, datetime] = field(default_factory=dict[str, datetime])
    drafted: dict[str, InvoiceDrafted] = field(default_factory=dict[str, InvoiceDrafted])
    issued: dict[str, InvoiceFinalized] = field(default_factory=dict[str, InvoiceFinalized])

    credited: list[CreditNoteIssued] = field(default_factory=list[CreditNoteIssued])
    settled: Counter[str] = field(default_factory=Counter[str])

    def note(self, facts: list[Fact]) -> None:
        """Take what a command led to."""
        for stream, event in facts:
            if isinstance(event, InvoiceDrafted):
                self.drafted[stream] = event
                due = event.details.automatically_finalizes_at
                if due is not None:
                    self.waiting[stream] = due
            elif isinstance(event, InvoiceFinalized):
                self.waiting.pop(stream, None)
                self.issued[stream] = event
            elif isinstance(event, CreditNoteIssued):
                self.credited.append(event)
            elif isinstance(event, LateUsageAdjusted):
                self.settled[f"late usage: {event.outcome}"] += 1

    def of(self, customer: str) -> list[str]:
        """The customer's invoices, in the order in which they were issued."""
        return [name for name in self.issued if self.drafted[name].customer == customer]

    def credits(self) -> list[tuple[Any, ...]]:
        """Credit notes, in the order in which they were issued."""
        return [credited(note, self.issued[note.invoice]) for note in self.credited]

    def comparable(self) -> dict[str, list[tuple[Any, ...]]]:
        """Invoices by customer, in the order in which they were issued."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name, final in self.issued.items():
            draft = self.drafted[name]
            found.setdefault(draft.customer, []).append(comparable(draft, final))
        return found
