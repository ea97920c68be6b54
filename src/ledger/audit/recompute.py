"""A finalized invoice again, from the log alone, compared with what was issued to the last byte.

Nothing recorded on the invoice is trusted but its pins: when it was finalized, through which
position, by which engine. Its lines follow from the subscription as it stood, their terms from
the prices, their quantities from the usage recorded by then, and its number from the customer's.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import msgspec

from ledger.customers import aggregate as customers
from ledger.invoices import aggregate as invoices
from ledger.invoices.aggregate import Invoice
from ledger.invoices.bill import Ingredients, Issue, issue, make_bill
from ledger.invoices.document import canonical_document
from ledger.invoices.drafting import period_draft, start_draft
from ledger.invoices.events import InvoiceDrafted, InvoiceFinalized, InvoiceNumberAssigned
from ledger.invoices.lines import Priced, UsageOf
from ledger.invoices.numbering import assign_number, last_sequence, numbers_stream
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import RecordedEvent
from ledger.kernel.periods import Period
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.usage import Asked, LogUsageReader
from ledger.meters import aggregate as meters
from ledger.prices import aggregate as prices
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.work import Evolve
from ledger.subscriptions import aggregate as subscriptions
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import following_period, running_period
from ledger.subscriptions.events import PeriodClosed

S = TypeVar("S")

_UNSEEN = timedelta(0)
"""A grace period is no part of the document."""


class UnexplainedInvoice(LookupError):
    """The log does not hold what an invoice claims to bill."""


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


def recompute(ledger: EventSourcedLedger, invoice_id: str) -> Recomputation:
    """Compute a finalized invoice once more and compare.

    Raises NotFound, InvalidRequest for a draft, and UnexplainedInvoice where the log lacks what
    the invoice rests on.
    """
    history = _History(ledger)
    is_invoice = invoice_id.startswith("in_")
    invoice = history.state(invoices.evolve, invoice_id) if is_invoice else None
    if invoice is None:
        raise NotFound("invoice", invoice_id)
    if invoice.final is None:
        raise InvalidRequest("This invoice is a draft; only finalized invoices are recomputed.")
    draft = _draft_again(history, invoice_id, invoice)
    final = _final_again(history, invoice_id, draft, invoice.final)
    recorded = canonical_document(invoice_id, invoice.draft, invoice.final)
    again = canonical_document(invoice_id, draft, final)
    digest = hashlib.sha256(again).hexdigest()
    rated = sum(line.evidence.meter_events for line in final.lines if line.evidence)
    return Recomputation(
        invoice=invoice_id,
        equal=again == recorded and digest == invoice.final.document_sha256,
        through_position=final.through_position,
        engine_version=final.engine_version,
        events=history.events_read + rated,
        digest=digest,
        recorded_sha256=invoice.final.document_sha256,
        recorded_document=recorded,
        recomputed_document=again,
        differences=tuple(_differences(recorded, again)),
    )


@dataclass(slots=True)
class _History:
    """Folds streams of the log, and counts what it reads."""

    ledger: EventSourcedLedger
    events_read: int = field(default=0)

    def stream(self, stream_id: str, through: int | None = None) -> list[RecordedEvent]:
        """The facts of a stream, up to and with a position."""
        stored = [
            notification
            for notification in self.ledger.recorder.select_stream(stream_id)
            if through is None or notification.id <= through
        ]
        self.events_read += len(stored)
        return [self.ledger.mapper.to_domain_event(notification) for notification in stored]

    def state(self, evolve: Evolve[S], stream_id: str, through: int | None = None) -> S | None:
        return _fold(evolve, self.stream(stream_id, through))

    def known(self, evolve: Evolve[S], stream_id: str, through: int) -> S:
        """Raises UnexplainedInvoice if there was nothing by then."""
        state = self.state(evolve, stream_id, through)
        if state is None:
            raise UnexplainedInvoice(f"{stream_id} did not exist at position {through}")
        return state


def _fold(evolve: Evolve[S], events: list[RecordedEvent]) -> S | None:
    state: S | None = None
    for recorded in events:
        state = evolve(state, recorded.event)
    return state


def _draft_again(history: _History, invoice_id: str, invoice: Invoice) -> InvoiceDrafted:
    subscription_id = invoice.draft.subscription or ""
    events = history.stream(subscription_id)
    if invoice.draft.billing_reason == "subscription_create":
        started = _fold(subscriptions.evolve, events[:1])
        if started is not None:
            return start_draft(subscription_id, started, _UNSEEN)
    for i, recorded in enumerate(events):
        closed = recorded.event
        if isinstance(closed, PeriodClosed) and closed.invoice == invoice_id:
            before = _fold(subscriptions.evolve, events[:i])
            if before is not None:
                return _period_again(subscription_id, before, closed)
    raise UnexplainedInvoice(f"nothing in {subscription_id} led to {invoice_id}")


def _period_again(
    subscription_id: str, subscription: Subscription, closed: PeriodClosed
) -> InvoiceDrafted:
    period, following = running_period(subscription), following_period(subscription)
    if closed.closed_at < period.end:
        period, following = Period(period.start, closed.closed_at), None
    return period_draft(
        subscription_id, subscription, period, following, created=closed.closed_at, grace=_UNSEEN
    )


def _final_again(
    history: _History, invoice_id: str, draft: InvoiceDrafted, recorded: InvoiceFinalized
) -> InvoiceFinalized:
    through = recorded.through_position
    customer = history.known(customers.evolve, draft.customer, through)
    ingredients = Ingredients(
        prices=_prices(history, draft, through),
        usage_of=_usage(history, draft, through),
        balance=customer.balance,
        through_position=through,
    )
    number = _number_again(history, invoice_id, draft.customer, customer.invoice_prefix)
    circumstances = Issue(number, recorded.finalized_at, recorded.auto_advance)
    bill = make_bill(draft, ingredients, recorded.engine_version)
    return issue(invoice_id, bill, circumstances)


def _usage(history: _History, draft: InvoiceDrafted, through: int) -> UsageOf:
    """The usage of every metered line, read in one pass over the log."""
    meters = _meters(history, draft, through)
    lines = [line for line in draft.lines if line.kind == "metered"]
    asked = [Asked(meters[line.meter or ""], line.period.start, line.period.end) for line in lines]
    reader = LogUsageReader(history.ledger.recorder, history.ledger.mapper)
    found = reader.usages(draft.customer, asked, through).usages
    by_line = {line.id: usage for line, usage in zip(lines, found, strict=True)}
    return lambda line: by_line[line.id]


def _prices(history: _History, draft: InvoiceDrafted, through: int) -> dict[str, Priced]:
    priced: dict[str, Priced] = {}
    for price_id in dict.fromkeys(line.price for line in draft.lines):
        events = history.stream(price_id, through)
        price = _fold(prices.evolve, events)
        if price is None:
            raise UnexplainedInvoice(f"{price_id} did not exist at position {through}")
        priced[price_id] = Priced(price.terms, len(events))
    return priced


def _meters(history: _History, draft: InvoiceDrafted, through: int) -> dict[str, MeterDefinition]:
    ids = dict.fromkeys(line.meter for line in draft.lines if line.meter is not None)
    return {
        meter_id: MeterDefinition.of(meter_id, history.known(meters.evolve, meter_id, through))
        for meter_id in ids
    }


def _number_again(history: _History, invoice_id: str, customer_id: str, prefix: str) -> str:
    events = history.stream(numbers_stream(customer_id))
    for i, recorded in enumerate(events):
        assigned = recorded.event
        if isinstance(assigned, InvoiceNumberAssigned) and assigned.invoice == invoice_id:
            last = _fold(last_sequence, events[:i])
            return assign_number(last, prefix, invoice_id).number
    raise UnexplainedInvoice(f"{invoice_id} was never given a number")


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
