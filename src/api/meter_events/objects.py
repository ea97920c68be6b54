"""Meter events, adjustments and summaries as the wire shows them (contract §5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ledger.kernel.clock import from_microseconds, to_epoch
from ledger.kernel.ids import derived_id
from ledger.meter_events.events import MeterEventCancelled
from projections.meter_events.summaries import Summary, SummaryQuery


@dataclass(frozen=True, slots=True)
class RecordedMeterEvent:
    """A meter event with its payload as it was sent. `received` is the system's time."""

    event_name: str
    identifier: str
    payload: Mapping[str, str]
    timestamp: int
    received: datetime
    livemode: bool

    @property
    def moment(self) -> datetime:
        """The event's own time; `timestamp` is in epoch microseconds."""
        return from_microseconds(self.timestamp)


def meter_event_object(event: RecordedMeterEvent) -> dict[str, Any]:
    return {
        "object": "billing.meter_event",
        "created": to_epoch(event.received),
        "event_name": event.event_name,
        "identifier": event.identifier,
        "livemode": event.livemode,
        "payload": event.payload,
        "timestamp": to_epoch(event.moment),
    }


def meter_event_object_v2(event: RecordedMeterEvent) -> dict[str, Any]:
    return {
        "object": "v2.billing.meter_event",
        "created": rfc_3339(event.received),
        "event_name": event.event_name,
        "identifier": event.identifier,
        "livemode": event.livemode,
        "payload": event.payload,
        "timestamp": rfc_3339(event.moment),
    }


def adjustment_object(event_name: str, identifier: str, *, livemode: bool) -> dict[str, Any]:
    """A cancellation is in force when it is answered, so its status is `complete`."""
    return {
        "object": "billing.meter_event_adjustment",
        "cancel": {"identifier": identifier},
        "event_name": event_name,
        "livemode": livemode,
        "status": "complete",
        "type": "cancel",
    }


def adjustment_id(event: MeterEventCancelled, *, livemode: bool) -> str:
    """The id of a cancellation: the same for the same meter event, which has one."""
    prefix = "mtr_event_adj_live" if livemode else "mtr_event_adj_test"
    return derived_id(prefix, event.position, event.ordinal)


def summary_object(summary: Summary, query: SummaryQuery) -> dict[str, Any]:
    """`aggregated_value` becomes a JSON number, written from the exact decimal. `dimensions`,
    an extension, is there where usage is grouped by payload keys."""
    dimensions = {"dimensions": dict(summary.dimensions)} if query.group_by else {}
    return {
        "id": summary.id,
        "object": "billing.meter_event_summary",
        "aggregated_value": summary.aggregated_value,
        **dimensions,
        "end_time": summary.end_time,
        "livemode": query.livemode,
        "meter": query.meter.id,
        "start_time": summary.start_time,
    }


def rfc_3339(moment: datetime) -> str:
    """UTC with milliseconds, as v2 writes times."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
