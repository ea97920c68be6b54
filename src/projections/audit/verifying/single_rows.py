"""The rows of single meter events, as COPY sends them."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

import msgspec

from projections.audit.verifying.packing import columns
from projections.meter_events.rows import METER_EVENTS
from projections.meter_events.singles import Singles
from projections.runtime.copying import NumericFields

QUERY: Final = (
    f"SELECT {columns(METER_EVENTS)} FROM {{relation}} "
    "WHERE ledger_id = {ledger} AND timestamp >= {since} {within}"
)

# The number of columns; then ordinal, timestamp, position and series, each after its length.
_PLACE: Final = struct.Struct("!hiiiqiqi16s")
_LENGTH: Final = struct.Struct("!i")
_NONE: Final = -1


def single_rows(singles: Iterable[Singles], numbers: NumericFields) -> Iterator[bytes]:
    """The rows of some meter events."""
    count, place, length = len(METER_EVENTS.types), _PLACE.pack, _LENGTH.pack
    for one in singles:
        key = one.series.bytes
        values = [numbers[value] for value in one.values]
        columns = one.timestamps, one.positions, one.ordinals, values, one.payloads
        for timestamp, position, ordinal, value, payload in zip(*columns, strict=True):
            text = bytes(payload)
            yield (
                place(count, 4, ordinal, 8, timestamp, 8, position, 16, key)
                + value
                + length(len(text))
                + text
            )


class SingleRow(msgspec.Struct, frozen=True):
    """A row of a meter event in its parts; `value` is as PostgreSQL sends it."""

    series: UUID
    timestamp: int
    position: int
    ordinal: int
    value: bytes
    payload: str


def unpacked(row: bytes) -> SingleRow:
    """The row in its parts. Raises struct.error for one with a NULL where none can be."""
    _, _, ordinal, _, timestamp, _, position, _, series = _PLACE.unpack_from(row)
    value, past = _field(row, _PLACE.size)
    payload, _ = _field(row, past)
    text = payload.decode(errors="replace")
    return SingleRow(UUID(bytes=series), timestamp, position, ordinal, value, text)


def position_of(row: bytes) -> int:
    """The position that a row says its meter event stands at."""
    return _PLACE.unpack_from(row)[6] if len(row) > _PLACE.size else 0


def _field(row: bytes, at: int) -> tuple[bytes, int]:
    """A field after its length, and where it ends."""
    (size,) = _LENGTH.unpack_from(row, at)
    start = at + _LENGTH.size
    past = start + max(size, 0)
    return row[start:past], past
