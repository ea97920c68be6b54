"""The single meter events of a page of the log, put together by series and in order of time."""

import struct
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, repeat
from typing import Any, Final, Generic, NamedTuple, Self, TypeVar
from uuid import UUID

import msgspec

from ledger.kernel.quantities import EXACT, MAX_DECIMALS, decimal_text
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.events import UndecodedRecord, UsageRecorded
from projections.meter_events.rows import MeterEventRow, series_of
from projections.runtime.copying import NumericFields, TextFields

_UNIT: Final = 10**MAX_DECIMALS
_MOST_KEPT: Final = 50_000

# Number of fields, and the ledger and the length of the ordinal; then the ordinal; timestamp and
# position, each after its length; series.
_BEFORE: Final = struct.Struct("!hiii")
_PLACE: Final = struct.Struct("!14siiqiq20s")
_SERIES: Final = struct.Struct("!i16s")

_json = msgspec.json.Encoder(order="sorted")
_texts = msgspec.json.Decoder(dict[str, str])

Single = tuple[int, int, int, str | None, bytes]
"""Timestamp, position, ordinal, value and payload of a meter event."""

K = TypeVar("K")


class Same(dict[K, K], Generic[K]):
    """Equal things as one and the same, which is smaller and found again sooner. Those seen last
    are kept."""

    def __missing__(self, thing: K) -> K:
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[thing] = thing
        return thing


class Units(dict[str | None, int]):
    """A value in units of its smallest decimal, 0 for none. Those seen last are kept."""

    def __missing__(self, value: str | None) -> int:
        if len(self) >= _MOST_KEPT:
            self.clear()
        whole, _, fraction = (value or "0").partition(".")
        units = self[value] = int(whole + fraction.ljust(MAX_DECIMALS, "0"))
        return units


class ValueTexts(dict[Decimal | None, str | None]):
    """The canonical text of a value that was read. Those seen last are kept."""

    def __missing__(self, value: Decimal | None) -> str | None:
        if len(self) >= _MOST_KEPT:
            self.clear()
        text = self[value] = None if value is None else decimal_text(value)
        return text


def decimal_of(value: str | None) -> Decimal | None:
    """The number that a text stands for."""
    return None if value is None else Decimal(value)


def number_of(units: int) -> Decimal:
    """The canonical number of so many units."""
    whole, rest = divmod(units, _UNIT)
    if rest == 0:
        return Decimal(whole)
    return Decimal(decimal_text(EXACT.scaleb(Decimal(units), -MAX_DECIMALS)))


