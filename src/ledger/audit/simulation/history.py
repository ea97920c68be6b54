"""Real history under other prices: of one customer, of several, or of everyone."""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from ledger.audit.finalized import finalized_invoices, finalized_invoices_of
from ledger.audit.history import PastStreams
from ledger.audit.simulation.changes import Changes
from ledger.audit.simulation.comparing import Simulation
from ledger.audit.simulation.rerating import NotIssued, Rerating
from ledger.invoices.events import InvoiceDrafted
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.months import Month
from ledger.store.event_sourcing import EventSourcedLedger

_BATCH: Final = 250

Progress = Callable[[int, int], None]
"""Called with invoices dealt with and invoices in all."""


class Past(NamedTuple):
    """Which finalized invoices: `customers` None means everyone's; of the months from `first`
    through `last` (UTC) in which their periods began, where these are given. All of it is as of the
    position `through`, None for now."""

    customers: tuple[str, ...] | None = None
    first: Month | None = None
    last: Month | None = None
    through: int | None = None

    def has(self, drafted: InvoiceDrafted) -> bool:
        """Whether an invoice's period began in these months."""
        month = Month.of(drafted.period.start)
        return (self.first is None or self.first <= month) and (
            self.last is None or month <= self.last
        )


def simulate(
    ledger: EventSourcedLedger,
    past: Past,
    changes: Changes,
    *,
    progress: Progress = lambda _, __: None,
    most: int | None = None,
) -> Simulation:
    """Rate history again under other prices; nothing is written.

    Raises NotFound for an unknown customer, and InvalidRequest for more than `most` invoices or
    where a new price lacks a currency.
    """
    invoices = list(_invoices(ledger, past))
    if most is not None and len(invoices) > most:
        raise InvalidRequest(
            f"These are {len(invoices)} invoices; at most {most} are simulated in one request. "
            "Choose fewer customers, or use `tallybook simulate`.",
            param="customers",
        )
    simulation, streams = Simulation(changes), PastStreams(ledger)
    rerating = Rerating(streams, changes, past.through)
    for done in range(0, len(invoices), _BATCH):
        some = invoices[done : done + _BATCH]
        read = _read(streams, some)
        for invoice_id, drafted in read.items():
            if drafted is None or not past.has(drafted):
                continue
            try:
                simulation.take(rerating.rerate(invoice_id))
            except NotIssued:
                continue
        _forget(streams, read)
        progress(done + len(some), len(invoices))
    return simulation


def _invoices(ledger: EventSourcedLedger, past: Past) -> Iterable[str]:
    """In the order in which they were issued."""
    if past.customers is None:
        return (place.stream for place in finalized_invoices(ledger, through=past.through))
    places = [
        place
        for customer in dict.fromkeys(past.customers)
        for place in finalized_invoices_of(
            ledger, customer, through=past.through, param="customers"
        )
    ]
    return (place.stream for place in sorted(places, key=lambda place: place.position))


def _read(streams: PastStreams, invoices: list[str]) -> dict[str, InvoiceDrafted | None]:
    """Read invoices and their customers at once; their drafts."""
    streams.read(invoices)
    drafts: dict[str, InvoiceDrafted | None] = {}
    for invoice_id in invoices:
        first = next(iter(streams.stream(invoice_id).facts), None)
        event = None if first is None else first.event
        drafts[invoice_id] = event if isinstance(event, InvoiceDrafted) else None
    streams.read({drafted.customer for drafted in drafts.values() if drafted is not None})
    return drafts


def _forget(streams: PastStreams, drafts: dict[str, InvoiceDrafted | None]) -> None:
    streams.forget(drafts)
    streams.forget({drafted.customer for drafted in drafts.values() if drafted is not None})
