"""Whether a meter event may be recorded, and as which record (contract §5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

import msgspec

from ledger.kernel.clock import to_microseconds
from ledger.kernel.commands import IdempotencyClaim
from ledger.kernel.errors import InvalidRequest, NotFound
from ledger.kernel.events import Cause
from ledger.kernel.quantities import usage_value_text
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.directory import Directory, NamedMeter
from ledger.meter_events.events import UsageRecord
from ledger.meters.aggregate import Meter
from ledger.store.outcomes import SealedAnswer

LONGEST_EVENT_NAME: Final = 100
LONGEST_IDENTIFIER: Final = 100
MOST_PAYLOAD_KEYS: Final = 50
LONGEST_PAYLOAD_KEY: Final = 100
LONGEST_PAYLOAD_VALUE: Final = 500

PAST: Final = timedelta(days=35)
FUTURE: Final = timedelta(minutes=5)

_END_OF_TIME: Final = to_microseconds(datetime(9999, 12, 31, tzinfo=UTC))


Answering: TypeAlias = Callable[[UsageRecord, datetime], SealedAnswer | None]
"""Renders the answer to a request from its record and the time at which it is recorded."""


class UsageReport(msgspec.Struct, frozen=True, gc=False):
    """A meter event as it was reported. `timestamp` is in epoch microseconds, None for now.

    `cause` is the request that reported it, where others are recorded with it. `answer` is called
    before the commit, again when it has to be tried again; what it gives is kept with the claim.
    """

    event_name: str
    identifier: str
    payload: Mapping[str, str]
    timestamp: int | None = None
    claim: IdempotencyClaim | None = None
    cause: Cause | None = None
    answer: Answering | None = None


class Window(NamedTuple):
    """The present of a customer, and the timestamps accepted then, in epoch microseconds."""

    now: int
    earliest: int
    latest: int

    @classmethod
    def at(cls, now: datetime) -> "Window":
        return cls(to_microseconds(now), to_microseconds(now - PAST), to_microseconds(now + FUTURE))


@dataclass(slots=True)
class Validation:
    """Validates reports that came at one time, at a position of the catalogue or a later one.

    `backfill` is the reason to take any timestamp.
    """

    directory: Directory
    now: datetime
    position: int
    backfill: str | None = None
    _windows: dict[datetime | None, Window] = field(default_factory=dict["datetime | None", Window])
    _meters: dict[str, NamedMeter] = field(default_factory=dict[str, NamedMeter])
    _checked_keys: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])

    def record_of(self, report: UsageReport) -> UsageRecord:
        """The record of a report, whenever it happened. Raises InvalidRequest or NotFound, naming
        the field."""
        named = self._meters.get(report.event_name) or self._look_up(report.event_name)
        self._check_text(report)
        meter, payload = named.meter, report.payload
        customer = self._customer(meter, payload)
        value = _value(meter, payload)
        # The texts that are counted are no numbers: they stay where they came.
        counts_texts = meter.formula == "unique_count"
        apart = (meter.customer_key, meter.customer_key if counts_texts else meter.value_key)
        timestamp = report.timestamp
        if timestamp is None:
            timestamp = self._window(customer).now
        elif not 0 <= timestamp < _END_OF_TIME:
            raise _outside(self._window(customer), timestamp)
        others = {key: text for key, text in payload.items() if key not in apart}
        return UsageRecord(report.identifier, named.id, customer, timestamp, value, others)

    def _look_up(self, event_name: str) -> NamedMeter:
        named = self.directory.active_meter(event_name)
        if named is None:
            raise no_active_meter(event_name, archived=self.directory.has_meter(event_name))
        self._meters[event_name] = named
        return named

    def _check_text(self, report: UsageReport) -> None:
        if not 0 < len(report.identifier) <= LONGEST_IDENTIFIER:
            raise InvalidRequest(
                f"Invalid identifier: it must have 1 to {LONGEST_IDENTIFIER} characters.",
                param="identifier",
            )
        # Most reports have the same keys.
        keys = tuple(report.payload)
        if keys not in self._checked_keys:
            _check_keys(keys)
            self._checked_keys.add(keys)

    def _customer(self, meter: Meter, payload: Mapping[str, str]) -> str:
        key = meter.customer_key
        customer = payload.get(key)
        if not customer:
            raise InvalidRequest(
                f"Customer mapping key {key} not found in payload.",
                param=f"payload[{key}]",
                code="parameter_missing",
                reported_as="meter_event_no_customer_defined",
            )
        if not self.directory.has_customer(customer):
            _check_lengths(payload)
            raise NotFound(
                "customer",
                customer,
                param=f"payload[{key}]",
                reported_as="meter_event_customer_not_found",
            )
        return customer

    def outside_window(self, record: UsageRecord) -> InvalidRequest | None:
        """The refusal of a record whose time its customer's clock does not allow."""
        window = self._window(record.customer)
        if self.backfill is not None or window.earliest <= record.timestamp <= window.latest:
            return None
        return _outside(window, record.timestamp)

    def _window(self, customer: str) -> Window:
        time = self.directory.time_of(customer)
        window = self._windows.get(time)
        if window is None:
            window = self._windows[time] = Window.at(time or self.now)
        return window


