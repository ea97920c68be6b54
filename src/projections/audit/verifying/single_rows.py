"""The rows of single meter events, as COPY sends them."""

import struct
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

import msgspec

from projections.meter_events.singles import Singles
from projections.runtime.copying import NumericFields

QUERY: Final = (
    "SELECT ordinal, timestamp, position, series, payload, value FROM {relation} "
    "WHERE {sign}ledger_id = {ledger} AND {sign}timestamp >= {since} {within}"
)

# The number of columns; then ordinal, timestamp, position and series, each after its length, and
# the length of the payload.
_PLACE: Final = struct.Struct("!hiiiqiqi16si")
_COLUMNS: Final = 6


def single_rows(singles: Iterable[Singles], numbers: NumericFields) -> Iterator[bytes]:
    """The rows of some meter events."""
    place = _PLACE.pack
    for one in singles:
        key = one.series.bytes
        values = [numbers[value] for value in one.values]
        columns = one.timestamps, one.positions, one.ordinals, values, one.payloads
        for timestamp, position, ordinal, value, payload in zip(*columns, strict=True):
            size = len(payload)
            yield (
                place(_COLUMNS, 4, ordinal, 8, timestamp, 8, position, 16, key, size)
                + payload
                + value
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
    _, _, ordinal, _, timestamp, _, position, _, series, size = _PLACE.unpack_from(row)
    past = _PLACE.size + max(size, 0)
    payload = row[_PLACE.size : past].decode(errors="replace")
    return SingleRow(UUID(bytes=series), timestamp, position, ordinal, row[past:], payload)


def position_of(row: bytes) -> int:
    """The position that a row says its meter event stands at."""
    return _PLACE.unpack_from(row)[6] if len(row) >= _PLACE.size else 0
