"""What became of one meter event: recorded, billed, cancelled, or refused and why."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from api.http.call import View
from ledger.kernel.clock import from_epoch, from_microseconds
from ledger.kernel.errors import NotFound, NotYet
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import MeterEventCancelled, UsageRecord, UsageRecorded
from ledger.store.usage import UsageLog
from projections.invoices.usage_lines import UsageLine, lines_of_usage, past_lines_of_usage
from projections.late_usage.queries import adjustment_with
from projections.meter_events.rejections import UsageRejectionRow, rejections_of
from projections.meter_events.rows import CANCELLED_METER_EVENTS, series_of
from projections.meters.rows import METERS
from projections.runtime.log import Log


def usage_document(view: View, identifier: str) -> dict[str, Any]:
    """Everything known of an identifier, as JSON, now or as of the view's moment.

    Raises NotFound when nothing is.
    """
    log = view.services.log(view.identity.ledger_id)
    rejections = [_rejection(row) for row in rejections_of(view.reader(), identifier, view.through)]
    place = UsageLog(log.recorder, UsageRecorded.TOPIC).find(identifier)
    if place is not None and (view.through is None or place[0] <= view.through):
        return _recorded(view, log, *place) | {"rejections": rejections}
    if rejections:
        status = {"object": "usage_record", "identifier": identifier, "status": "rejected"}
        return status | {"rejections": rejections}
    if place is not None:
        raise NotYet("usage", identifier, view.position, place[0])
    raise NotFound("usage", identifier)


def _recorded(view: View, log: Log, position: int, ordinal: int) -> dict[str, Any]:
    recorded = _event_at(log, position)
    if not isinstance(recorded.event, UsageRecorded):
        raise TypeError(f"the event at position {position} is no usage")
    record = recorded.event.records()[ordinal]
    place = series_of(record.meter, record.customer), record.timestamp, position, ordinal
    cancelled_at = _cancelled_at(view, place)
    meter = view.rows.require(METERS, "billing meter", record.meter)
    payload = {meter.customer_key: record.customer, **record.payload}
    if record.value is not None:
        payload[meter.value_key] = record.value
    second = record.timestamp // MICROSECONDS
    minute = from_epoch(second // 60 * 60)
    return {
        "object": "usage_record",
        "identifier": record.identifier,
        "status": "recorded" if cancelled_at is None else "cancelled",
        "event_name": meter.event_name,
        "meter": record.meter,
        "customer": record.customer,
        "payload": payload,
        "event_time": written(from_microseconds(record.timestamp)),
        "received": written(recorded.recorded_at),
        "bucket": written(minute),
        "position": position,
        "ordinal": ordinal,
        "request": recorded.metadata.request_id,
        "backfill": recorded.event.backfill,
        "cancelled": None if cancelled_at is None else _cancellation(log, cancelled_at),
        "invoice_lines": _lines(view, record, position, cancelled_at),
    }


def _cancelled_at(view: View, place: tuple[UUID, int, int, int]) -> int | None:
    row = view.reader().get(CANCELLED_METER_EVENTS, *place)
    if row is None or (view.through is not None and row.cancelled_at > view.through):
        return None
    return row.cancelled_at


def _lines(
    view: View, record: UsageRecord, position: int, cancelled_at: int | None
) -> list[dict[str, Any]]:
    second, reader = record.timestamp // MICROSECONDS, view.reader()
    if view.through is None:
        found = lines_of_usage(reader, record.customer, record.meter, second)
    else:
        found = past_lines_of_usage(
            reader, view.rows, record.customer, record.meter, second, view.through
        )
    return [_line(view, line, position, cancelled_at) for line in found]


def _line(view: View, found: UsageLine, position: int, cancelled_at: int | None) -> dict[str, Any]:
    """`included` says whether the line was rated over the event: not if it came too late, when
    `adjusted_by` is what was made of it, once it was."""
    through = found.invoice.through_position
    late = through is not None and position > through
    gone = cancelled_at is not None and (through is None or cancelled_at <= through)
    return {
        "invoice": found.invoice.id,
        "invoice_number": found.invoice.number,
        "line": found.line.id,
        "line_quantity": found.line.quantity,
        "line_amount": found.line.amount,
        "currency": found.invoice.currency,
        "price": found.line.price,
        "price_version": found.line.price_version,
        "invoice_status": found.invoice.status,
        "included": not late and not gone,
        "reason": "recorded_after_finalization" if late else "cancelled" if gone else None,
        "adjusted_by": _adjustment(view, found, position) if late else None,
    }


def _adjustment(view: View, found: UsageLine, position: int) -> dict[str, Any] | None:
    row = adjustment_with(view.reader(), found.invoice.id, found.line.id, position)
    if row is None or (view.through is not None and row.sequence > view.through):
        return None
    told = ("id", "outcome", "reason", "amount", "currency", "invoice_item", "document")
    return {name: getattr(row, name) for name in told}


def _cancellation(log: Log, position: int) -> dict[str, Any]:
    recorded = _event_at(log, position)
    if not isinstance(recorded.event, MeterEventCancelled):
        raise TypeError(f"the event at position {position} is no cancellation")
    return {
        "position": position,
        "at": written(recorded.event.at),
        "reason": recorded.event.reason,
        "by": recorded.metadata.actor,
    }


def _rejection(row: UsageRejectionRow) -> dict[str, Any]:
    return {
        "code": row.code,
        "reason": row.reason,
        "event_name": row.event_name,
        "line": row.line,
        "door": row.door,
        "received": written(from_epoch(row.rejected_at)),
        "position": row.position,
        "request": row.request_id,
    }


def _event_at(log: Log, position: int) -> RecordedEvent:
    [recorded] = log.page(position - 1, 1)
    return recorded


def written(moment: datetime) -> str:
    """A time in UTC by RFC 3339, as the audit routes write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
