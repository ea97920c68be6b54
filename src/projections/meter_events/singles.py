"""The single meter events of a page of the log, put together by series and in order of time."""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT, MAX_DECIMALS, decimal_text
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import UsageRecorded
from projections.meter_events.rows import MeterEventRow, series_of
from projections.runtime.copying import NumericFields

_UNIT: Final = 10**MAX_DECIMALS
_MOST_KEPT: Final = 50_000

# Number of fields; then ledger, ordinal, timestamp, position and series, each after its length;
# then, after the value, the length of the payload.
_PLACE: Final = struct.Struct("!hiiiiiqiqi16s")
_LENGTH: Final = struct.Struct("!i")

_Single = tuple[int, int, int, str | None, msgspec.Raw]


class _Units(dict[str | None, int]):
    """A value in units of its smallest decimal, 0 for none. Those seen last are kept."""

    def __missing__(self, value: str | None) -> int:
        if len(self) >= _MOST_KEPT:
            self.clear()
        whole, _, fraction = (value or "0").partition(".")
        units = self[value] = int(whole + fraction.ljust(MAX_DECIMALS, "0"))
        return units


def number_of(units: int) -> Decimal:
    """The canonical number of so many units."""
    whole, rest = divmod(units, _UNIT)
    if rest == 0:
        return Decimal(whole)
    return Decimal(decimal_text(EXACT.scaleb(Decimal(units), -MAX_DECIMALS)))


class Stretch(NamedTuple):
    """The events with indexes from `first` up to `past`, all of the bucket that starts there."""

    bucket: int
    first: int
    past: int


@dataclass(frozen=True, slots=True)
class Singles:
    """Some meter events of one series as columns, ordered by time and then by place in the log.

    `units` are the values as whole numbers, 0 for none.
    """

    meter: str
    series: UUID
    timestamps: tuple[int, ...]
    positions: tuple[int, ...]
    ordinals: tuple[int, ...]
    values: tuple[str | None, ...]
    payloads: tuple[msgspec.Raw, ...]
    units: list[int]

    def since(self, start: int) -> "Singles":
        """Those with times from `start` on, in epoch microseconds."""
        first = bisect_left(self.timestamps, start)
        if first == 0:
            return self
        return Singles(
            self.meter,
            self.series,
            self.timestamps[first:],
            self.positions[first:],
            self.ordinals[first:],
            self.values[first:],
            self.payloads[first:],
            self.units[first:],
        )

    def stretches(self, resolution: int) -> Iterator[Stretch]:
        """The events cut by buckets of so many seconds."""
        width, times = resolution * MICROSECONDS, self.timestamps
        first, end = 0, len(times)
        while first < end:
            bucket = times[first] - times[first] % width
            past = end if times[-1] < bucket + width else bisect_left(times, bucket + width, first)
            yield Stretch(bucket, first, past)
            first = past


def by_series(usage: Iterable[tuple[int, UsageRecorded]]) -> list[Singles]:
    """The records of usage events, each given with its position, in order of their series."""
    found: defaultdict[tuple[str, str], list[_Single]] = defaultdict(list)
    for position, event in usage:
        records = event.undecoded_records()
        for ordinal, (_, meter, customer, timestamp, value, payload) in enumerate(records):
            found[meter, customer].append((timestamp, position, ordinal, value, payload))
    units = _Units()
    singles: list[Singles] = []
    for (meter, customer), events in found.items():
        events.sort()
        times, positions, ordinals, values, payloads = zip(*events, strict=True)
        series, numbers = series_of(meter, customer), [units[value] for value in values]
        singles.append(
            Singles(meter, series, times, positions, ordinals, values, payloads, numbers)
        )
    singles.sort(key=lambda one: one.series.int)
    return singles


@dataclass(frozen=True, slots=True)
class PackedSingles:
    """The rows of single events, for a table to take at once (`runtime.copying.PackedRows`)."""

    singles: list[Singles]

    def rows(self) -> Iterator[MeterEventRow]:
        for one in self.singles:
            columns = one.timestamps, one.positions, one.ordinals, one.values, one.payloads
            for timestamp, position, ordinal, value, payload in zip(*columns, strict=True):
                number = None if value is None else Decimal(value)
                text = bytes(payload).decode()
                yield MeterEventRow(one.series, timestamp, position, ordinal, number, text)

    def packed(self, ledger_id: int) -> bytes:
        place, length, numbers = _PLACE.pack, _LENGTH.pack, NumericFields()
        parts: list[bytes] = []
        for one in self.singles:
            key = one.series.bytes
            columns = one.timestamps, one.positions, one.ordinals, one.values, one.payloads
            for timestamp, position, ordinal, value, payload in zip(*columns, strict=True):
                text = bytes(payload)
                parts += (
                    place(7, 4, ledger_id, 4, ordinal, 8, timestamp, 8, position, 16, key),
                    numbers[value],
                    length(len(text)),
                    text,
                )
        return b"".join(parts)
