"""A finalized metered line, and what it comes to over its usage as of now."""

import hashlib
from dataclasses import dataclass
from typing import Final, NamedTuple

from ledger.invoices.aggregate import Invoice
from ledger.invoices.events import DraftLine, FinalLine, InvoiceFinalized, UsageEvidence
from ledger.invoices.ingredients import UsageReaders
from ledger.invoices.lines import ENGINES, Priced, rate_line
from ledger.invoices.loading import require_invoice
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import DomainEvent
from ledger.late_usage.aggregate import Accounted, accounted, evolve
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.usage import Asked, UsageQuestion, answers_of
from ledger.meters import aggregate as meters
from ledger.prices import aggregate as prices
from ledger.prices.aggregate import Price
from ledger.store.work import Work


@dataclass(frozen=True, slots=True)
class BilledLine:
    """A metered line of a finalized invoice, as drafted and as rated."""

    invoice_id: str
    invoice: Invoice
    issued: InvoiceFinalized
    drafted: DraftLine
    final: FinalLine
    meter: str
    price: str

    @property
    def customer(self) -> str:
        return self.invoice.draft.customer


class RatedAgain(NamedTuple):
    """The line over its usage as recorded through a position, by a version of its price."""

    line: FinalLine
    evidence: UsageEvidence
    price_version: int
    through_position: int


_NO_USAGE: Final = UsageEvidence(
    meter_events=0,
    first_position=None,
    last_position=None,
    digest=hashlib.sha256().hexdigest(),
)


def adjustments_stream(line: str) -> str:
    """The stream of what was added to a line after it was finalized."""
    return f"late_usage:{line}"


def require_line(work: Work, invoice_id: str, line_id: str) -> BilledLine:
    """Raises NotFound, and InvalidRequest for a line that is not finalized or not metered."""
    invoice = require_invoice(work, invoice_id, param="invoice")
    issued = invoice.final
    if issued is None:
        raise InvalidRequest("This invoice is a draft; it counts late usage by itself.")
    drafted = next((line for line in invoice.draft.lines if line.id == line_id), None)
    if drafted is None:
        raise NotFound("invoice line", line_id, param="line")
    if drafted.kind != "metered" or drafted.meter is None or drafted.price is None:
        raise InvalidRequest("This line bills no usage.", param="line")
    return BilledLine(
        invoice_id=invoice_id,
        invoice=invoice,
        issued=issued,
        drafted=drafted,
        final=final_line(drafted, issued),
        meter=drafted.meter,
        price=drafted.price,
    )


def final_line(drafted: DraftLine, issued: InvoiceFinalized) -> FinalLine:
    """A metered line as it was issued: at 0 where it was left out, as it came to nothing."""
    for line in issued.lines:
        if line.id == drafted.id:
            return line
    return FinalLine(
        id=drafted.id,
        quantity="0",
        amount=0,
        price=drafted.price,
        price_version=None,
        evidence=_NO_USAGE,
    )


def accounted_for(work: Work, billed: BilledLine) -> Accounted:
    """What is accounted for of a line so far."""
    adjusted = work.load(evolve, adjustments_stream(billed.final.id))
    return accounted(billed.final, billed.issued.through_position, adjusted)


def rate_again(work: Work, readers: UsageReaders, billed: BilledLine) -> RatedAgain:
    """Rate a line by its own engine and price version, over its usage at the head of the log."""
    meter = work.require(meters.evolve, billed.meter, "billing meter")
    period, currency = billed.drafted.period, billed.invoice.draft.currency
    version, price = _price_then(work, billed)
    terms = {billed.price: Priced(price.terms_in(currency), version)}
    asked = Asked(MeterDefinition.of(billed.meter, meter), period.start, period.end)
    question = UsageQuestion(billed.customer, (asked,), work.head())
    found = work.ask(question, answers_of(readers(work)))
    [usage] = found.usages
    engine = ENGINES[billed.issued.engine_version]
    line = rate_line(billed.drafted, currency, terms, lambda _: usage, engine)
    evidence = line.evidence or _NO_USAGE
    return RatedAgain(line, evidence, version, found.through_position)


class _PriceThen(NamedTuple):
    version: int
    price: Price


def _price_then(work: Work, billed: BilledLine) -> _PriceThen:
    """The price as of the version by which the line was rated; its terms in one currency never
    change once it has that currency."""
    last = billed.final.price_version

    def evolve_until(then: _PriceThen | None, event: DomainEvent) -> _PriceThen:
        if then is None:
            return _PriceThen(1, prices.evolve(None, event))
        if then.version == last:
            return then
        return _PriceThen(then.version + 1, prices.evolve(then.price, event))

    return work.require(evolve_until, billed.price, "price")
