"""Which events of a log are wanted, and finding them page by page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from eventsourcing.persistence import Notification

from api.audit.events.objects import OpenedEvent, open_event
from ledger.event_types import EVENT_CATALOGUE
from ledger.kernel.errors import InvalidRequest
from ledger.store.mapper import LedgerMapper
from ledger.store.recorder import LedgerRecorder
from ledger.store.selecting import Narrowing, select_between

CLOCKS_AGREE_WITHIN: Final = timedelta(hours=1)
"""`recorded_at` is by the clock of whoever recorded; positions are looked through this far past a
bound on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is left out of a log.

    `topics` None means all. Positions are after `after` and before `before`; `since` is part of
    what is asked for, `until` is not.
    """

    topics: tuple[str, ...] | None = None
    stream: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    after: int = 0
    before: int | None = None

    def up_to(self, position: int | None) -> "Selection":
        """The same of the log as it stood at a position, None for all of it."""
        if position is None:
            return self
        before = position + 1 if self.before is None else min(self.before, position + 1)
        return replace(self, before=before)

    def takes(self, event: OpenedEvent) -> bool:
        """Whether an event is among those asked for."""
        stored = event.stored
        return (
            (self.topics is None or stored.topic in self.topics)
            and (self.stream is None or stored.originator_id == self.stream)
            and self.after < event.position
            and (self.before is None or event.position < self.before)
            and self.holds(event)
        )

    def holds(self, event: OpenedEvent) -> bool:
        """The same of one whose topic, stream and position were asked for."""
        recorded_at = event.meta.recorded_at
        return (
            (self.actor is None or event.meta.actor == self.actor or event.asked_by(self.actor))
            and (self.since is None or recorded_at >= self.since)
            and (self.until is None or recorded_at < self.until)
        )


def known_topics() -> list[str]:
    """The topics of every release, sorted."""
    return sorted({*EVENT_CATALOGUE.topics(), *EVENT_CATALOGUE.upcasters.topics()})


def topics_like(patterns: Sequence[str], *, param: str = "type") -> tuple[str, ...] | None:
    """The topics that any of these patterns means: `invoice.*`, `invoice.finalized`, a whole topic.

    Without its version a topic means all of its versions. None without patterns. Raises
    InvalidRequest for a pattern that means nothing.
    """
    if not patterns:
        return None
    found: set[str] = set()
    for pattern in patterns:
        meant = {
            topic
            for topic in known_topics()
            if fnmatchcase(topic, pattern) or fnmatchcase(topic, f"{pattern}.v[0-9]*")
        }
        if not meant:
            raise InvalidRequest(
                f"No event has the type '{pattern}'. Types are written such as "
                "invoice.finalized.v2 or invoice.*",
                param=param,
            )
        found |= meant
    return tuple(sorted(found))


class SelectedEvents:
    """The events of one ledger that a selection holds."""

    def __init__(self, recorder: LedgerRecorder, mapper: LedgerMapper, wanted: Selection) -> None:
        self._recorder = recorder
        self._mapper = mapper
        self.wanted = wanted

    def newest_first(self) -> Iterator[OpenedEvent]:
        """From the last position down."""
        before = self.ends_before()
        until = self.wanted.since and self.wanted.since - CLOCKS_AGREE_WITHIN
        while page := self._page(self.wanted.after, before, newest_first=True):
            for stored in page:
                event = open_event(self._mapper, stored)
                if until is not None and event.meta.recorded_at < until:
                    return
                if self.wanted.holds(event):
                    yield event
            before = page[-1].id

    def oldest_first(self) -> Iterator[OpenedEvent]:
        """From the first position up, to the log's head of now."""
        for event, wanted in self.walk():
            if wanted:
                yield event

    def walk(self) -> Iterator[tuple[OpenedEvent, bool]]:
        """Every event that may be wanted, the oldest first, and whether it is."""
        after, before = self.begins_after(), self.ends_before()
        until = self.wanted.until and self.wanted.until + CLOCKS_AGREE_WITHIN
        while page := self._page(after, before):
            for stored in page:
                event = open_event(self._mapper, stored)
                if until is not None and event.meta.recorded_at > until:
                    return
                yield event, self.wanted.holds(event)
            after = page[-1].id

    def begins_after(self) -> int:
        """A position up to which nothing is wanted, found without reading everything there."""
        low = self.wanted.after
        if self.wanted.since is None:
            return low
        high = self._recorder.head()[0]
        bound = self.wanted.since - CLOCKS_AGREE_WITHIN
        while low < high:
            middle = (low + high) // 2
            [stored] = self._recorder.select_notifications(middle + 1, 1)
            if open_event(self._mapper, stored).meta.recorded_at < bound:
                low = middle + 1
            else:
                high = middle
        return low

    def ends_before(self) -> int:
        """The position before which everything wanted stands."""
        head = self._recorder.head()[0] + 1
        return head if self.wanted.before is None else min(head, self.wanted.before)

    def _page(self, after: int, before: int, *, newest_first: bool = False) -> list[Notification]:
        narrowing = Narrowing(self.wanted.topics, self.wanted.stream)
        return select_between(self._recorder, after, before, narrowing, newest_first=newest_first)
