"""When drafts finalize themselves: as they were drafted, and as that is changed."""

from datetime import datetime

from ledger.invoices.events import (
    InvoiceDeleted,
    InvoiceDetailsChanged,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceVoided,
)
from ledger.kernel.clock import to_epoch
from ledger.kernel.events import RecordedEvent
from projections.due.rows import DUE, RESTING_DRAFTS, DueRow, RestingDraftRow
from projections.runtime.rows import Rows

DraftEvent = (
    InvoiceDrafted | InvoiceDetailsChanged | InvoiceDeleted | InvoiceFinalized | InvoiceVoided
)


def follow_draft(recorded: RecordedEvent, event: DraftEvent, rows: Rows) -> None:
    """Keep what is due for a draft, until it is one no more."""
    invoice = recorded.originator_id
    match event:
        case InvoiceDrafted(details=details, test_clock=clock):
            _schedule(rows, recorded, details.automatically_finalizes_at, clock or "")
        case InvoiceDetailsChanged(details=details):
            clock = _clock_of(rows, invoice)
            if clock is not None:
                _forget(rows, invoice)
                _schedule(rows, recorded, details.automatically_finalizes_at, clock)
        case _:
            _forget(rows, invoice)


def _schedule(rows: Rows, recorded: RecordedEvent, moment: datetime | None, clock: str) -> None:
    invoice = recorded.originator_id
    if moment is None:
        rows.put(RESTING_DRAFTS, RestingDraftRow(invoice, clock))
        return
    kind, at = "finalize_invoice", to_epoch(moment)
    rows.put(DUE, DueRow(_key(invoice), kind, invoice, at, clock, recorded.position))


def _forget(rows: Rows, invoice: str) -> None:
    rows.delete(DUE, _key(invoice))
    rows.delete(RESTING_DRAFTS, invoice)


def _clock_of(rows: Rows, invoice: str) -> str | None:
    """The clock that a draft lives by, empty for the system's; None once it is no draft."""
    due = rows.get(DUE, _key(invoice)) or rows.get(RESTING_DRAFTS, invoice)
    return None if due is None else due.test_clock


def _key(invoice: str) -> str:
    return f"finalize_invoice:{invoice}"
