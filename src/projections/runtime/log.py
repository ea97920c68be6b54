"""Pages of one ledger's log, decoded."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from eventsourcing.persistence import Notification, PersistenceError

from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import UsageRecorded
from ledger.meter_events.usage import LogUsageReader
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder

BATCH_BYTES: Final = 4_000_000
"""Usage that a follower holds at once, so that its memory does not grow with the batches sent."""


USAGE: Final = (UsageRecorded.TOPIC,)
"""The topics of events that hold meter events: nearly all of a log's size."""


class UnreadableEvent(Exception):
    """A stored event cannot be decoded by this release."""

    def __init__(self, position: int, reason: Exception | str) -> None:
        told = reason if isinstance(reason, str) else f"{type(reason).__name__}: {reason}"
        super().__init__(position, told)
        self.position = position
        self._told = told

    def __str__(self) -> str:
        return self._told


class Log:
    """Reads the events of one ledger in the order of positions."""

    def __init__(self, recorder: LedgerRecorder, mapper: LedgerMapper) -> None:
        self.recorder = recorder
        self._mapper = mapper

    def page(self, after: int, limit: int, through: int | None = None) -> list[RecordedEvent]:
        """Events after a position, at most `limit` of them."""
        notifications = self.recorder.select_notifications(
            after, limit, stop=through, inclusive_of_start=False
        )
        self._mapper.expect(notifications)
        return [self._mapper.to_domain_event(notification) for notification in notifications]

    def batch(self, after: int, limit: int, through: int | None = None) -> list[RecordedEvent]:
        """Events after a position, at most `limit` of them and about BATCH_BYTES of usage; each
        with its stored form.

        Ends before an event that cannot be decoded; raises UnreadableEvent if that is the first.
        """
        found = self.recorder.select_batch(after, limit, BATCH_BYTES, through)
        return self._decoded(found, BATCH_BYTES)

    def batches(
        self, after: int, limit: int, through: int, size: int = BATCH_BYTES
    ) -> Iterator[list[RecordedEvent]]:
        """All batches between two positions, one after the other, with about `size` bytes of usage
        each. What was read of the log and not decoded yet is kept for the next: usage takes a
        fraction of its size there."""
        while waiting := self.recorder.select_batch(after, limit, BATCH_BYTES, through):
            while waiting:
                batch = self._decoded(waiting, size)
                waiting = waiting[len(batch) :]
                after = batch[-1].position
                yield batch

    def without_usage(self, after: int, limit: int, through: int) -> list[RecordedEvent]:
        """Events after a position that hold no meter events, at most `limit` of them. Raises
        UnreadableEvent."""
        found = self.recorder.select_catalog(after, limit, through, USAGE)
        return self._decoded(found, BATCH_BYTES)

    def catalogue_page(self, after: int, limit: int, through: int) -> list[RecordedEvent]:
        """Events other than usage after a position, at most `limit` of them."""
        notifications = self.recorder.select_catalog(after, limit, stop=through)
        self._mapper.expect(notifications)
        return [self._mapper.to_domain_event(notification) for notification in notifications]

    def stream(self, stream_id: str) -> list[RecordedEvent]:
        """The events of one stream, each with its position."""
        notifications = self.recorder.select_stream(stream_id)
        self._mapper.expect(notifications)
        return [self._mapper.to_domain_event(notification) for notification in notifications]

    def has(self, topics: Collection[str], *, after: int, through: int) -> bool:
        """Whether an event of one of these topics stands between two positions."""
        found = self.recorder.select_notifications(
            after, 1, through, sorted(topics), inclusive_of_start=False
        )
        return bool(found)

    def usage(self, within_seconds: int | None = None) -> LogUsageReader:
        """What the log itself says was used (`LogUsageReader`)."""
        return LogUsageReader(self.recorder, self._mapper, within_seconds)

    def head(self) -> int:
        """The last position, 0 while the log is empty."""
        return self.recorder.head()[0]

    def _decoded(self, notifications: Sequence[Notification], most: int) -> list[RecordedEvent]:
        batch: list[RecordedEvent] = []
        size = 0
        self._mapper.expect(notifications)
        for notification in notifications:
            try:
                recorded = self._mapper.to_domain_event_with_form(notification)
            except PersistenceError:
                raise
            except Exception as error:
                if batch:
                    break
                raise UnreadableEvent(notification.id, error) from error
            batch.append(recorded)
            if isinstance(recorded.event, UsageRecorded):
                size += len(recorded.event.records_json)
            if size >= most:
                break
        return batch
