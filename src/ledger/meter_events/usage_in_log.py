"""The usage in the log of one ledger, page by page, decoded no further than is needed."""

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from eventsourcing.persistence import Notification

from ledger.meter_events.asked import Positions
from ledger.meter_events.events import (
    CountedRecord,
    MeterEventCancelled,
    UsageRecord,
    UsageRecorded,
)
from ledger.store.mapper import LedgerMapper, inflate
from ledger.store.recorder import LedgerRecorder

_FIRST_PAGE: Final = 8
_MOST_ROWS: Final = 2_048
_SMALL_PAGE: Final = 2**18
_LARGE_PAGE: Final = 2**21
"""Bytes of stored usage below and above which the next page has more events, or fewer."""
_PORTION: Final = 2**19
"""Inflated bytes that are handed over together: a thread that inflates waits for the one that
counts whenever it needs the interpreter, which leaves it for certain only between portions."""
_AHEAD: Final = 2
_KEPT: Final = 2**22

T = TypeVar("T")


class UnreadableUsage(ValueError):
    """A usage event that cannot be decoded: it was altered."""

    def __init__(self, position: int, why: object) -> None:
        super().__init__(f"the usage at position {position} cannot be read: {why}")
        self.position = position


class Cancellation(NamedTuple):
    """Where in the log a meter event was cancelled, and where that event stands."""

    cancelled_at: int
    position: int
    ordinal: int


Series = tuple[str, str]
"""A meter and a customer."""


class _Data(msgspec.Struct):
    records: list[CountedRecord]


class _State(msgspec.Struct):
    data: _Data


CountedDecoder: TypeAlias = msgspec.json.Decoder[_State]
"""Decodes the records of stored usage as far as they are counted."""

_counted: Final[CountedDecoder] = msgspec.json.Decoder(_State)


def decoder_of(meter: str, customer: str, reach: tuple[int, int] | None = None) -> CountedDecoder:
    """Decodes usage of one series alone, within a stretch of time if one is given: where meter and
    customer are told by comparing, they need no text of their own."""
    timestamp: Any = (
        int if reach is None else Annotated[int, msgspec.Meta(ge=reach[0], lt=reach[1])]
    )
    fields: list[tuple[str, Any]] = [
        ("identifier", msgspec.Raw),
        ("meter", Literal[meter]),
        ("customer", Literal[customer]),
        ("timestamp", timestamp),
        ("value", str | None),
    ]
    record: Any = msgspec.defstruct("_Record", fields, array_like=True, frozen=True, gc=False)
    data: Any = msgspec.defstruct("_Data", [("records", list[record])])
    state: Any = msgspec.defstruct("_State", [("data", data)])
    return msgspec.json.Decoder(state)


@dataclass(frozen=True, slots=True)
class LoggedUsage:
    """A usage event as it is stored, inflated and not yet decoded."""

    stored: Notification
    mapper: LedgerMapper

    @property
    def position(self) -> int:
        return self.stored.id

    def names(self, text: bytes) -> bool:
        """Whether bytes occur anywhere in it. What does not name a customer is none of theirs."""
        return text in self.stored.state

    def records(self) -> tuple[UsageRecord, ...]:
        """The records in order; the index of each is its ordinal."""
        try:
            return self._event().records()
        except ValueError as error:
            raise UnreadableUsage(self.position, error) from error

    def counted_records(self) -> list[CountedRecord]:
        """The same without payloads, from the stored JSON in one go where it has its shape."""
        try:
            if self.stored.topic == UsageRecorded.TOPIC:
                return _counted.decode(self.stored.state).data.records
            return self._event().counted_records()
        except ValueError as error:
            raise UnreadableUsage(self.position, error) from error

    def records_of(self, decoder: CountedDecoder) -> list[CountedRecord] | None:
        """The same where all records are of the series that a decoder is for; else None."""
        if self.stored.topic != UsageRecorded.TOPIC:
            return None
        try:
            return decoder.decode(self.stored.state).data.records
        except msgspec.ValidationError:
            return None
        except ValueError as error:
            raise UnreadableUsage(self.position, error) from error

    def _event(self) -> UsageRecorded:
        event = self.mapper.to_domain_event(self.stored).event
        if not isinstance(event, UsageRecorded):
            raise TypeError(f"position {self.position} holds {self.stored.topic}, not usage")
        return event


