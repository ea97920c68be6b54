"""Usage that is never billed, and why: dropped, only reported, or of no subscription."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from api.http.as_of import AsOfParams
from api.http.call import Call, View, bounds, known_by
from api.http.lists import list_object
from api.invoices.live import work_of
from api.late_usage.filters import require_known
from api.late_usage.params import NotBilledList
from ledger.customers.handlers import require_customer
from ledger.kernel.clock import EPOCH, from_epoch, from_microseconds, to_epoch
from ledger.kernel.periods import Period
from ledger.kernel.quantities import EXACT, decimal_text
from ledger.meter_events.usage import Asked, UsageReader
from ledger.store.work import Work
from ledger.subscriptions.cycle import open_segment
from ledger.subscriptions.handlers import require_subscription
from projections.customers.rows import CUSTOMERS
from projections.late_usage.rows import LATE_USAGE, NOT_BILLED, NotBilledRow
from projections.meter_events.billed_lines import BILLED_LINES
from projections.meter_events.rows import series_of
from projections.meter_events.usage import LiveUsageReader, SqlUsageReader
from projections.meters.rows import METERS, MeterRow

_NEVER = from_epoch(253_370_764_800)
"""The year 9999."""


def not_billed_page(call: Call[NotBilledList]) -> dict[str, Any]:
    """A page of stretches that are not billed, with what was used in each."""
    asked, view = call.params, call.view()
    require_known(view, customer=asked.customer, subscription=asked.subscription)
    where = {
        "customer": asked.customer,
        "subscription": asked.subscription,
        "reason": asked.reason,
    }
    rows, more = view.reader().page(
        NOT_BILLED, asked, where, bounds(asked.created), sequence=known_by(view)
    )
    return list_object(call.url, list(stretches(view, rows)), has_more=more)


def without_subscription(call: Call[AsOfParams]) -> dict[str, Any]:
    """What a customer used of each meter while no subscription of theirs had a price for it."""
    view, customer = call.view(), call.path["customer"]
    view.rows.require(CUSTOMERS, "customer", customer)
    work = work_of(view)
    require_customer(work, customer)
    running, usages = _running(work, customer), _usage_reader(view)
    found: list[dict[str, Any]] = []
    for meter in _meters(view):
        covered = [*running[meter.id], *_billed(view, meter.id, customer)]
        asked = [Asked(meter.definition(), gap.start, gap.end) for gap in _gaps(covered)]
        used = usages.usages(customer, asked, view.position).usages
        found += [
            _unsubscribed(meter, customer, one, usage.quantity, usage.meter_events)
            for one, usage in zip(asked, used, strict=True)
            if usage.meter_events
        ]
    return list_object(call.url, found, has_more=False)


def stretches(view: View, rows: Sequence[NotBilledRow]) -> Iterator[dict[str, Any]]:
    """Stretches that are not billed as JSON, with what was used in each as the view has it.

    Of late usage, `quantity` is only by how much the line's quantity changed, the rest of which
    was billed; its meter events are told by the line (`/lines/{line}/meter_events`).
    """
    usages = _usage_reader(view)
    late = view.reader().many(LATE_USAGE, [row.late_usage for row in rows if row.late_usage])
    for row in rows:
        adjusted = late.get(row.late_usage or "")
        if adjusted is None:
            quantity, meter_events = _used(view, usages, row)
        else:
            after, before = Decimal(adjusted.quantity_after), Decimal(adjusted.quantity_before)
            quantity, meter_events = EXACT.subtract(after, before), None
        yield {
            "id": row.id,
            "object": "usage_not_billed",
            "amount": row.amount,
            "created": row.created,
            "currency": row.currency,
            "customer": row.customer,
            "invoice": row.invoice,
            "late_usage": row.late_usage,
            "meter": row.meter,
            "meter_events": meter_events,
            "period": {"start": row.period_start, "end": row.period_end},
            "price": row.price,
            "quantity": decimal_text(quantity),
            "reason": row.reason,
            "subscription": row.subscription,
            "subscription_item": row.subscription_item,
        }


def _used(view: View, usages: UsageReader, row: NotBilledRow) -> tuple[Decimal, int]:
    """Quantity and number of meter events of a stretch."""
    meter = view.rows.require(METERS, "billing meter", row.meter)
    start, end = from_epoch(row.period_start), from_epoch(row.period_end)
    asked = [Asked(meter.definition(), start, end)]
    [usage] = usages.usages(row.customer, asked, view.position).usages
    return usage.quantity, usage.meter_events


def _usage_reader(view: View) -> UsageReader:
    reader = view.reader()
    return LiveUsageReader(reader) if view.as_of is None else SqlUsageReader(reader)


def _unsubscribed(
    meter: MeterRow, customer: str, asked: Asked, quantity: Any, meter_events: int
) -> dict[str, Any]:
    """`period` bounds are null where it has none."""
    start = None if asked.start == EPOCH else to_epoch(asked.start)
    end = None if asked.end == _NEVER else to_epoch(asked.end)
    return {
        "object": "usage_without_subscription",
        "customer": customer,
        "meter": meter.id,
        "meter_events": meter_events,
        "period": {"start": start, "end": end},
        "quantity": decimal_text(quantity),
        "reason": "no_subscription",
    }


def _running(work: Work, customer_id: str) -> defaultdict[str, list[Period]]:
    """What running subscriptions have billed or will bill, by meter."""
    covered: defaultdict[str, list[Period]] = defaultdict(list)
    for subscription_id in require_customer(work, customer_id).subscriptions:
        subscription = require_subscription(work, subscription_id)
        if subscription.status == "canceled":
            continue
        for segment in subscription.segments:
            covered[segment.meter].append(segment.period)
        for item in subscription.items:
            segment = open_segment(subscription, item, _NEVER)
            if segment is not None:
                covered[segment.meter].append(Period(segment.period.start, _NEVER))
    return covered


def _meters(view: View) -> list[MeterRow]:
    created = "sequence <= %(position)s"
    return view.reader().fetch_rows(
        METERS,
        f"ledger_id = %(ledger_id)s AND {created} ORDER BY sequence",
        {"position": view.position},
    )


def _billed(view: View, meter: str, customer: str) -> Iterator[Period]:
    """What lines of invoices bill, and what was dropped for a reason of its own. Metered lines
    are never taken off an invoice, so that those drafted by then are all that there were."""
    reader, known = view.reader(), {"position": view.position}
    lines = reader.fetch_rows(
        BILLED_LINES,
        "ledger_id = %(ledger_id)s AND series = %(series)s AND since <= %(position)s",
        {"series": series_of(meter, customer), **known},
    )
    for line in lines:
        yield Period(from_microseconds(line.from_time), from_microseconds(line.to_time))
    dropped = reader.fetch_rows(
        NOT_BILLED,
        "ledger_id = %(ledger_id)s AND customer = %(customer)s AND sequence <= %(position)s",
        {"customer": customer, **known},
    )
    for row in dropped:
        if row.meter == meter:
            yield Period(from_epoch(row.period_start), from_epoch(row.period_end))


def _gaps(covered: Sequence[Period]) -> Iterator[Period]:
    """The time that none of the periods has."""
    reached = EPOCH
    for period in sorted(covered):
        if period.start > reached:
            yield Period(reached, period.start)
        reached = max(reached, period.end)
    if reached < _NEVER:
        yield Period(reached, _NEVER)
