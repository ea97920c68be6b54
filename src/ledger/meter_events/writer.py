"""Group commit: meter events that are reported one at a time share transactions.

Requests stand in one queue of the process. While one group is being committed the next one
gathers, so a group is as large as the load makes it, and a request that comes alone is recorded at
once. Each report is answered once its group is durable.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from ledger.kernel.commands import Circumstances
from ledger.kernel.errors import LedgerError, QueueFull, Unavailable
from ledger.kernel.events import Cause
from ledger.meter_events.ingestion import UsageIngestion, Verdict
from ledger.meter_events.validation import UsageReport
from ledger.store.retrying import TRANSIENT

MOST_WAITING: Final = 2_000
"""Reports that may wait; at 3,000 a second they wait for less than one."""
MOST_TOGETHER: Final = 1_000
"""Reports that are recorded as one event."""

SEVERAL: Final = "system:group_commit"
"""The actor of an event that several actors caused; its causes name them."""


class Reply(NamedTuple):
    """What became of a report: its verdict, or the error that kept it from being recorded."""

    ticket: Any
    verdict: Verdict | None
    error: BaseException | None = None


class Recipient(Protocol):
    """Whoever waits for replies."""

    def receive(self, replies: Sequence[Reply]) -> None:
        """Take the replies to reports of one group, each with the ticket it was handed in with.
        Runs in the thread of the writer, and must not fail."""
        ...


class _Futures:
    """Replies to threads, each of which waits for a future of its own."""

    def receive(self, replies: Sequence[Reply]) -> None:
        for future, verdict, error in replies:
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(verdict)


_FUTURES: Final = _Futures()


@dataclass(slots=True)
class _Waiting:
    ingestion: UsageIngestion
    report: UsageReport
    circumstances: Circumstances
    recipient: Recipient
    ticket: Any


class UsageWriter:
    """The one writer of single meter events in this process, for all ledgers. Any thread may use
    it; its own thread is started by the first report."""

    def __init__(
        self,
        wake: Callable[[int], None],
        *,
        most_waiting: int = MOST_WAITING,
        most_together: int = MOST_TOGETHER,
    ) -> None:
        """`wake` tells followers of the log that a ledger has news, once for each group. It may
        fail, since they also look by themselves."""
        self._wake = wake
        self._most_waiting = most_waiting
        self._most_together = most_together
        self._queue: deque[_Waiting] = deque()
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def submit(
        self, ingestion: UsageIngestion, report: UsageReport, circumstances: Circumstances
    ) -> "Future[Verdict]":
        """Have a report recorded; its verdict, once that is durable.

        Raises QueueFull when too many wait, Unavailable after `close`. The future raises what
        kept the report from being recorded: an error of the database, or Conflict.
        """
        future: Future[Verdict] = Future()
        self.hand_in(ingestion, report, circumstances, _FUTURES, future)
        return future

    def hand_in(
        self,
        ingestion: UsageIngestion,
        report: UsageReport,
        circumstances: Circumstances,
        recipient: Recipient,
        ticket: object,
    ) -> None:
        """The same with the reply to `recipient`, which gets all replies of a group at once."""
        waiting = _Waiting(ingestion, report, circumstances, recipient, ticket)
        with self._news:
            if self._closed:
                raise Unavailable("This server is shutting down. Send the request again.")
            if len(self._queue) >= self._most_waiting:
                raise QueueFull
            self._queue.append(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                self._thread.start()
            self._news.notify()

    def close(self) -> None:
        """Record what waits, and take no more."""
        with self._news:
            self._closed = True
            self._news.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            self._record(group)
            with suppress(Exception):
                self._wake(group[0].ingestion.ledger_id)

    def _next_group(self) -> list[_Waiting]:
        """What waits for the ledger whose turn it is, in order; empty at the end."""
        with self._news:
            while not self._queue and not self._closed:
                self._news.wait()
            if not self._queue:
                return []
            turn, passed_over = self._queue[0].ingestion, list[_Waiting]()
            group: list[_Waiting] = []
            while self._queue and len(group) < self._most_together:
                waiting = self._queue.popleft()
                (group if waiting.ingestion is turn else passed_over).append(waiting)
            self._queue.extendleft(reversed(passed_over))
        return group

    def _record(self, group: list[_Waiting]) -> None:
        try:
            self._settle(group)
        except TRANSIENT as error:
            # Those that came meanwhile would wait as long for the same: they are told now.
            _refuse(group + self._all_waiting(), error)
        except LedgerError as error:
            _refuse(group, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, each request is answered
            self._record_apart(group, error)

    def _record_apart(self, group: list[_Waiting], error: Exception) -> None:
        """What no validation foresaw is kept to the report that it comes from."""
        if len(group) == 1:
            _refuse(group, error)
            return
        for waiting in group:
            try:
                self._settle([waiting])
            except Exception as own:  # noqa: BLE001 - as above
                _refuse([waiting], own)

    def _settle(self, group: list[_Waiting]) -> None:
        reports, circumstances = _together(group)
        verdicts = group[0].ingestion.record(reports, circumstances)
        _send(group, [Reply(w.ticket, v) for w, v in zip(group, verdicts, strict=True)])

    def _all_waiting(self) -> list[_Waiting]:
        with self._news:
            waiting = list(self._queue)
            self._queue.clear()
        return waiting


def _refuse(group: Sequence[_Waiting], error: Exception) -> None:
    _send(group, [Reply(waiting.ticket, None, error) for waiting in group])


def _send(group: Sequence[_Waiting], replies: Sequence[Reply]) -> None:
    of_recipients: dict[Recipient, list[Reply]] = {}
    for waiting, reply in zip(group, replies, strict=True):
        of_recipients.setdefault(waiting.recipient, []).append(reply)
    for recipient, its_own in of_recipients.items():
        recipient.receive(its_own)


def _together(group: Sequence[_Waiting]) -> tuple[list[UsageReport], Circumstances]:
    """The reports of a group, each with its cause, and what their circumstances have in common.

    They are recorded at the time of the last one. A report that is alone needs no cause: the
    event's own metadata say all of it.
    """
    first = group[0].circumstances
    if len(group) == 1:
        return [group[0].report], first
    actors = {waiting.circumstances.actor for waiting in group}
    actor = first.actor if len(actors) == 1 else SEVERAL
    common = replace(
        first,
        now=max(waiting.circumstances.now for waiting in group),
        actor=actor,
        request_id=None,
        idempotency=None,
    )
    return [
        msgspec.structs.replace(w.report, cause=_cause(w.circumstances, actor)) for w in group
    ], common


def _cause(circumstances: Circumstances, actor: str) -> Cause:
    claim = circumstances.idempotency
    return Cause(
        circumstances.request_id,
        claim.key if claim else None,
        None if circumstances.actor == actor else circumstances.actor,
    )
