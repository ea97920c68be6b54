"""Which invoices were finalized: what the log alone says."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from ledger.audit.history import PastStreams
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized, InvoiceNumberAssigned
from ledger.invoices.numbering import numbers_stream
from ledger.kernel.errors import NotFound
from ledger.kernel.events import DomainEvent
from ledger.kernel.months import Month
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.outcomes import Place

_PAGE: Final = 5_000
_BATCH: Final = 250


def finalized_invoices(ledger: EventSourcedLedger, after: int = 0) -> Iterator[Place]:
    """Every finalized invoice with the position of that, in the order of the log."""
    topics = ledger.mapper.catalogue.upcasters.topics_of(InvoiceFinalized.TOPIC)
    while page := ledger.recorder.select_streams_with(topics, after, _PAGE):
        yield from page
        after = page[-1].position


def finalized_invoices_of(
    ledger: EventSourcedLedger, customer_id: str, *, param: str | None = None
) -> list[Place]:
    """Those of a customer with the positions of their numbers, in the order of these.

    Raises NotFound for a customer that there never was.
    """
    streams = PastStreams(ledger)
    numbers = numbers_stream(customer_id)
    streams.read([customer_id, numbers])
    if not customer_id.startswith("cus_") or not streams.stream(customer_id).facts:
        raise NotFound("customer", customer_id, param=param)
    return [
        Place(fact.event.invoice, fact.position)
        for fact in streams.stream(numbers).facts
        if isinstance(fact.event, InvoiceNumberAssigned)
    ]


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
