"""Which invoices were finalized: what the log alone says."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from eventsourcing.persistence import Notification

from ledger.audit.history import PastStreams
from ledger.invoices.events import (
    InvoiceDeleted,
    InvoiceDrafted,
    InvoiceFinalized,
    InvoiceNumberAssigned,
)
from ledger.invoices.numbering import numbers_stream
from ledger.kernel.errors import InvalidRequest, NotFound, NotYet
from ledger.kernel.events import DomainEvent
from ledger.kernel.months import Month
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.outcomes import Place

_PAGE: Final = 5_000
_BATCH: Final = 250


def require_finalized_by(ledger: EventSourcedLedger, invoice_id: str, position: int) -> None:
    """Refuse an invoice that was not finalized as of a position, though it is one now.

    What else is wrong with it is for whoever recomputes it to say. Nothing is decoded, so that
    facts that were altered are not stumbled over here. Raises NotYet, NotFound for a draft that was
    deleted by then, and InvalidRequest for one that stood.
    """
    facts = ledger.recorder.select_stream(invoice_id)
    if not facts or not invoice_id.startswith("in_"):
        return
    if facts[0].id > position:
        raise NotYet("invoice", invoice_id, position, facts[0].id)
    if _has(ledger, facts, InvoiceDeleted.TOPIC, position):
        raise NotFound("invoice", invoice_id)
    if not _has(ledger, facts, InvoiceFinalized.TOPIC, position):
        raise InvalidRequest(f"This invoice was a draft at position {position}, not finalized yet.")


def _has(
    ledger: EventSourcedLedger, facts: Iterable[Notification], topic: str, position: int
) -> bool:
    """Whether one of these facts is of a topic and was recorded by a position."""
    topics = ledger.mapper.catalogue.upcasters.topics_of(topic)
    return any(fact.topic in topics and fact.id <= position for fact in facts)


def finalized_invoices(
    ledger: EventSourcedLedger, after: int = 0, through: int | None = None
) -> Iterator[Place]:
    """Every finalized invoice with the position of that, in the order of the log: all that were
    finalized by a position."""
    topics = ledger.mapper.catalogue.upcasters.topics_of(InvoiceFinalized.TOPIC)
    while page := ledger.recorder.select_streams_with(topics, after, _PAGE):
        for place in page:
            if through is not None and place.position > through:
                return
            yield place
        after = page[-1].position


def finalized_invoices_of(
    ledger: EventSourcedLedger,
    customer_id: str,
    *,
    through: int | None = None,
    param: str | None = None,
) -> list[Place]:
    """Those of a customer with the positions of their numbers, in the order of these.

    Raises NotFound for a customer that there never was, NotYet for one of after `through`.
    """
    streams = PastStreams(ledger)
    numbers = numbers_stream(customer_id)
    streams.read([customer_id, numbers])
    known = streams.stream(customer_id).facts
    if not customer_id.startswith("cus_") or not known:
        raise NotFound("customer", customer_id, param=param)
    if through is not None and known[0].position > through:
        raise NotYet("customer", customer_id, through, known[0].position, param=param)
    places = [
        Place(fact.event.invoice, fact.position)
        for fact in streams.stream(numbers).facts
        if isinstance(fact.event, InvoiceNumberAssigned)
    ]
    return places if through is None else _finalized_by(ledger, places, through)


def _finalized_by(
    ledger: EventSourcedLedger, numbered: Iterable[Place], position: int
) -> list[Place]:
    """Those that were finalized by a position: each was, right after it was given its number."""
    found = [place for place in numbered if place.position <= position]
    if found:
        facts = ledger.recorder.select_stream(found[-1].stream)
        if not _has(ledger, facts, InvoiceFinalized.TOPIC, position):
            found.pop()
    return found


def begun_in(ledger: EventSourcedLedger, invoice_ids: Iterable[str], month: Month) -> Iterator[str]:
    """Those invoices whose period began in a month, in the same order."""
    coming = iter(invoice_ids)
    while some := list(islice(coming, _BATCH)):
        streams = PastStreams(ledger)
        streams.read(some)
        for invoice_id in some:
            if any(is_of_month(fact.event, month) for fact in streams.stream(invoice_id).facts[:1]):
                yield invoice_id


def is_of_month(drafted: DomainEvent, month: Month) -> bool:
    """Whether the period of a drafted invoice began in a month, in UTC."""
    return isinstance(drafted, InvoiceDrafted) and Month.of(drafted.period.start) == month
