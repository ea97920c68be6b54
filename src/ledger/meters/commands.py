"""What is asked of meters."""

from ledger.kernel.commands import Command
from ledger.meters.events import Formula, TimeWindow


class CreateMeter(Command):
    meter: str
    display_name: str
    event_name: str
    formula: Formula
    customer_key: str = "stripe_customer_id"
    value_key: str = "value"
    event_time_window: TimeWindow | None = None
    dimension_payload_keys: tuple[str, ...] = ()


class RenameMeter(Command):
    meter: str
    display_name: str | None


class DeactivateMeter(Command):
    meter: str


class ReactivateMeter(Command):
    meter: str
