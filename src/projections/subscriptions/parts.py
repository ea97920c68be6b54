"""Parts of a subscription's facts as its row holds them."""

from collections.abc import Iterable

import msgspec

from ledger.kernel.clock import to_epoch
from ledger.subscriptions.parts import (
    AnchorConfig,
    CancellationDetails,
    CurrentPeriod,
    PauseCollection,
    Rhythm,
    SubscriptionItem,
    Thresholds,
)
from projections.subscriptions.rows import (
    AnchorPart,
    CancellationPart,
    ItemPart,
    PausePart,
    PeriodPart,
    SubscriptionRow,
    ThresholdsPart,
)


def item_part(item: SubscriptionItem) -> ItemPart:
    return ItemPart(
        id=item.id,
        created=to_epoch(item.created),
        price=item.price,
        product=item.product,
        meter=item.meter,
        quantity=item.quantity,
        interval=item.interval,
        interval_count=item.interval_count,
        since=to_epoch(item.since),
        metadata=item.metadata,
        tax_rates=item.tax_rates,
        discounts=tuple(discount.id for discount in item.discounts),
        usage_gte=item.usage_gte,
    )


def item_parts(items: Iterable[SubscriptionItem]) -> tuple[ItemPart, ...]:
    return tuple(item_part(item) for item in items)


def periods_of(
    periods: Iterable[CurrentPeriod], rhythm: Rhythm | None = None
) -> tuple[PeriodPart, ...]:
    """The periods of facts; `rhythm` is that of a fact from when all items had one."""
    parts: list[PeriodPart] = []
    for one in periods:
        interval, count = one.interval, one.interval_count
        if rhythm is not None and (interval is None or count is None):
            interval, count = rhythm
        if interval is not None and count is not None:
            start, end = to_epoch(one.period.start), to_epoch(one.period.end)
            parts.append(PeriodPart(interval, count, start, end))
    return tuple(parts)


def with_periods(row: SubscriptionRow, periods: tuple[PeriodPart, ...]) -> SubscriptionRow:
    """The row in these periods, with what follows from them and from what waits."""
    first = min(periods, key=lambda period: period.end)
    oldest = min(period.start for period in periods)
    unbilled = oldest if row.waiting_since is None else min(oldest, row.waiting_since)
    return msgspec.structs.replace(
        row,
        periods=periods,
        current_period_start=first.start,
        current_period_end=first.end,
        unbilled_since=unbilled,
    )


def since(items: Iterable[ItemPart], moment: int) -> tuple[ItemPart, ...]:
    """The items with usage that counts from a moment on."""
    return tuple(
        msgspec.structs.replace(item, since=moment) if item.meter is not None else item
        for item in items
    )


def anchor_part(config: AnchorConfig | None) -> AnchorPart | None:
    return None if config is None else AnchorPart(**config.model_dump())


def thresholds_part(thresholds: Thresholds | None) -> ThresholdsPart | None:
    return None if thresholds is None else ThresholdsPart(**thresholds.model_dump())


def pause_part(pause: PauseCollection | None) -> PausePart | None:
    if pause is None:
        return None
    resumes_at = None if pause.resumes_at is None else to_epoch(pause.resumes_at)
    return PausePart(pause.behavior, resumes_at)


def cancellation_part(details: CancellationDetails) -> CancellationPart:
    return CancellationPart(details.comment, details.feedback, details.reason)
