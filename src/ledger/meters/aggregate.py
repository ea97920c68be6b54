"""A meter's state and the rules of its life. Only its name and status ever change."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

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

MOST_DIMENSIONS: Final = 10
LONGEST_DIMENSION: Final = 100


@dataclass(frozen=True, slots=True)
class Meter:
    display_name: str
    event_name: str
    formula: Formula
    customer_key: str
    value_key: str
    event_time_window: TimeWindow | None
    status: MeterStatus = "active"
    dimension_payload_keys: tuple[str, ...] = ()


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
                dimension_payload_keys=event.dimension_payload_keys,
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


def check_dimensions(keys: Sequence[str], customer_key: str, value_key: str) -> None:
    """Raises InvalidRequest, naming the field, unless a meter may declare these payload keys."""
    if len(keys) > MOST_DIMENSIONS:
        raise InvalidRequest(
            f"A meter can have at most {MOST_DIMENSIONS} dimension payload keys.",
            param="dimension_payload_keys",
        )
    for place, key in enumerate(keys):
        param = f"dimension_payload_keys[{place}]"
        if not 0 < len(key) <= LONGEST_DIMENSION:
            raise InvalidRequest(
                f"A dimension payload key must have 1 to {LONGEST_DIMENSION} characters.",
                param=param,
            )
        if key in keys[:place]:
            raise InvalidRequest(f"The dimension payload key '{key}' is given twice.", param=param)
        if key in {customer_key, value_key}:
            holds = "customer" if key == customer_key else "value"
            raise InvalidRequest(
                f"'{key}' is the payload key of the {holds} and cannot be a dimension.",
                param=param,
            )


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