def no_active_meter(event_name: str, *, archived: bool = False) -> InvalidRequest:
    """The refusal of an event that no active meter takes; `archived` if an inactive one would."""
    shown = event_name[: LONGEST_EVENT_NAME + 1]
    return InvalidRequest(
        f"Invalid event_name: {shown}. No active meter found with this event name.",
        param="event_name",
        reported_as="archived_meter" if archived else "no_meter",
    )


def identifier_taken(identifier: str) -> InvalidRequest:
    """The refusal of an identifier that was recorded before, whatever its content."""
    return InvalidRequest(
        f"An event already exists with identifier {identifier}.",
        param="identifier",
        code="duplicate_meter_event",
    )


def _check_keys(keys: tuple[str, ...]) -> None:
    if len(keys) > MOST_PAYLOAD_KEYS:
        raise InvalidRequest(
            f"The event payload can have at most {MOST_PAYLOAD_KEYS} keys.", param="payload"
        )
    for key in keys:
        if not 0 < len(key) <= LONGEST_PAYLOAD_KEY:
            raise InvalidRequest(
                f"A key of the event payload must have 1 to {LONGEST_PAYLOAD_KEY} characters.",
                param="payload",
            )


def _check_lengths(payload: Mapping[str, str]) -> None:
    for key, text in payload.items():
        if len(text) > LONGEST_PAYLOAD_VALUE:
            raise InvalidRequest(
                f"A text in the event payload can have at most {LONGEST_PAYLOAD_VALUE} characters.",
                param=f"payload[{key}]",
            )


def check_encoded(record: UsageRecord, raw: bytes) -> None:
    """Refuse texts that are too long, and NUL, which no database text can hold. Looks closer only
    where the record's bytes allow for either."""
    if len(raw) > LONGEST_PAYLOAD_VALUE:
        _check_lengths(record.payload)
    if b"\\u0000" not in raw:
        return
    texts = (record.identifier, *record.payload, *record.payload.values())
    if any("\0" in text for text in texts):
        raise InvalidRequest("The event contains a NUL character.", param="payload")


def _value(meter: Meter, payload: Mapping[str, str]) -> str | None:
    """The canonical value; only events of a `count` meter may lack one (a decision).

    None also for `unique_count`, which counts texts.
    """
    key = meter.value_key
    text = payload.get(key)
    if text is None:
        if meter.formula == "count":
            return None
        raise InvalidRequest(
            f"Value key {key} not found in payload.",
            param=f"payload[{key}]",
            code="parameter_missing",
            reported_as="meter_event_value_not_found",
        )
    if meter.formula == "unique_count":
        return None
    return usage_value_text(text, param=f"payload[{key}]")


def _outside(window: Window, given: int) -> InvalidRequest:
    if given < window.earliest:
        code = "timestamp_too_far_in_past"
        rule = (
            f"it must be within the past {PAST.days} calendar days, "
            f"at or after {_second(window.earliest)}"
        )
    else:
        code = "timestamp_in_future"
        rule = (
            f"it can be at most {FUTURE // timedelta(minutes=1)} minutes in the future, "
            f"at or before {_second(window.latest)}"
        )
    return InvalidRequest(
        f"Invalid timestamp: {rule} (epoch seconds). Received {given // MICROSECONDS}.",
        param="timestamp",
        reported_as=code,
    )


def _second(moment: int) -> int:
    return moment // MICROSECONDS
