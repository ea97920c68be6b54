"""One customer's meter events, taken out of the batches in which they were recorded.

Each is shown to the byte with the hashes of its neighbours, which say nothing of them.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
from eventsourcing.persistence import Notification

from ledger.audit.evidence.multiproof import multiproof
from ledger.audit.merkle.entries import usage_content
from ledger.audit.merkle.tree import hashes_over, root_of
from ledger.kernel.clock import to_microseconds
from ledger.meter_events.aggregation import MeteredEvent, Tally, Usage
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


@dataclass(frozen=True, slots=True)
class OwnUsage:
    """What was recorded of a customer, and which of it was cancelled by its place."""

    shown: tuple[ShownUsage, ...]
    cancelled: Collection[tuple[int, int]]

    def usages(self, customer: str, asked: Sequence[Asked], through_position: int) -> UsageAsOf:
        """See `ledger.meter_events.usage.UsageReader`; knows no other customer's usage."""
        del customer
        return UsageAsOf(through_position, [self._usage(one, through_position) for one in asked])

    def _usage(self, asked: Asked, through_position: int) -> Usage:
        meter = asked.meter
        start, end = to_microseconds(asked.start), to_microseconds(asked.end)
        first, last = meter.reach(start, end)
        tally = Tally(meter, start, end)
        for event in self.shown:
            if event.position > through_position:
                break
            for ordinal, _, record in event.records:
                place = (event.position, ordinal)
                if (
                    record.meter == meter.id
                    and first <= record.timestamp < last
                    and place not in self.cancelled
                ):
                    value = meter.value_of(record)
                    tally.add(MeteredEvent(*place, record.timestamp, value))
        return tally.result()


Reaches = Mapping[str, Sequence[tuple[int, int]]]
"""By meter the stretches of time, in epoch microseconds, whose records matter."""


def shown_usage(
    recorder: LedgerRecorder, customer: str, reaches: Reaches, within: Positions
) -> Iterator[ShownUsage]:
    """The customer's records of some meters and times, in the order of the log."""
    position = within.first - 1
    named = msgspec.json.encode(customer)
    while reaches and (page := _page(recorder, position, within.last)):
        position = page[-1].id
        for stored in page:
            state = inflate(stored.state)
            if named in state and (shown := _shown(stored, state, customer, reaches)):
                yield shown


def _page(recorder: LedgerRecorder, after: int, last: int) -> Sequence[Notification]:
    return recorder.select_notifications(
        after, _PAGE, last, [UsageRecorded.TOPIC], inclusive_of_start=False
    )


def _shown(
    stored: Notification, state: bytes, customer: str, reaches: Reaches
) -> ShownUsage | None:
    content = usage_content(state)
    named = msgspec.json.encode(customer)
    own = tuple(
        OwnRecord(ordinal, raw, record)
        for ordinal, raw in enumerate(map(bytes, content.records))
        if named in raw
        for record in [_record.decode(raw)]
        if record.customer == customer and _matters(record, reaches)
    )
    if not own:
        return None
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


def _matters(record: UsageRecord, reaches: Reaches) -> bool:
    return any(start <= record.timestamp < end for start, end in reaches.get(record.meter, ()))