@dataclass(frozen=True, slots=True)
class UsageInLog:
    """The log of one ledger, as far as it is usage."""

    recorder: LedgerRecorder
    mapper: LedgerMapper

    def pages(self, within: Positions) -> Iterator[list[LoggedUsage]]:
        """The usage events of a stretch of the log, some at a time."""
        return self._inflated(self._stored(within))

    def pages_ahead(self, within: Positions) -> Iterator[list[LoggedUsage]]:
        """The same, of which the next are fetched and inflated while some are worked on."""
        _keep_what_is_freed()
        return _ahead(self._inflated(_ahead(self._stored(within))))

    def _stored(self, within: Positions) -> Iterator[Sequence[Notification]]:
        rows, position = _FIRST_PAGE, within.first - 1
        while page := self._page(position, rows, within.last):
            yield page
            if len(page) < rows:
                return
            position, size = page[-1].id, sum(len(one.state) for one in page)
            if size < _SMALL_PAGE:
                rows = min(2 * rows, _MOST_ROWS)
            elif size > _LARGE_PAGE:
                rows = max(rows // 2, 1)

    def _inflated(self, pages: Iterator[Sequence[Notification]]) -> Iterator[list[LoggedUsage]]:
        for page in pages:
            portion: list[LoggedUsage] = []
            size = 0
            for stored in page:
                inflated = _inflated(stored)
                portion.append(LoggedUsage(inflated, self.mapper))
                size += len(inflated.state)
                if size >= _PORTION:
                    yield portion
                    portion, size = [], 0
            if portion:
                yield portion

    def cancellations(self, through: int) -> dict[Series, list[Cancellation]]:
        """Every cancellation made up to and with a position, by meter and customer."""
        found: dict[Series, list[Cancellation]] = {}
        position, topics = 0, [MeterEventCancelled.TOPIC]
        while page := self.recorder.select_notifications(
            position, _MOST_ROWS, through, topics, inclusive_of_start=False
        ):
            position = page[-1].id
            for stored in page:
                event = self.mapper.to_domain_event(stored).event
                if isinstance(event, MeterEventCancelled):
                    place = Cancellation(stored.id, event.position, event.ordinal)
                    found.setdefault((event.meter, event.customer), []).append(place)
            if len(page) < _MOST_ROWS:
                break
        return found

    def _page(self, after: int, rows: int, last: int) -> Sequence[Notification]:
        return self.recorder.select_notifications(
            after, rows, last, [UsageRecorded.TOPIC], inclusive_of_start=False
        )


def _inflated(stored: Notification) -> Notification:
    try:
        state = inflate(stored.state)
    except zlib.error as error:
        raise UnreadableUsage(stored.id, error) from error
    return Notification(
        stored.originator_id,
        stored.originator_version,
        stored.topic,
        state,
        stored.id,
    )


def _keep_what_is_freed() -> None:
    """Have the memory of one state at hand for the next. Until a larger block was freed at its full
    size, glibc fetches each from the system anew, which takes longer than to fetch the log."""
    _ = bytes(_KEPT)


def _ahead(coming: Iterator[T]) -> Iterator[T]:
    """The same, each made in a thread while those before it are worked on."""
    with ThreadPoolExecutor(1, "usage-pages") as thread:
        made = deque(thread.submit(next, coming, None) for _ in range(_AHEAD))
        while (one := made.popleft().result()) is not None:
            made.append(thread.submit(next, coming, None))
            yield one
