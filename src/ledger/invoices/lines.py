"""From draft lines to rated lines: the one way, for previews, drafts, finalization and replay."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from ledger.invoices.events import DraftLine, FinalLine, InvoiceDrafted, UsageEvidence
from ledger.kernel.money import round_half_away
from ledger.kernel.quantities import ZERO, decimal_text
from ledger.meter_events.aggregation import Usage
from ledger.prices.terms import PriceTerms
from ledger.rating.proration import prorate
from ledger.rating.rate import RATING_ENGINE_VERSION, rate


class Priced(NamedTuple):
    """The terms of a price as of a version of its stream."""

    terms: PriceTerms
    version: int


class Worth(NamedTuple):
    """What a line comes to: the quantity billed, and the amount in minor units."""

    quantity: Decimal
    amount: int


UsageOf = Callable[[DraftLine], Usage]
Engine = Callable[[DraftLine, PriceTerms, Decimal], Worth]


def _worth_v1(line: DraftLine, terms: PriceTerms, quantity: Decimal) -> Worth:
    rated = rate(terms, quantity)
    if line.prorated_of is None:
        return Worth(rated.quantity, rated.amount)
    share = prorate(rated.exact, line.period, line.prorated_of)
    return Worth(rated.quantity, round_half_away(share))


ENGINES: Final[Mapping[int, Engine]] = {1: _worth_v1}
"""Every engine that a finalized invoice may name. Released ones are never changed or removed."""


def rate_lines(
    draft: InvoiceDrafted,
    prices: Mapping[str, Priced],
    usage_of: UsageOf,
    engine_version: int = RATING_ENGINE_VERSION,
) -> tuple[FinalLine, ...]:
    """The lines with their quantities and amounts, in the draft's order.

    A first invoice leaves out metered lines that come to nothing; a line that only names an item
    gives way to one that bills it. Raises InvalidRequest for an amount beyond 64 bits.
    """
    engine = ENGINES[engine_version]
    rated = {
        line.id: _rate_line(line, prices[line.price], usage_of, engine) for line in draft.lines
    }
    if draft.billing_reason == "subscription_create":
        kept = _without_nothings(draft.lines, rated)
        return tuple(rated[line.id] for line in kept)
    return tuple(rated.values())


def _rate_line(line: DraftLine, price: Priced, usage_of: UsageOf, engine: Engine) -> FinalLine:
    usage: Usage | None = None
    if line.kind == "opening":
        worth = Worth(ZERO, 0)
    elif line.kind == "metered":
        usage = usage_of(line)
        worth = engine(line, price.terms, usage.quantity)
    else:
        worth = engine(line, price.terms, Decimal(line.quantity or 0))
    return FinalLine(
        id=line.id,
        quantity=decimal_text(worth.quantity),
        amount=worth.amount,
        price=line.price,
        price_version=price.version,
        evidence=_evidence(usage),
    )


def _evidence(usage: Usage | None) -> UsageEvidence | None:
    if usage is None:
        return None
    return UsageEvidence(
        meter_events=usage.meter_events,
        first_position=usage.first_position,
        last_position=usage.last_position,
        digest=usage.digest,
    )


def _without_nothings(
    lines: Iterable[DraftLine], rated: Mapping[str, FinalLine]
) -> list[DraftLine]:
    def bills(line: DraftLine) -> bool:
        final = rated[line.id]
        return line.kind != "metered" or final.amount != 0 or final.quantity != "0"

    kept = [line for line in lines if bills(line)]
    billed = {line.subscription_item for line in kept if line.kind == "metered"}
    return [line for line in kept if line.kind != "opening" or line.subscription_item not in billed]
