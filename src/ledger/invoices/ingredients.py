"""What a command gathers from the log to make a bill."""

from collections.abc import Callable, Mapping

from ledger.coupons.redeeming import coupon_terms
from ledger.customers.aggregate import Customer
from ledger.invoices.bill import Ingredients
from ledger.invoices.deductions import all_tax_rates_of, coupons_of
from ledger.invoices.events import DraftLine, InvoiceDrafted
from ledger.invoices.lines import Priced
from ledger.meter_events.aggregation import MeterDefinition
from ledger.meter_events.usage import Asked, UsageQuestion, UsageReader, answers_of
from ledger.meters import aggregate as meters
from ledger.prices import aggregate as prices
from ledger.store.work import Work
from ledger.tax_rates.handlers import tax_rate_terms

UsageReaders = Callable[[Work], UsageReader]
"""Gives the reader of usage for the ledger that a command works on."""


def gather(
    work: Work, readers: UsageReaders, draft: InvoiceDrafted, customer: Customer
) -> Ingredients:
    """Prices, usage, coupons, taxes and balance for a draft, as of the head of the log; usage as of
    a later position if the reader answers as of now.

    The streams are loaded before the position is taken, and the append refuses them if they have
    moved since, so that nothing after the position has any part in the bill.
    """
    metered = [line for line in draft.lines if line.kind == "metered"]
    work.prefetch(
        [one for line in draft.lines for one in (line.price, line.meter) if one is not None]
    )
    priced = _prices(work, draft)
    coupons = coupon_terms(work, coupons_of(draft))
    tax_rates = tax_rate_terms(work, all_tax_rates_of(draft))
    found = work.ask(usage_question(work, draft), answers_of(readers(work)))
    by_line = {line.id: usage for line, usage in zip(metered, found.usages, strict=True)}
    return Ingredients(
        prices=priced,
        usage_of=lambda line: by_line[line.id],
        coupons=coupons,
        tax_rates=tax_rates,
        tax_exempt=customer.billing.tax_exempt,
        balance=customer.balance,
        through_position=found.through_position,
    )


def usage_question(work: Work, draft: InvoiceDrafted) -> UsageQuestion:
    """The usage that a draft bills, line by line, as of the head of the log."""
    metered = [line for line in draft.lines if line.kind == "metered"]
    return UsageQuestion(draft.customer, tuple(_asked(work, metered)), work.head())


def _prices(work: Work, draft: InvoiceDrafted) -> Mapping[str, Priced]:
    ids = dict.fromkeys(line.price for line in draft.lines if line.price is not None)
    return {price_id: _priced(work, price_id, draft.currency) for price_id in ids}


def _priced(work: Work, price_id: str, currency: str) -> Priced:
    price = work.require(prices.evolve, price_id, "price")
    return Priced(price.terms_in(currency), work.version(price_id))


def _asked(work: Work, metered: list[DraftLine]) -> list[Asked]:
    meter_of: dict[str, MeterDefinition] = {}
    for line in metered:
        if line.meter is not None and line.meter not in meter_of:
            meter = work.require(meters.evolve, line.meter, "billing meter")
            meter_of[line.meter] = MeterDefinition.of(line.meter, meter)
    return [
        Asked(meter_of[line.meter or ""], line.period.start, line.period.end) for line in metered
    ]
