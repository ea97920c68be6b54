"""One customer's meter events, taken out of the batches in which they were recorded.

Each is shown to the byte with the hashes of its neighbours, which say nothing of them. However many
there are, no more are held at once than one event of the log has.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import msgspec
from eventsourcing.persistence import Notification

from ledger.audit.evidence.multiproof import multiproof
from ledger.audit.merkle.entries import UsageContent, usage_content
from ledger.audit.merkle.tree import hashes_over, root_of
from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeterDefinition, MeteredEvent, Tally
from ledger.meter_events.events import UsageRecord, UsageRecorded
from ledger.meter_events.usage import Asked, Positions, UsageAsOf
from ledger.store.mapper import inflate
from ledger.store.recorder import LedgerRecorder

_PAGE: Final = 64
_record = msgspec.json.Decoder(UsageRecord)


class OwnRecord(NamedTuple):
    """A record at its place in its batch, in its stored bytes and read."""

    ordinal: int
    raw: bytes
    record: UsageRecord


@dataclass(frozen=True, slots=True)
class ShownUsage:
    """A usage event, of which only some records are shown.

    `count` is how many there are, `root` the root of their tree and `meta` the SHA-256 of the
    metadata, both in hex; `proof` proves the records that are shown (`multiproof`).
    """

    position: int
    topic: str
    backfill: str | None
    count: int
    meta: str
    root: str
    records: tuple[OwnRecord, ...]
    proof: tuple[bytes, ...]


Place = tuple[int, int]
"""Position and ordinal of a record."""

Reaches = Mapping[str, Sequence[tuple[int, int]]]
"""By meter the stretches of time, in epoch microseconds, whose records matter."""


@dataclass(frozen=True, slots=True)
class OwnRecords:
    """A customer's records of some meters and times, in the order of the log, which is read anew
    whenever they are asked for."""

    recorder: LedgerRecorder
    customer: str
    reaches: Reaches
    within: Positions

    def shown(self) -> Iterator[ShownUsage]:
        """Each usage event that holds any, as a pack shows it."""
        for stored, content, own in self._found():
            yield _shown(stored, content, own)

    def each(self) -> Iterator[tuple[Place, UsageRecord]]:
        """Each record and its place."""
        for stored, _, own in self._found():
            for ordinal, _, record in own:
                yield (stored.id, ordinal), record

    def _found(self) -> Iterator[tuple[Notification, UsageContent, tuple[OwnRecord, ...]]]:
        position = self.within.first - 1
        named = msgspec.json.encode(self.customer)
        while self.reaches and (page := _page(self.recorder, position, self.within.last)):
            position = page[-1].id
            for stored in page:
                state = inflate(stored.state)
                if named in state and (own := self._own(content := usage_content(state), named)):
                    yield stored, content, own

    def _own(self, content: UsageContent, named: bytes) -> tuple[OwnRecord, ...]:
        return tuple(
            OwnRecord(ordinal, raw, record)
            for ordinal, raw in enumerate(map(bytes, content.records))
            if named in raw
            for record in [_record.decode(raw)]
            if record.customer == self.customer and self._matters(record)
        )

    def _matters(self, record: UsageRecord) -> bool:
        stretches = self.reaches.get(record.meter, ())
        return any(start <= record.timestamp < end for start, end in stretches)


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """What was recorded of a customer, and which of it was cancelled by its place."""

    records: OwnRecords
    cancelled: Collection[Place]

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`; knows no other customer's usage. One pass
        over the log."""
        del customer
        counting = [_Counting.of(one) for one in asked]
        for place, record in self.records.each() if asked else ():
            if place[0] > through_position:
                break
            if place not in self.cancelled:
                for one in counting:
                    one.take(place, record)
        return UsageAsOf(through_position, [one.tally.result() for one in counting])


class _Counting(NamedTuple):
    """Adds up what was asked for; `reach` is that of the meter for it."""

    meter: MeterDefinition
    reach: tuple[int, int]
    tally: Tally

    @classmethod
    def of(cls, asked: Asked) -> Self:
        start, end = to_microseconds(asked.start), to_microseconds(asked.end)
        meter = asked.meter
        return cls(meter, meter.reach(start, end), Tally(meter, start, end))

    def take(self, place: Place, record: UsageRecord) -> None:
        first, last = self.reach
        if record.meter == self.meter.id and first <= record.timestamp < last:
            value = self.meter.value_of(record)
            self.tally.add(MeteredEvent(*place, record.timestamp, value))


def _page(recorder: LedgerRecorder, after: int, last: int) -> Sequence[Notification]:
    return recorder.select_notifications(
        after, _PAGE, last, [UsageRecorded.TOPIC], inclusive_of_start=False
    )


def _shown(stored: Notification, content: UsageContent, own: tuple[OwnRecord, ...]) -> ShownUsage:
    leaves = content.leaves()
    ordinals = [one.ordinal for one in own]
    return ShownUsage(
        position=stored.id,
        topic=stored.topic,
        backfill=content.backfill,
        count=len(leaves),
        meta=hashlib.sha256(content.meta).hexdigest(),
        root=root_of(leaves).hex(),
        records=own,
        proof=tuple(multiproof(ordinals, len(leaves), hashes_over(leaves))),
    )