class Singles(msgspec.Struct, frozen=True):
    """Some meter events of one meter and customer as columns, ordered by time and then by place in
    the log.

    `units` are the values as whole numbers, 0 for none. `payloads` are canonical JSON. `series`
    stands for all usage of the customer, or for the division that these events are of.
    """

    meter: str
    customer: str
    series: UUID
    timestamps: Sequence[int]
    positions: Sequence[int]
    ordinals: Sequence[int]
    values: Sequence[str | None]
    payloads: Sequence[bytes]
    units: Sequence[int]

    @classmethod
    def of(cls, meter: str, customer: str, events: list[Single], units: Units) -> Self:
        """Events in any order."""
        events.sort()
        times, positions, ordinals, values, payloads = zip(*events, strict=True)
        numbers = [units[value] for value in values]
        series = series_of(meter, customer)
        return cls(meter, customer, series, times, positions, ordinals, values, payloads, numbers)

    @classmethod
    def joined(cls, parts: Sequence["Singles"]) -> Self:
        """The events of several parts of one meter and customer."""
        events: list[Single] = []
        for one in parts:
            columns = one.timestamps, one.positions, one.ordinals, one.values, one.payloads
            events += zip(*columns, strict=True)
        return cls.of(parts[0].meter, parts[0].customer, events, Units())

    def __len__(self) -> int:
        return len(self.timestamps)

    def stretches(self, resolution: int) -> Iterator["Stretch"]:
        """The events cut by buckets of so many seconds."""
        width, times = resolution * MICROSECONDS, self.timestamps
        first, end = 0, len(times)
        while first < end:
            bucket = times[first] - times[first] % width
            past = end if times[-1] < bucket + width else bisect_left(times, bucket + width, first)
            yield Stretch(self, bucket, first, past)
            first = past

    def since(self, start: int) -> "Singles":
        """Those with times from `start` on, in epoch microseconds."""
        return self.part(bisect_left(self.timestamps, start), len(self))

    def part(self, first: int, past: int) -> "Singles":
        """The events with these indexes."""
        if past - first == len(self):
            return self
        return Singles(
            self.meter,
            self.customer,
            self.series,
            self.timestamps[first:past],
            self.positions[first:past],
            self.ordinals[first:past],
            self.values[first:past],
            self.payloads[first:past],
            self.units[first:past],
        )

    def divided(self, keys: tuple[str, ...]) -> dict[str, "Singles"]:
        """The events by the texts they have under some payload keys, as canonical JSON."""
        found: dict[str, list[int]] = {}
        known: dict[bytes, list[int]] = {}
        for index, payload in enumerate(self.payloads):
            if payload not in known:
                known[payload] = found.setdefault(dimensions_of(payload, keys), [])
            known[payload].append(index)
        return {
            dimensions: Singles(
                self.meter,
                self.customer,
                series_of(self.meter, self.customer, dimensions),
                *([column[index] for index in indexes] for column in self._columns()),
            )
            for dimensions, indexes in found.items()
        }

    def _columns(self) -> tuple[Any, ...]:
        """In the order of the fields."""
        return (
            self.timestamps,
            self.positions,
            self.ordinals,
            self.values,
            self.payloads,
            self.units,
        )


class Stretch(NamedTuple):
    """The events with indexes from `first` up to `past`: those of the bucket that starts there."""

    singles: Singles
    bucket: int
    first: int
    past: int

    def part(self) -> Singles:
        return self.singles.part(self.first, self.past)


def dimensions_of(payload: bytes, keys: tuple[str, ...]) -> str:
    """Canonical JSON of those of the keys that a payload has, and their texts."""
    texts = _texts.decode(payload)
    return _json.encode({key: texts[key] for key in keys if key in texts}).decode()


def by_series(usage: Iterable[tuple[int, UsageRecorded]]) -> list[Singles]:
    """The records of usage events, each given with its position, in order of their series."""
    return singles_of((position, event.undecoded_records()) for position, event in usage)


def singles_of(usage: Iterable[tuple[int, Iterable[UndecodedRecord]]]) -> list[Singles]:
    """The same of records that were decoded."""
    found: defaultdict[tuple[str, str], list[Single]] = defaultdict(list)
    values, payloads = Same[str | None](), Same[bytes]()
    for position, records in usage:
        for ordinal, (_, meter, customer, timestamp, value, payload) in enumerate(records):
            found[meter, customer].append(
                (timestamp, position, ordinal, values[value], payloads[bytes(payload)])
            )
    units = Units()
    singles = [Singles.of(*whose, events, units) for whose, events in found.items()]
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
                place = one.series, timestamp, position, ordinal
                yield MeterEventRow(*place, decimal_of(value), payload.decode())

    def packed(self, ledger_id: int) -> Iterator[bytes]:
        numbers, texts = NumericFields(), TextFields()
        before, length = repeat(_BEFORE.pack(7, 4, ledger_id, 4)), repeat(8)
        for one in self.singles:
            key = repeat(_SERIES.pack(16, one.series.bytes))
            times, positions = one.timestamps, one.positions
            columns = before, one.ordinals, length, times, length, positions, key
            places = map(_PLACE.pack, *columns)
            values = map(numbers.__getitem__, one.values)
            payloads = map(texts.__getitem__, one.payloads)
            yield b"".join(chain.from_iterable(zip(places, values, payloads, strict=True)))
