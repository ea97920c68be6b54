"""Which usage is to be summed up, and how it is divided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ledger.meter_events.aggregation import MeterDefinition

Grouping = Literal["hour", "day"]


@dataclass(frozen=True, slots=True)
class SummaryQuery:
    """Which usage to sum up. Times are aware.

    `filters` has texts that must stand under payload keys, all of them, `group_by` payload keys
    by whose texts the usage of a stretch is divided.
    """

    meter: MeterDefinition
    customer: str
    start: datetime
    end: datetime
    grouping: Grouping | None = None
    livemode: bool = False
    filters: Mapping[str, str] = field(default_factory=dict[str, str])
    group_by: tuple[str, ...] = ()
