"""Every identity of a ledger, as its log stood at a position: two passes, in pages."""

from collections.abc import Callable, Iterator
from typing import Final

from ledger.audit.ledger_check.books import Books
from ledger.audit.ledger_check.covering import stretches_of
from ledger.audit.ledger_check.identities import LedgerCheck
from ledger.audit.ledger_check.stretches import Coverage
from ledger.audit.ledger_check.usage import UsageChecks
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.usage import PlacedRecord, UsageReader
from ledger.store.event_sourcing import EventSourcedLedger

_CATALOGUE_PAGE: Final = 1_000
_USAGE_PAGE: Final = 32

Taking = Callable[[RecordedEvent], None]
"""Something else that takes every fact in the same pass."""


def check_ledger(
    ledger: EventSourcedLedger, position: int, reader: UsageReader, *also: Taking
) -> LedgerCheck:
    """Look at every identity. `reader` says what a preview would bill. Nothing is written.

    Raises UnknownTopic for an event that this release does not know.
    """
    books = Books()
    for recorded in _facts(ledger, position):
        books.take(recorded)
        for take in also:
            take(recorded)
    books.close()
    usage = UsageChecks(books, Coverage(stretches_of(books, position)), reader, position)
    for placed in _meter_events(ledger, position):
        usage.count(placed)
    usage.close()
    identities = (
        books.totals.identity,
        books.dues.identity,
        books.balances.identity,
        books.numbers.identity,
        usage.lines,
        usage.evidence,
        usage.all_usage,
        usage.events,
        books.adjustments.identity,
    )
    return LedgerCheck(position, books.facts, usage.events.checked, identities, usage.late)


def _facts(ledger: EventSourcedLedger, position: int) -> Iterator[RecordedEvent]:
    after = 0
    while page := ledger.recorder.select_catalog(after, _CATALOGUE_PAGE, position):
        for stored in page:
            yield ledger.mapper.to_domain_event(stored)
        after = page[-1].id


def _meter_events(ledger: EventSourcedLedger, position: int) -> Iterator[PlacedRecord]:
    after = 0
    while page := ledger.recorder.select_notifications(
        after, _USAGE_PAGE, position, [UsageRecorded.TOPIC], inclusive_of_start=False
    ):
        for stored in page:
            event = ledger.mapper.to_domain_event(stored).event
            if isinstance(event, UsageRecorded):
                for ordinal, record in enumerate(event.records()):
                    yield PlacedRecord(stored.id, ordinal, record)
        after = page[-1].id
