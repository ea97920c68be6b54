"""Everything that a finalized invoice rests on, read from the log.

The invoice is decided once more from exactly what is collected, so that nothing that it needs can
be left out: every stream that the decision reads is in the evidence, and its usage is that of the
records that are shown.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from eventsourcing.persistence import Notification

from ledger.audit.evidence.disclosure import Disclosure, ShownEvent
from ledger.audit.evidence.issued import IssuedInvoice
from ledger.audit.evidence.own_usage import OwnRecords, OwnUsage, Place
from ledger.invoices.events import DraftLine
from ledger.invoices.numbering import numbers_stream
from ledger.invoices.redrafting import UnexplainedInvoice
from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.events import MeterEventCancelled
from ledger.meter_events.usage import Positions
from ledger.meters import aggregate as meters
from ledger.products import aggregate as products
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.work import Work

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves an invoice. `document` are the bytes that were hashed when it was finalized;
    `records`, which may be many, are read from the log when they are asked for."""

    ledger_id: int
    invoice: str
    document: bytes
    events: tuple[ShownEvent, ...]
    records: OwnRecords

    @property
    def last_position(self) -> int:
        """The position that a checkpoint has to cover."""
        return self.events[-1].position


def collect(ledger: EventSourcedLedger, invoice_id: str) -> Evidence:
    """The evidence of a finalized invoice.

    Raises NotFound, InvalidRequest for a draft, and UnexplainedInvoice where the invoice does not
    follow from the log.
    """
    issued = IssuedInvoice.of(ledger, invoice_id)
    before, then = issued.before_draft(), issued.when_final()
    usage, cancellations = _usage(issued, then)
    if issued.document_again(before, then, usage) != issued.document:
        raise UnexplainedInvoice(f"{invoice_id} does not follow from the log; replay says where")
    customer = issued.draft.customer
    bought = {products.stream_of(line.product) for line in issued.draft.lines if line.product}
    streams = {*before.read_versions, *then.read_versions, *bought}
    ends = dict.fromkeys(streams, issued.final.through_position) | {
        invoice_id: issued.facts[-1].position,
        numbers_stream(customer): issued.numbered.position,
    }
    disclosure = Disclosure(customer, frozenset({invoice_id, numbers_stream(customer)}))
    stored = [*cancellations, *_streams(ledger, disclosure, ends)]
    stored.sort(key=lambda one: one.id)
    return Evidence(
        ledger_id=ledger.recorder.ledger_id,
        invoice=invoice_id,
        document=issued.document,
        events=tuple(disclosure.of(stored)),
        records=usage.records,
    )


def _streams(
    ledger: EventSourcedLedger, disclosure: Disclosure, ends: dict[str, int]
) -> Iterator[Notification]:
    """The events of streams up to a position in each."""
    for stream, end in ends.items():
        if disclosure.names_only_own(stream.encode()):
            for stored in ledger.recorder.select_stream(stream):
                if stored.id <= end:
                    yield stored


def _usage(issued: IssuedInvoice, then: Work) -> tuple[OwnUsage, list[Notification]]:
    """The usage of the invoice's lines, and the cancellations of some of it, in any order."""
    recorder, customer = then.recorder, issued.draft.customer
    metered = [line for line in issued.draft.lines if line.kind == "metered" and line.meter]
    defined = {meter: _meter(then, meter) for line in metered if (meter := line.meter)}
    reaches: dict[str, list[tuple[int, int]]] = {}
    for line in metered:
        meter = defined[line.meter or ""]
        start, end = to_microseconds(line.period.start), to_microseconds(line.period.end)
        reaches.setdefault(meter.id, []).append(meter.reach(start, end))
    within = _positions(issued, metered, defined.values())
    records = OwnRecords(recorder, customer, reaches, within)
    cancelled: dict[Place, Notification] = {}
    for stored, event in _cancellations(then, issued.final.through_position) if reaches else ():
        if event.customer == customer:
            cancelled[event.position, event.ordinal] = stored
    shown = {place for place, _ in records.each() if place in cancelled} if cancelled else None
    return OwnUsage(records, shown or ()), [cancelled[place] for place in shown or ()]


def _meter(work: Work, meter_id: str) -> MeterDefinition:
    return MeterDefinition.of(meter_id, work.require(meters.evolve, meter_id, "billing meter"))


def _positions(
    issued: IssuedInvoice, metered: list[DraftLine], defined: Iterable[MeterDefinition]
) -> Positions:
    """Where in the log the usage stands: as the lines state it where that is sure to be all of it.

    Of meters with an `event_time_window` a later event may be the one that another gave way to, and
    of a line that was left out nothing is stated.
    """
    through = issued.final.through_position
    stated = {line.id: line.evidence for line in issued.final.lines}
    evidence = [stated.get(line.id) for line in metered]
    if any(meter.event_time_window for meter in defined) or None in evidence:
        return Positions(1, through)
    firsts = [one.first_position for one in evidence if one and one.first_position is not None]
    lasts = [one.last_position for one in evidence if one and one.last_position is not None]
    return Positions(min(firsts), max(lasts)) if firsts and lasts else Positions(1, 0)


def _cancellations(work: Work, through: int) -> Iterator[tuple[Notification, MeterEventCancelled]]:
    topics, position = [MeterEventCancelled.TOPIC], 0
    while page := work.recorder.select_notifications(
        position, _PAGE, through, topics, inclusive_of_start=False
    ):
        position = page[-1].id
        for stored in page:
            event = work.mapper.to_domain_event(stored).event
            if isinstance(event, MeterEventCancelled):
                yield stored, event
