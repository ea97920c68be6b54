"""Facts about meters."""

from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime

from ledger.kernel.events import DomainEvent

Formula = Literal["sum", "count", "last", "max", "min", "average", "unique_count"]
"""What is made of the meter events of a stretch of time. The first three are the hosted API's, the
others extensions (decision 18)."""

TimeWindow = Literal["day", "hour"]


class MeterCreated(DomainEvent):
    TOPIC: ClassVar[str] = "meter.created.v2"

    display_name: str
    event_name: str
    formula: Formula
    customer_key: str
    value_key: str
    event_time_window: TimeWindow | None
    dimension_payload_keys: tuple[str, ...]
    livemode: bool
    created: AwareDatetime


def created_without_dimensions(payload: dict[str, Any]) -> dict[str, Any]:
    """`meter.created.v1`, from before meters declared dimensions, as v2."""
    return {**payload, "dimension_payload_keys": []}


class MeterRenamed(DomainEvent):
    TOPIC: ClassVar[str] = "meter.renamed.v1"

    display_name: str
    renamed_at: AwareDatetime


class MeterDeactivated(DomainEvent):
    TOPIC: ClassVar[str] = "meter.deactivated.v1"

    deactivated_at: AwareDatetime


class MeterReactivated(DomainEvent):
    TOPIC: ClassVar[str] = "meter.reactivated.v1"

    reactivated_at: AwareDatetime


class EventNameClaimed(DomainEvent):
    """An event name belongs to one meter for ever. Its stream is named after the event name."""

    TOPIC: ClassVar[str] = "meter.event_name_claimed.v1"

    meter: str


EVENTS = (MeterCreated, MeterRenamed, MeterDeactivated, MeterReactivated, EventNameClaimed)
