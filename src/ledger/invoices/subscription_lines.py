"""The lines of a subscription's invoices: usage in arrears, licensed items in advance.

Pure functions of the subscription, and of the invoices that billed its usage early, as they stood.
Ids follow from what is billed, so that nothing can be billed twice. Rules: contract §8 and decision
record 21.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple

from ledger.coupons.discounts import Discount, discounts_in_force
from ledger.invoices import aggregate as invoices
from ledger.invoices.events import DraftLine
from ledger.kernel.ids import derived_id
from ledger.kernel.periods import Period
from ledger.store.work import Work
from ledger.subscriptions.aggregate import Subscription
from ledger.subscriptions.cycle import open_part, past_periods, whole_period
from ledger.subscriptions.parts import (
    BilledEarly,
    Charged,
    CurrentPeriod,
    Segment,
    SubscriptionItem,
    cut,
)
from ledger.subscriptions.state import charge_ahead

SHARES_OF_STUBS: Final = 2
"""The version of the drafting rules from which usage of a stub names its whole period."""


class Sheet(NamedTuple):
    """The invoice that lines are drafted for, and what they are drafted from."""

    work: Work
    invoice_id: str
    subscription: Subscription
    created: datetime

    def discounts(self, discounts: Iterable[Discount]) -> tuple[Discount, ...]:
        """Those of them that the invoice still takes."""
        return discounts_in_force(discounts, self.created, self.subscription.spent)


def start_lines(sheet: Sheet) -> Iterator[DraftLine]:
    """Licensed items from the start on, and usage of the periods behind it.

    On a classic invoice every metered item is named, and on trial every item.
    """
    subscription = sheet.subscription
    classic = subscription.billing_mode == "classic"
    trialing = subscription.status == "trialing"
    for item in subscription.items:
        past = past_periods(subscription, item)
        current = subscription.period_of(item)
        if item.is_metered:
            for period in past:
                yield from usage_lines(sheet, _segment(subscription, item, period), whole=True)
        elif not trialing:
            for period in (*past, current):
                charged = charge_ahead(subscription, item, period)
                if charged is not None:
                    yield licensed_line(sheet, item, charged)
        if classic and (item.is_metered or trialing):
            yield _opening_line(sheet, item, cut(current, subscription.cancel_at))


def period_lines(
    sheet: Sheet, ended: Iterable[CurrentPeriod], begun: Iterable[CurrentPeriod]
) -> Iterator[DraftLine]:
    """The end of periods: their usage, and licensed items for those that follow.

    Every metered item is listed, also without usage; on trial and while paused none is.
    """
    subscription = sheet.subscription
    ends = {(one.interval, one.interval_count): one.period for one in ended}
    begins = {(one.interval, one.interval_count): one.period for one in begun}
    for item in subscription.items:
        yield from _waiting_usage(sheet, item.id)
        period, following = ends.get(item.rhythm), begins.get(item.rhythm)
        if item.is_metered and period is not None and subscription.status == "active":
            part = open_part(item, period)
            if part.length:
                whole = item.since <= period.start
                yield from usage_lines(sheet, _segment(subscription, item, part), whole=whole)
        elif following is not None:
            charged = charge_ahead(subscription, item, following)
            if charged is not None:
                yield licensed_line(sheet, item, charged)
    yield from _usage_of_removed(sheet)


def waiting_lines(sheet: Sheet) -> Iterator[DraftLine]:
    """What waits for the next invoice between periods: ended stretches of usage, and charges for
    periods that began out of turn."""
    subscription = sheet.subscription
    for item in subscription.items:
        yield from _waiting_usage(sheet, item.id)
        for charged in subscription.advances:
            if charged.item == item.id:
                yield licensed_line(sheet, item, charged)
    yield from _usage_of_removed(sheet)


def open_usage_lines(sheet: Sheet) -> Iterator[DraftLine]:
    """Usage so far of the running periods that began before the invoice."""
    for _, segment in open_usage(sheet.subscription, sheet.created):
        yield from usage_lines(sheet, segment, whole=False)


def open_usage(
    subscription: Subscription, created: datetime
) -> Iterator[tuple[SubscriptionItem, Segment]]:
    """Each metered item with the whole of its running period at its present price, unless its
    usage up to now waits in a segment that was ended for this invoice."""
    if subscription.status != "active":
        return
    ended = {part.item for part in subscription.segments if part.period.end == created}
    for item in subscription.items:
        part = open_part(item, cut(subscription.period_of(item), subscription.cancel_at))
        if item.is_metered and part.length and item.id not in ended:
            yield item, _segment(subscription, item, part)


def usage_lines(sheet: Sheet, segment: Segment, *, whole: bool) -> Iterator[DraftLine]:
    """The usage of a stretch, rated on its own, less what was billed of it before.

    The line says of which period it is a part; by older rules only where a change cut it, not
    where it is the `whole` that a period had.
    """
    part, of = segment.period, segment.whole
    names_whole = not whole or sheet.subscription.started.drafting >= SHARES_OF_STUBS
    yield DraftLine(
        id=usage_line_id(sheet.invoice_id, segment.item, part),
        kind="metered",
        subscription_item=segment.item,
        price=segment.price,
        product=segment.product,
        meter=segment.meter,
        period=part,
        prorated_of=of if part != of and names_whole else None,
        tax_rates=segment.tax_rates,
        discounts=sheet.discounts(segment.discounts),
    )
    for early in sheet.subscription.billed_early:
        if segment.covers(early.item, early.period):
            yield from _given_back(sheet, segment, early)


def licensed_line(sheet: Sheet, item: SubscriptionItem, charged: Charged) -> DraftLine:
    """A quantity in advance: in full, or a share of its whole period."""
    part = charged.period
    return DraftLine(
        id=_line_id(sheet, item.id, "licensed", part),
        kind="licensed",
        subscription_item=item.id,
        price=charged.price,
        product=charged.product,
        period=part,
        quantity=str(charged.quantity),
        prorated_of=None if part == charged.whole else charged.whole,
        tax_rates=item.tax_rates,
        discounts=sheet.discounts(item.discounts),
    )


def _given_back(sheet: Sheet, segment: Segment, early: BilledEarly) -> Iterator[DraftLine]:
    """What a threshold invoice billed of a stretch, unless it was voided."""
    invoice = sheet.work.require(invoices.evolve, early.invoice, "invoice")
    if invoice.final is None or invoice.status == "void":
        return
    amount = sum(line.amount for line in invoice.final.lines if line.id in early.lines)
    if amount:
        yield DraftLine(
            id=given_back_id(sheet.invoice_id, segment.item, early.invoice),
            kind="invoice_item",
            subscription_item=segment.item,
            price=segment.price,
            product=segment.product,
            period=early.period,
            amount=-amount,
            description=f"Usage billed before, on invoice {invoice.final.number}",
            tax_rates=segment.tax_rates,
            discounts=sheet.discounts(segment.discounts),
        )


def _opening_line(sheet: Sheet, item: SubscriptionItem, period: Period) -> DraftLine:
    return DraftLine(
        id=_line_id(sheet, item.id, "opening", period),
        kind="opening",
        subscription_item=item.id,
        price=item.price,
        product=item.product,
        meter=item.meter,
        period=period,
        tax_rates=item.tax_rates,
    )


def _waiting_usage(sheet: Sheet, item_id: str) -> Iterator[DraftLine]:
    for segment in sheet.subscription.segments:
        if segment.item == item_id:
            yield from usage_lines(sheet, segment, whole=False)


def _usage_of_removed(sheet: Sheet) -> Iterator[DraftLine]:
    items = {item.id for item in sheet.subscription.items}
    for segment in sheet.subscription.segments:
        if segment.item not in items:
            yield from usage_lines(sheet, segment, whole=False)


def _segment(subscription: Subscription, item: SubscriptionItem, part: Period) -> Segment:
    return Segment(
        item=item.id,
        price=item.price,
        product=item.product,
        meter=item.meter or "",
        period=part,
        whole=whole_period(subscription, item, part),
        tax_rates=item.tax_rates,
        discounts=item.discounts,
    )


def usage_line_id(invoice_id: str, item_id: str, period: Period) -> str:
    """The id of the line that bills an item's usage of a period."""
    return _derived(invoice_id, item_id, "metered", period)


def given_back_id(invoice_id: str, item_id: str, early: str) -> str:
    """The id of the line that gives back what the invoice `early` billed of an item's usage."""
    return derived_id("il", invoice_id, item_id, "given_back", early)


def _line_id(sheet: Sheet, item_id: str, kind: str, period: Period) -> str:
    return _derived(sheet.invoice_id, item_id, kind, period)


def _derived(invoice_id: str, item_id: str, kind: str, period: Period) -> str:
    start, end = period.start.isoformat(), period.end.isoformat()
    return derived_id("il", invoice_id, item_id, kind, start, end)
