"""A meter's state and the rules of its life. Only its name and status ever change."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.events import DomainEvent
from ledger.meters.events import (
    Formula,
    MeterCreated,
    MeterDeactivated,
    MeterReactivated,
    MeterRenamed,
    TimeWindow,
)

MeterStatus = Literal["active", "inactive"]


@dataclass(frozen=True, slots=True)
class Meter:
    display_name: str
    event_name: str
    formula: Formula
    customer_key: str
    value_key: str
    event_time_window: TimeWindow | None
    status: MeterStatus = "active"


def evolve(meter: Meter | None, event: DomainEvent) -> Meter:
    """The meter after a fact."""
    match event:
        case MeterCreated():
            return Meter(
                event.display_name,
                event.event_name,
                event.formula,
                event.customer_key,
                event.value_key,
                event.event_time_window,
            )
        case MeterRenamed():
            return replace(_known(meter), display_name=event.display_name)
        case MeterDeactivated():
            return replace(_known(meter), status="inactive")
        case MeterReactivated():
            return replace(_known(meter), status="active")
        case _:
            return _known(meter)


def _known(meter: Meter | None) -> Meter:
    if meter is None:
        raise ValueError("a meter's first event must be its creation")
    return meter


def deactivate(meter: Meter, now: datetime) -> MeterDeactivated:
    """Raises InvalidRequest when the meter is inactive already."""
    if meter.status == "inactive":
        raise InvalidRequest("This meter is already deactivated.")
    return MeterDeactivated(deactivated_at=now)


def reactivate(meter: Meter, now: datetime) -> MeterReactivated:
    """Raises InvalidRequest when the meter is active already."""
    if meter.status == "active":
        raise InvalidRequest("This meter is already active.")
    return MeterReactivated(reactivated_at=now)


def rename(meter: Meter, display_name: str | None, now: datetime) -> MeterRenamed | None:
    """None when the name stays as it is."""
    if display_name is None or display_name == meter.display_name:
        return None
    return MeterRenamed(display_name=display_name, renamed_at=now)


def name_is_taken(event_name: str) -> InvalidRequest:
    """The refusal of a second meter with the same event name (contract §5)."""
    return InvalidRequest(
        f"A meter with the event name '{event_name}' already exists.", param="event_name"
    )
