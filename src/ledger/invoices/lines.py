"""From draft lines to rated lines: the one way, for previews, drafts, finalization and replay."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from ledger.invoices.events import DraftLine, FinalLine, InvoiceDrafted, UsageEvidence
from ledger.kernel.money import check_amount, round_half_away
from ledger.kernel.quantities import ZERO, decimal_text
from ledger.meter_events.aggregation import Usage
from ledger.prices.terms import PriceTerms
from ledger.rating.proration import prorate
from ledger.rating.rate import RATING_ENGINE_VERSION, rate
from ledger.rating.steps import RatedStep, stored_steps


class Priced(NamedTuple):
    """The terms of a price, in the invoice's currency, as of a version of its stream."""

    terms: PriceTerms
    version: int


class Worth(NamedTuple):
    """What a line comes to: the quantity billed, the amount in minor units, and how it came."""

    quantity: Decimal
    amount: int
    steps: tuple[RatedStep, ...] = ()


_LEADING: Final = {"minimum", "maximum", "proration", "rounding"}
"""Models of steps that lead from one amount to another."""

UsageOf = Callable[[DraftLine], Usage]
Engine = Callable[[DraftLine, PriceTerms, Decimal], Worth]


def _worth_v1(line: DraftLine, terms: PriceTerms, quantity: Decimal) -> Worth:
    rated = rate(terms, quantity)
    if line.prorated_of is None:
        return Worth(rated.quantity, rated.amount)
    share = prorate(rated.exact, line.period, line.prorated_of)
    return Worth(rated.quantity, round_half_away(share))


def _worth_v2(line: DraftLine, terms: PriceTerms, quantity: Decimal) -> Worth:
    """With steps, part periods of metered prices, and amounts that are given back."""
    rated = rate(terms, quantity, line.period, line.prorated_of)
    worth = Worth(rated.quantity, rated.amount, stored_steps(rated))
    return _given_back(worth) if line.credit else worth


def _given_back(worth: Worth) -> Worth:
    """The amount and its steps with the opposite sign, so that they still add up."""
    return worth._replace(amount=-worth.amount, steps=tuple(map(_reversed, worth.steps)))


def _reversed(step: RatedStep) -> RatedStep:
    """The step with amounts of the opposite sign; the bounds of a tier are quantities and stay."""
    amounts = {"unit_amount", "flat_amount", "amount"}
    if step.model in _LEADING:
        amounts |= {"above", "up_to"}
    texts = {name: getattr(step, name) for name in amounts}
    return step.model_copy(
        update={
            name: None if text is None else decimal_text(-Decimal(text))
            for name, text in texts.items()
        }
    )


ENGINES: Final[Mapping[int, Engine]] = {1: _worth_v1, 2: _worth_v2}
"""Every engine that a finalized invoice may name. Released ones are never changed or removed."""


def rate_lines(
    draft: InvoiceDrafted,
    prices: Mapping[str, Priced],
    usage_of: UsageOf,
    engine_version: int = RATING_ENGINE_VERSION,
) -> tuple[FinalLine, ...]:
    """The lines with their quantities and amounts, in the draft's order, without taxes.

    A first invoice leaves out metered lines that come to nothing; a line that only names an item
    gives way to one that bills it. Raises InvalidRequest for an amount beyond 64 bits.
    """
    engine = ENGINES[engine_version]
    rated = {
        line.id: rate_line(line, draft.currency, prices, usage_of, engine) for line in draft.lines
    }
    if draft.billing_reason == "subscription_create":
        kept = _without_nothings(draft.lines, rated)
        return tuple(rated[line.id] for line in kept)
    return tuple(rated.values())


def rate_line(
    line: DraftLine,
    currency: str,
    prices: Mapping[str, Priced],
    usage_of: UsageOf,
    engine: Engine,
) -> FinalLine:
    """One line with its quantity and amount. Raises InvalidRequest for an amount beyond 64 bits."""
    usage = usage_of(line) if line.kind == "metered" else None
    price = None if line.price is None else prices[line.price]
    worth = _worth(line, currency, price, usage, engine)
    return FinalLine(
        id=line.id,
        quantity=decimal_text(worth.quantity),
        amount=worth.amount,
        price=line.price,
        price_version=None if price is None else price.version,
        evidence=_evidence(usage),
        steps=worth.steps,
    )


def _worth(
    line: DraftLine, currency: str, price: Priced | None, usage: Usage | None, engine: Engine
) -> Worth:
    if line.kind == "opening":
        return Worth(ZERO, 0)
    if usage is not None and price is not None:
        return engine(line, price.terms, usage.quantity)
    quantity = Decimal(line.quantity or 0)
    if line.amount is not None:
        return Worth(quantity, check_amount(line.amount))
    terms = _own_terms(line, currency) if price is None else price.terms
    return engine(line, terms, quantity)


def _own_terms(line: DraftLine, currency: str) -> PriceTerms:
    """The terms of a line that has a unit amount and no price."""
    if line.unit_amount_decimal is None:
        raise ValueError(f"line {line.id} has neither price nor amount")
    return PriceTerms(currency=currency, unit_amount_decimal=line.unit_amount_decimal)


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
