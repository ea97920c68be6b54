"""What became of one meter event: recorded, billed, cancelled, or refused and why."""

from datetime import UTC, datetime
from typing import Any

from api.services import Services
from ledger.kernel.clock import from_epoch, from_microseconds
from ledger.kernel.errors import NotFound
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import MeterEventCancelled, UsageRecord, UsageRecorded
from ledger.store.usage import UsageLog
from projections.invoices.usage_lines import UsageLine, lines_of_usage
from projections.late_usage.queries import adjustment_with
from projections.meter_events.rejections import UsageRejectionRow, rejections_of
from projections.meter_events.rows import CANCELLED_METER_EVENTS, series_of
from projections.meters.rows import METERS
from projections.runtime.log import Log
from projections.runtime.reader import Reader


def usage_document(services: Services, ledger_id: int, identifier: str) -> dict[str, Any]:
    """Everything known of an identifier, as JSON. Raises NotFound when nothing is."""
    reader, log = services.reader(ledger_id), services.log(ledger_id)
    rejections = [_rejection(row) for row in rejections_of(reader, identifier)]
    place = UsageLog(log.recorder, UsageRecorded.TOPIC).find(identifier)
    if place is not None:
        return _recorded(reader, log, *place) | {"rejections": rejections}
    if rejections:
        status = {"object": "usage_record", "identifier": identifier, "status": "rejected"}
        return status | {"rejections": rejections}
    raise NotFound("usage", identifier)


def _recorded(reader: Reader, log: Log, position: int, ordinal: int) -> dict[str, Any]:
    recorded = _event_at(log, position)
    if not isinstance(recorded.event, UsageRecorded):
        raise TypeError(f"the event at position {position} is no usage")
    record = recorded.event.records()[ordinal]
    place = series_of(record.meter, record.customer), record.timestamp, position, ordinal
    cancelled = reader.get(CANCELLED_METER_EVENTS, *place)
    meter = reader.require(METERS, "billing meter", record.meter)
    payload = {meter.customer_key: record.customer, **record.payload}
    if record.value is not None:
        payload[meter.value_key] = record.value
    second = record.timestamp // MICROSECONDS
    minute = from_epoch(second // 60 * 60)
    return {
        "object": "usage_record",
        "identifier": record.identifier,
        "status": "recorded" if cancelled is None else "cancelled",
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
        "cancelled": None if cancelled is None else _cancellation(log, cancelled.cancelled_at),
        "invoice_lines": _lines(reader, record, position, cancelled and cancelled.cancelled_at),
    }


def _lines(
    reader: Reader, record: UsageRecord, position: int, cancelled_at: int | None
) -> list[dict[str, Any]]:
    second = record.timestamp // MICROSECONDS
    found = lines_of_usage(reader, record.customer, record.meter, second)
    return [_line(reader, line, position, cancelled_at) for line in found]


def _line(
    reader: Reader, found: UsageLine, position: int, cancelled_at: int | None
) -> dict[str, Any]:
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
        "adjusted_by": _adjustment(reader, found, position) if late else None,
    }


def _adjustment(reader: Reader, found: UsageLine, position: int) -> dict[str, Any] | None:
    row = adjustment_with(reader, found.invoice.id, found.line.id, position)
    if row is None:
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
