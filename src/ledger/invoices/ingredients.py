"""What a command gathers from the log to make a bill."""

from collections.abc import Callable, Sequence

from ledger.customers.aggregate import Customer
from ledger.invoices.bill import Ingredients
from ledger.invoices.events import DraftLine
from ledger.invoices.lines import Priced
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.usage import Asked, UsageReader
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
    lines: Sequence[DraftLine],
) -> Ingredients:
    """Prices, usage and balance for these lines, as of the head of the log; usage as of a later
    position if the reader answers as of now.

    The streams are loaded before the position is taken, and the append refuses them if they have
    moved since, so that nothing after the position has any part in the bill.
    """
    metered = [line for line in lines if line.kind == "metered"]
    priced: dict[str, Priced] = {}
    meter_of: dict[str, MeterDefinition] = {}
    for line in lines:
        if line.price not in priced:
            priced[line.price] = _priced(work, line.price)
        if line.meter is not None and line.meter not in meter_of:
            meter = work.require(meters.evolve, line.meter, "billing meter")
            meter_of[line.meter] = MeterDefinition.of(line.meter, meter)
    asked = [
        Asked(meter_of[line.meter or ""], line.period.start, line.period.end) for line in metered
    ]
    head = work.recorder.head()[0]
    found = readers(work).usages(customer_id, asked, head)
    by_line = {line.id: usage for line, usage in zip(metered, found.usages, strict=True)}
    return Ingredients(
        prices=priced,
        usage_of=lambda line: by_line[line.id],
        balance=customer.balance,
        through_position=found.through_position,
    )


def _priced(work: Work, price_id: str) -> Priced:
    price = work.require(prices.evolve, price_id, "price")
    return Priced(price.terms, work.read_versions[price_id])
