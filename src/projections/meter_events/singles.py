"""The single meter events of a page of the log, put together by series and in order of time."""

import struct
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, islice, repeat
from operator import le
from typing import Any, Final, Generic, NamedTuple, Self, TypeAlias, TypeVar
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

_Columns: TypeAlias = tuple["array[int]", "array[int]", "array[int]", list[str | None], list[bytes]]
"""The same of many, column by column."""

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
        places = _numbers(times, positions, ordinals)
        numbers = [*map(units.__getitem__, values)]
        return cls(meter, customer, series_of(meter, customer), *places, values, payloads, numbers)

    @classmethod
    def joined(cls, stretches: Sequence["Stretch"]) -> Self:
        """The events of several stretches of one series."""
        events: list[tuple[Any, ...]] = []
        for singles, _, first, past in stretches:
            events += zip(*(column[first:past] for column in singles.columns()), strict=True)
        events.sort()  # no two have the same place, which comes first
        times, positions, ordinals, *others = zip(*events, strict=True)
        places = _numbers(times, positions, ordinals)
        one = stretches[0].singles
        return cls(one.meter, one.customer, one.series, *places, *others)

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
        columns = [column[first:past] for column in self.columns()]
        return Singles(self.meter, self.customer, self.series, *columns)

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
                *([column[index] for index in indexes] for column in self.columns()),
            )
            for dimensions, indexes in found.items()
        }

    def columns(self) -> tuple[Any, ...]:
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

    def cut_out(self) -> "Stretch":
        """The same without the events around it."""
        return Stretch(self.part(), self.bucket, 0, self.past - self.first)


def dimensions_of(payload: bytes, keys: tuple[str, ...]) -> str:
    """Canonical JSON of those of the keys that a payload has, and their texts."""
    texts = _texts.decode(payload)
    return _json.encode({key: texts[key] for key in keys if key in texts}).decode()


def by_series(usage: Iterable[tuple[int, UsageRecorded]]) -> list[Singles]:
    """The records of usage events, each given with its position, in order of their series."""
    return singles_of((position, event.undecoded_records()) for position, event in usage)


def singles_of(usage: Iterable[tuple[int, Iterable[UndecodedRecord]]]) -> list[Singles]:
    """The same of records that were decoded."""
    found: defaultdict[tuple[str, str], _Columns] = defaultdict(_columns)
    values, payloads = Same[str | None](), Same[bytes]()
    for position, records in usage:
        for ordinal, (_, meter, customer, timestamp, value, payload) in enumerate(records):
            times, positions, ordinals, texts, documents = found[meter, customer]
            times.append(timestamp)
            positions.append(position)
            ordinals.append(ordinal)
            texts.append(values[value])
            documents.append(payloads[bytes(payload)])
    units = Units()
    singles = [
        Singles(*whose, series_of(*whose), *columns, [*map(units.__getitem__, columns[3])])
        for whose, columns in ((whose, _by_time(columns)) for whose, columns in found.items())
    ]
    singles.sort(key=lambda one: one.series.int)
    return singles


def _columns() -> _Columns:
    return *_numbers((), (), ()), [], []


def _numbers(
    times: Iterable[int], positions: Iterable[int], ordinals: Iterable[int]
) -> tuple["array[int]", "array[int]", "array[int]"]:
    """Without an object for each number: what is looked at stays near the processor."""
    return array("q", times), array("q", positions), array("q", ordinals)


def _by_time(columns: _Columns) -> _Columns:
    """Events that stand in the order of the log in that of time."""
    times, positions, ordinals, values, payloads = columns
    if all(map(le, times, islice(times, 1, None))):
        return columns
    order = sorted(range(len(times)), key=times.__getitem__)
    return (
        *_numbers(*(map(one.__getitem__, order) for one in (times, positions, ordinals))),
        [*map(values.__getitem__, order)],
        [*map(payloads.__getitem__, order)],
    )


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
