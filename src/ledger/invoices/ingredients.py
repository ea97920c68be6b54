"""What a command gathers from the log to make a bill."""

from collections.abc import Callable, Iterable

from ledger.customers.aggregate import Customer
from ledger.invoices.bill import Ingredients
from ledger.invoices.events import DraftLine
from ledger.invoices.lines import Priced, UsageOf
from ledger.meter_events.aggregation import MeterDefinition, Usage
from ledger.meter_events.usage import UsageReader
from ledger.meters import aggregate as meters
from ledger.prices import aggregate as prices
from ledger.store.work import Work

UsageReaders = Callable[[Work], UsageReader]
"""Gives the reader of usage for the ledger that a command works on."""


def gather(
    work: Work,
    readers: UsageReaders,
    customer_id: str,
    customer: Customer,
    lines: Iterable[DraftLine],
) -> Ingredients:
    """Prices, usage and balance for these lines, as of the head of the log.

    The streams are loaded before the position is taken, and the append refuses them if they have
    moved since, so that nothing after the position has any part in the bill.
    """
    priced: dict[str, Priced] = {}
    metered: dict[str, MeterDefinition] = {}
    for line in lines:
        if line.price not in priced:
            priced[line.price] = _priced(work, line.price)
        if line.meter is not None and line.meter not in metered:
            meter = work.require(meters.evolve, line.meter, "billing meter")
            metered[line.meter] = MeterDefinition.of(line.meter, meter)
    position = work.recorder.head()[0]
    return Ingredients(
        prices=priced,
        usage_of=usage_by_line(readers(work), metered, customer_id, position),
        balance=customer.balance,
        through_position=position,
    )


def usage_by_line(
    reader: UsageReader, metered: dict[str, MeterDefinition], customer_id: str, position: int
) -> UsageOf:
    """The customer's usage of a line's meter in the line's period, recorded by the position."""

    def usage_of(line: DraftLine) -> Usage:
        meter, period = metered[line.meter or ""], line.period
        return reader.usage(meter, customer_id, period.start, period.end, position)

    return usage_of


def _priced(work: Work, price_id: str) -> Priced:
    price = work.require(prices.evolve, price_id, "price")
    return Priced(price.terms, work.read_versions[price_id])
