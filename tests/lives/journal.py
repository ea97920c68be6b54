"""What the ledger has recorded of a life's invoices, in order."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized
from tests.lives.comparing import comparable
from tests.support.billing_ledger import Fact


@dataclass
class Journal:
    """`waiting` are drafts, with the time at which they are due; `issued` are finalized ones."""

    waiting: dict[str, datetime] = field(default_factory=dict[str, datetime])
    drafted: dict[str, InvoiceDrafted] = field(default_factory=dict[str, InvoiceDrafted])
    issued: dict[str, InvoiceFinalized] = field(default_factory=dict[str, InvoiceFinalized])

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

    def of(self, customer: str) -> list[str]:
        """The customer's invoices, in the order in which they were issued."""
        return [name for name in self.issued if self.drafted[name].customer == customer]

    def comparable(self) -> dict[str, list[tuple[Any, ...]]]:
        """Invoices by customer, in the order in which they were issued."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for name, final in self.issued.items():
            draft = self.drafted[name]
            found.setdefault(draft.customer, []).append(comparable(draft, final))
        return found
