"""Pages of the log, read and prepared ahead of who applies them: by a thread, or by a process.

A process does not share the interpreter's lock with who applies, so that both work at once. It is
asked over a pipe for part of a ledger's log, and sends page after page until that ends.
"""

import pickle
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final, NamedTuple

import msgspec

from ledger.kernel.errors import Conflict
from ledger.kernel.events import RecordedEvent
from ledger.meter_events.events import UsageRecorded
from projections.runtime.log import Log
from projections.runtime.projection import PreparedProjection, Projection, takes_usage

_PAGE_EVENTS = 2_000
_PAGE_BYTES = 16_000_000
"""Of usage: a page of a build is larger than one that somebody waits for, so that more of what its
rows have in common is written once."""

_NO_USAGE: Final = UsageRecorded(records_json=b"[]")

LogOf = Callable[[int], Log]

_slices = msgspec.json.Decoder(list[msgspec.Raw])


class Page(NamedTuple):
    """Events from after `since` through `past`, with what was prepared of them for each projection.
    `records` counts meter events one by one."""

    events: list[RecordedEvent]
    since: int
    past: int
    records: int
    prepared: list[Any]


class LogRange(NamedTuple):
    """Part of the log of a ledger: after `since` through `to`."""

    ledger_id: int
    since: int
    to: int


Pages = Callable[[Sequence[Projection], LogRange], Iterator[Page]]
"""Reads a range for some projections that stand together."""


def by_thread(log_of: LogOf) -> Pages:
    """Each page is read and prepared by a thread while the one before is applied."""

    def read(projections: Sequence[Projection], within: LogRange) -> Iterator[Page]:
        pages = _pages(log_of, projections, within)
        with ThreadPoolExecutor(1) as thread:
            waiting = thread.submit(next, pages, None)
            while page := waiting.result():
                waiting = thread.submit(next, pages, None)
                yield page

    return read


def by_process(pipe: Pipe) -> Pages:
    """The same by the process at the other end of a pipe (`serve`), for the projections that it
    has. Raises Conflict when it is gone."""

    def read(_: Sequence[Projection], within: LogRange) -> Generator[Page]:
        try:
            pipe.send(within)
            while found := pickle.loads(pipe.recv_bytes()):  # noqa: S301 - of our own process
                if isinstance(found, Exception):
                    raise found
                yield found
        except (EOFError, OSError) as error:
            raise Conflict("The process that reads ahead ended. Run it again to go on.") from error

    return read


def serve(pipe: Pipe, log_of: LogOf, projections: Sequence[Projection]) -> None:
    """Answer to `by_process` until the other end is closed."""
    try:
        while True:
            within = pipe.recv()
            try:
                for page in _pages(log_of, projections, within):
                    pipe.send_bytes(pickle.dumps(_light(page), pickle.HIGHEST_PROTOCOL))
                pipe.send_bytes(pickle.dumps(None))
            except (EOFError, OSError):
                raise
            except Exception as error:  # noqa: BLE001 - raised at the other end
                pipe.send_bytes(_pickled(error))
    except (EOFError, OSError):
        return


def can_be_sent(projections: Sequence[Projection]) -> bool:
    """Whether it is worth a process to prepare pages for these: then little of them is sent."""
    return all(isinstance(one, PreparedProjection) for one in projections)


def _light(page: Page) -> Page:
    """A page without what its projections have in what was prepared for them."""
    whole = any(prepared is None for prepared in page.prepared)
    return page._replace(events=[_event(recorded, whole=whole) for recorded in page.events])


def _event(recorded: RecordedEvent, *, whole: bool) -> RecordedEvent:
    if whole or not isinstance(recorded.event, UsageRecorded):
        return replace(recorded, stored=None)
    metadata = recorded.metadata.model_copy(update={"requests": None})
    return replace(recorded, event=_NO_USAGE, metadata=metadata, stored=None)


def _pickled(error: Exception) -> bytes:
    try:
        pickled = pickle.dumps(error)
        pickle.loads(pickled)  # noqa: S301 - some can be written, but not read
    except Exception:  # noqa: BLE001 - whatever is wrong with it, its words are told
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return pickled


def _pages(log_of: LogOf, projections: Sequence[Projection], within: LogRange) -> Iterator[Page]:
    log, since, to = log_of(within.ledger_id), within.since, within.to
    if any(map(takes_usage, projections)):
        for events in log.batches(since, _PAGE_EVENTS, to, _PAGE_BYTES):
            yield _page(projections, events, since, events[-1].position)
            since = events[-1].position
        return
    while since < to:
        events = log.without_usage(since, _PAGE_EVENTS, to)
        past = events[-1].position if events else to
        yield _page(projections, events, since, past)
        since = past


def _page(
    projections: Sequence[Projection], events: list[RecordedEvent], since: int, past: int
) -> Page:
    prepared = [
        one.prepare(events) if isinstance(one, PreparedProjection) else None for one in projections
    ]
    return Page(events, since, past, sum(map(_records, events)), prepared)


def _records(recorded: RecordedEvent) -> int:
    if isinstance(recorded.event, UsageRecorded):
        return len(_slices.decode(recorded.event.records_json))
    return 1
