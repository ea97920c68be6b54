"""Writes usage into the log by the real write path, without HTTP."""

import random
import secrets
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.clock import system_now
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.meter_events.events import UsageRecord, UsageRecorded, record_bytes
from ledger.store.datastore import Datastore
from ledger.store.event_sourcing import EventSourcedLedger
from ledger.store.usage import STREAM, UsageLog
from ledger.store.usage_batch import UsageBatch
from tests.support.served import TEST_LEDGER


@dataclass(frozen=True, slots=True)
class Shape:
    """What the usage looks like. Times are epoch seconds.

    A `share` of all events is of the first customer, the others are of `others` more. Meters take
    turns. Events come in the order of time, evenly over the stretch.
    """

    meters: Sequence[str]
    customer: str
    others: int
    start: int
    seconds: int
    share: float = 0.5
    batch: int = 5_000
    time_ordered: bool = True
    """Whether identifiers are UUIDs of version 7, which follow time, or random ones."""
    counted_texts: frozenset[str] = frozenset()
    """Meters that count distinct texts: their records keep the text in the payload."""


class Filling:
    """Writes usage of a shape into the test ledger."""

    def __init__(self, database_url: str, shape: Shape) -> None:
        self._datastore = Datastore(database_url, pool_size=2)
        ledger = EventSourcedLedger(self._datastore, TEST_LEDGER, EVENT_CATALOGUE)
        self._recorder, self._mapper = ledger.recorder, ledger.mapper
        self._log = UsageLog(self._recorder, UsageRecorded.TOPIC)
        self._shape = shape
        self._others = [f"cus_test_{secrets.token_hex(12)}" for _ in range(shape.others)]
        self._chance = random.Random(1)

    def fill(self, events: int) -> None:
        """Write so many events, and close the connection."""
        for first in range(0, events, self._shape.batch):
            batch = UsageBatch()
            for record in self._records(first, min(first + self._shape.batch, events), events):
                batch.add(record.identifier, record_bytes(record))
            self._append(batch)
        self._datastore.close()

    def _records(self, first: int, end: int, events: int) -> Iterator[UsageRecord]:
        shape, chance = self._shape, self._chance
        for number in range(first, end):
            at = shape.start * 1_000_000 + number * shape.seconds * 1_000_000 // events
            heavy = not self._others or chance.random() < shape.share
            meter = shape.meters[number % len(shape.meters)]
            value = str(chance.randrange(1, 1_000))
            payload = {"model": chance.choice(("small", "large"))}
            texts = meter in shape.counted_texts
            yield UsageRecord(
                self._identifier(at),
                meter,
                shape.customer if heavy else chance.choice(self._others),
                at,
                None if texts else value,
                payload | {"value": value} if texts else payload,
            )

    def _identifier(self, microseconds: int) -> str:
        bits = self._chance.getrandbits(122)
        if not self._shape.time_ordered:
            return str(uuid.UUID(int=bits, version=4))
        low = bits & ((1 << 74) - 1)
        return str(uuid.UUID(int=(microseconds // 1_000) << 80 | 7 << 76 | 2 << 62 | low >> 12))

    def _append(self, batch: UsageBatch) -> None:
        metadata = Metadata(
            recorded_at=system_now(), actor="system:benchmark", correlation_id="benchmark"
        )

        def encode(chosen: UsageBatch) -> bytes:
            event = RecordedEvent(STREAM, 0, UsageRecorded.of(chosen.records), metadata)
            return self._mapper.to_stored_event(event).state

        self._log.append(batch, encode, validated_at=self._recorder.head()[1], disturbed_by=())
