"""From a record of a bulk request to the meter event that it reports.

Numbers are exact: none of them becomes a binary float.
"""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias

import msgspec

from ledger.kernel.clock import to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.kernel.quantities import decimal_text
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.validation import UsageReport

ReadRecord: TypeAlias = Callable[[bytes], UsageReport]
"""Reads one record. Raises InvalidRequest."""

_EPOCH: Final = re.compile(r"([0-9]{1,11})(?:\.([0-9]{1,6})0*)?")
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:[eE][+-]?[0-9]{1,2})?")
_TOO_LARGE: Final = 10**40
_SHOWN: Final = 40


class _Record(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    event_name: str
    identifier: str
    timestamp: Any
    payload: dict[str, Any]


class _CloudEvent(msgspec.Struct, gc=False):
    """The attributes of CloudEvents 1.0 that say something here; any others are left alone."""

    specversion: str
    id: str
    type: str
    time: str
    data: dict[str, Any]


class _Naming(msgspec.Struct):
    """What a record that is refused can still be told by."""

    identifier: Any = None
    id: Any = None
    event_name: Any = None
    type: Any = None


class _Number(str):
    """A JSON number that is no integer, as it was written."""

    __slots__ = ()


_records = msgspec.json.Decoder(_Record, float_hook=_Number)
_cloud_events = msgspec.json.Decoder(_CloudEvent, float_hook=_Number)
_namings = msgspec.json.Decoder(_Naming, float_hook=_Number)


def read_record(raw: bytes) -> UsageReport:
    """A record of our own: event_name, identifier, timestamp and payload, all of them needed."""
    record = _decoded(_records, raw)
    return UsageReport(
        record.event_name,
        record.identifier,
        _texts(record.payload),
        microseconds_of(record.timestamp),
    )


def read_cloud_event(raw: bytes) -> UsageReport:
    """A CloudEvent: its id is the identifier, its type the event name, its data the payload."""
    event = _decoded(_cloud_events, raw)
    if event.specversion != "1.0":
        raise InvalidRequest(
            f"CloudEvents of version 1.0 are read, not {event.specversion[:_SHOWN]}."
        )
    return UsageReport(event.type, event.id, _texts(event.data), microseconds_of(event.time))


def naming_of(raw: bytes) -> tuple[str | None, str | None]:
    """Identifier and event name of a record that cannot be read otherwise, where there are any."""
    try:
        found = _namings.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    named = found.identifier or found.id, found.event_name or found.type
    identifier, event_name = (text if isinstance(text, str) else None for text in named)
    return identifier, event_name


def microseconds_of(time: object) -> int:
    """Epoch microseconds of a time: epoch seconds, with up to 6 decimals, or RFC 3339.

    What is finer than a microsecond is cut off. Raises InvalidRequest.
    """
    if type(time) is int and 0 <= time < 10**11:
        return time * MICROSECONDS
    if isinstance(time, str):
        if seconds := _EPOCH.fullmatch(time):
            whole, decimals = seconds.groups()
            return int(whole) * MICROSECONDS + int((decimals or "").ljust(6, "0"))
        if _RFC_3339.fullmatch(time):
            try:
                return to_microseconds(datetime.fromisoformat(time.upper()))
            except (ValueError, OverflowError):
                pass
    shown = str(time)[:_SHOWN] if isinstance(time, int | str) else "something else"
    raise InvalidRequest(
        f"Invalid timestamp: it must be epoch seconds or RFC 3339. Received {shown}.",
        param="timestamp",
    )


def _decoded(decoder: msgspec.json.Decoder[Any], raw: bytes) -> Any:
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise InvalidRequest("Invalid record: it is nested too deep.") from None
    except UnicodeDecodeError:
        raise InvalidRequest("Invalid record: it is not valid UTF-8.") from None
    except msgspec.MsgspecError as error:
        raise InvalidRequest(f"Invalid record: {error}.") from None


def _texts(payload: dict[str, Any]) -> dict[str, str]:
    """The payload with numbers as their exact text."""
    for text in payload.values():
        if type(text) is not str:
            return {key: _text(key, value) for key, value in payload.items()}
    return payload


def _text(key: str, value: object) -> str:
    match value:
        case _Number() if _NUMBER.fullmatch(value):
            return decimal_text(Decimal(value)) if "e" in value.lower() else str(value)
        case str() if not isinstance(value, _Number):
            return value
        case int() if not isinstance(value, bool) and abs(value) < _TOO_LARGE:
            return str(value)
        case _:
            raise InvalidRequest(
                f"Invalid payload: {key[:100]} must be a text or a number.",
                param=f"payload[{key[:100]}]",
            )
