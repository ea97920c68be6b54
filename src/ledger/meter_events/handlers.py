"""Commands on meter events that are recorded: load, decide, append."""

from datetime import timedelta
from typing import Final

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent, RecordedEvent
from ledger.meter_events.commands import (
    CancelMeterEvent,
    ChangeUsageRetention,
    ReportRejectedUsage,
)
from ledger.meter_events.events import (
    MeterEventCancelled,
    UsageRecord,
    UsageRecorded,
    UsageRejected,
)
from ledger.meter_events.retention import change_usage_retention
from ledger.meters import aggregate as meters
from ledger.store.usage import UsageLog
from ledger.store.work import Handlers, Work

CANCELLABLE_FOR: Final = timedelta(hours=24)
"""How long after it was received an event can be cancelled (contract §5), in system time."""

_PARAM: Final = "cancel[identifier]"


def cancel_meter_event(work: Work, command: CancelMeterEvent) -> None:
    """Raises InvalidRequest for an event that is unknown, of another name, received too long
    ago, or cancelled already."""
    usage = UsageLog(work.recorder, UsageRecorded.TOPIC)
    place = usage.find(command.identifier)
    if place is None:
        raise _unknown(command)
    position, ordinal = place
    received = work.mapper.to_domain_event(usage.at(position))
    record = _record(received, ordinal)
    meter = work.require(meters.evolve, record.meter, "billing meter")
    if command.event_name not in {None, meter.event_name}:
        raise _unknown(command)
    if not command.at_any_time and work.now - received.recorded_at > CANCELLABLE_FOR:
        raise InvalidRequest(
            f"The event with identifier {command.identifier} was received more than 24 hours ago "
            "and can no longer be cancelled.",
            param=_PARAM,
        )
    stream = cancellation_stream(position, ordinal)
    if work.load(_cancelled, stream):
        raise InvalidRequest(
            f"The event with identifier {command.identifier} is already cancelled.", param=_PARAM
        )
    work.append(stream, _cancellation(work, command, place, record, meter.event_name))


def cancellation_stream(position: int, ordinal: int) -> str:
    """The stream that holds the one cancellation of the meter event at this place."""
    return f"meter_event_cancellation:{position}/{ordinal}"


def _record(received: RecordedEvent, ordinal: int) -> UsageRecord:
    if not isinstance(received.event, UsageRecorded):
        raise TypeError(f"the event at position {received.position} is no usage")
    return received.event.records()[ordinal]


def _cancellation(
    work: Work,
    command: CancelMeterEvent,
    place: tuple[int, int],
    record: UsageRecord,
    event_name: str,
) -> MeterEventCancelled:
    return MeterEventCancelled(
        identifier=command.identifier,
        event_name=event_name,
        position=place[0],
        ordinal=place[1],
        meter=record.meter,
        customer=record.customer,
        timestamp=record.timestamp,
        reason=command.reason,
        at=work.now,
    )


def _unknown(command: CancelMeterEvent) -> InvalidRequest:
    named = f" with event name '{command.event_name}'" if command.event_name else ""
    return InvalidRequest(
        f"No such meter event: '{command.identifier}'{named}",
        param=_PARAM,
        code="resource_missing",
    )


def _cancelled(_: bool | None, __: DomainEvent) -> bool:
    return True


def report_rejected_usage(work: Work, command: ReportRejectedUsage) -> None:
    """Record what was refused."""
    rejected = UsageRejected(door=command.door, counts=command.counts, samples=command.samples)
    work.append(command.report, rejected)


HANDLERS: Handlers = {
    CancelMeterEvent: cancel_meter_event,
    ReportRejectedUsage: report_rejected_usage,
    ChangeUsageRetention: change_usage_retention,
}
