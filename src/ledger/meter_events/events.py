"""What happened: usage was recorded or refused, or one meter event was cancelled.

How a record is written, and what a Merkle leaf over it commits to, is fixed for ever in
`docs/adr/0005-usage-record-encoding.md`.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import ClassVar, Final, Self, TypeAlias

import msgspec
from pydantic import AwareDatetime

from ledger.kernel.events import DomainEvent, Fact


class UsageRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One meter event as the log holds it: a JSON array of these fields in this order.

    `timestamp` is in epoch microseconds. `value` is canonical decimal text, None where the event
    of a `count` meter has none, and for a `unique_count` meter. `payload` holds the payload's keys
    other than the customer's and the value's, sorted; of a `unique_count` meter also the value's,
    with the text that is counted.
    """

    identifier: str
    meter: str
    customer: str
    timestamp: int
    value: str | None
    payload: dict[str, str]


class CountedRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A `UsageRecord` without its payload, for who counts values alone. The identifier is left in
    its JSON."""

    identifier: msgspec.Raw
    meter: str
    customer: str
    timestamp: int
    value: str | None


UndecodedRecord: TypeAlias = tuple[msgspec.Raw, str, str, int, str | None, msgspec.Raw]
"""A `UsageRecord` as a tuple, its identifier and its payload still in canonical JSON."""


class _Payload(msgspec.Struct, frozen=True):
    backfill: str | None
    records: msgspec.Raw


_encoder = msgspec.json.Encoder(order="sorted")
_payloads = msgspec.json.Decoder(_Payload)
_records = msgspec.json.Decoder(tuple[UsageRecord, ...])
_counted = msgspec.json.Decoder(list[CountedRecord])
_undecoded = msgspec.json.Decoder(list[UndecodedRecord])
_slices = msgspec.json.Decoder(list[msgspec.Raw])

_PORTION_BYTES: Final = 100_000
_BETWEEN: Final = b'}],["'
"""The end of a record and the begin of the next; or the end of a text that has the same letters."""


def record_bytes(record: UsageRecord) -> bytes:
    """The canonical bytes of a record: JSON without spaces, in UTF-8, payload keys sorted.

    Raises UnicodeEncodeError for text that has no UTF-8 form (a lone surrogate).
    """
    return _encoder.encode(record)


def _portions(records: bytes) -> Iterator[list[UndecodedRecord]]:
    """A JSON array of records, decoded part by part: few enough at a time to stay near the
    processor until they are looked at, which takes a third off the time."""
    first, reach = 1, _PORTION_BYTES
    while True:
        cut = records.find(_BETWEEN, first + reach)
        past = len(records) - 1 if cut < 0 else cut + 2
        try:
            portion = _undecoded.decode(b"[%b]" % records[first:past])
        except msgspec.DecodeError:
            if cut < 0:
                raise
            reach = 2 * (past - first)  # that was inside of a text, which then has no end
            continue
        yield portion
        if cut < 0:
            return
        first, reach = past + 1, _PORTION_BYTES


class UsageRecorded(DomainEvent):
    """One to many meter events, recorded together.

    The records are kept as the JSON array they are stored as and decoded when asked for, so that
    a reader that skips them pays nothing. `backfill` is the reason given for usage outside the
    allowed window of time.
    """

    TOPIC: ClassVar[str] = "usage.recorded.v1"

    records_json: bytes
    backfill: str | None = None

    @classmethod
    def of(cls, raw_records: Sequence[bytes], backfill: str | None = None) -> Self:
        """The event that holds these records, each as `record_bytes` wrote it."""
        return cls(records_json=b"[" + b",".join(raw_records) + b"]", backfill=backfill)

    def records(self) -> tuple[UsageRecord, ...]:
        """The records in order; the index of each is its ordinal."""
        return _records.decode(self.records_json)

    def counted_records(self) -> list[CountedRecord]:
        """The records in order without their payloads: the least work."""
        return _counted.decode(self.records_json)

    def undecoded_records(self) -> Iterator[UndecodedRecord]:
        """The records in order, for who takes many of them: half the work of `records`."""
        return chain.from_iterable(_portions(self.records_json))

    def raw_records(self) -> list[bytes]:
        """The canonical bytes of each record in order, for hashing."""
        return [bytes(raw) for raw in _slices.decode(self.records_json)]

    def encode_payload(self) -> bytes:
        """The stored payload, without encoding any record again."""
        backfill = _encoder.encode(self.backfill)
        return b'{"backfill":' + backfill + b',"records":' + self.records_json + b"}"

    @classmethod
    def decode_payload(cls, payload: bytes) -> Self:
        """The event of a stored payload. Raises msgspec.DecodeError on other bytes."""
        decoded = _payloads.decode(payload)
        return cls(records_json=bytes(decoded.records), backfill=decoded.backfill)


class MeterEventCancelled(DomainEvent):
    """One meter event no longer counts.

    `position` and `ordinal` are its place in the log, `timestamp` its own time in epoch
    microseconds, `at` the system time of the cancellation.
    """

    TOPIC: ClassVar[str] = "meter_event.cancelled.v1"

    identifier: str
    event_name: str
    position: int
    ordinal: int
    meter: str
    customer: str
    timestamp: int
    reason: str | None
    at: AwareDatetime


class RejectedSample(Fact):
    """One meter event that was refused, as far as it could be read.

    `line` is the line or the place in its request, counted from 1. Texts are cut short.
    """

    line: int
    code: str
    reason: str
    identifier: str | None = None
    event_name: str | None = None


class UsageRejected(DomainEvent):
    """Meter events of one request were refused.

    `counts` has the number of them by code (contract §5, asynchronous error reporting), `samples`
    the first of them. `door` says which way they came: `bulk` or `stream`.
    """

    TOPIC: ClassVar[str] = "usage.rejected.v1"

    door: str
    counts: dict[str, int]
    samples: tuple[RejectedSample, ...]


class UsageRetentionChanged(DomainEvent):
    """Single meter events with times before `kept_from`, the start of a month in UTC, are kept in
    the log alone from here on."""

    TOPIC: ClassVar[str] = "usage_retention.changed.v1"

    kept_from: AwareDatetime


EVENTS: tuple[type[DomainEvent], ...] = (
    UsageRecorded,
    MeterEventCancelled,
    UsageRejected,
    UsageRetentionChanged,
)
