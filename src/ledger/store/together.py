"""Deciding many commands at once, so that what they read is read for all of them in a few queries.

A handler runs until it asks for something that is not known yet. When all have come to such a
place, what they ask for is found out together, and each is run again from its start, with what is
known by then; it has changed nothing so far. What is asked again is answered the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventsourcing.persistence import PersistenceError

from ledger.kernel.commands import Circumstances, Command
from ledger.kernel.errors import LedgerError
from ledger.kernel.events import RecordedEvent
from ledger.store.streams import Stream, Streams
from ledger.store.work import Handlers, Work


class _Unanswered(Exception):
    """Leaves a handler that has to know more."""


@dataclass(slots=True, eq=False)
class Decision:
    """A command on its way to an outcome.

    `error` is its refusal, or what went wrong with it. `alone` if it could not be decided with the
    others, for a reason that may concern only some of them.
    """

    command: Command
    circumstances: Circumstances
    facts: Sequence[RecordedEvent] = ()
    read_versions: Mapping[str, int] = field(default_factory=dict[str, int])
    error: Exception | None = None
    alone: bool = False
    answers: dict[Any, Any] = field(default_factory=dict[Any, Any])
    missing: dict[str, None] = field(default_factory=dict[str, None])
    question: tuple[Any, Any] | None = None

    @property
    def reads(self) -> Collection[str]:
        """The streams that it rests on."""
        return self.read_versions.keys()

    @property
    def writes(self) -> set[str]:
        """The streams that it appends to."""
        return {fact.originator_id for fact in self.facts}

    def begin_anew(self) -> None:
        """Forget everything but what was asked."""
        self.facts, self.read_versions, self.answers = (), {}, {}
        self.error, self.alone = None, False


class Deciding:
    """Decides commands together. Each stream is read once for all of them."""

    def __init__(self, streams: Streams, handlers: Handlers, blank: Work) -> None:
        """`blank` is of the ledger and its log; each run works on one of its own like it."""
        self._streams = streams
        self._handlers = handlers
        self._blank = blank
        self._known: dict[str, Stream] = {}

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Decide all, each as it would be decided alone.

        Raises PersistenceError when the log cannot be read.
        """
        waiting = decisions
        while waiting:
            waiting = [one for one in waiting if not self._run(one)]
            self._read([one for one in waiting if one.missing])
            kinds: dict[Any, list[Decision]] = {}
            for one in waiting:
                if one.question is not None:
                    kinds.setdefault(one.question[0].kind, []).append(one)
            for asking in kinds.values():
                self._answer(asking)
            waiting = [one for one in waiting if one.error is None and not one.alone]

    def _run(self, decision: Decision) -> bool:
        """Whether it came to an end."""
        blank, source = self._blank, _Known(self._known, decision)
        work = Work(
            blank.ledger, decision.circumstances, blank.recorder, blank.mapper, source=source
        )
        try:
            self._handlers[type(decision.command)](work, decision.command)
        except _Unanswered:
            return False
        except PersistenceError:
            raise
        except Exception as error:  # noqa: BLE001 - it concerns this command alone
            decision.error = error
        else:
            decision.facts = work.pending
        decision.read_versions = work.read_versions
        return True

    def _read(self, reading: Iterable[Decision]) -> None:
        missing = dict.fromkeys(stream for one in reading for stream in one.missing)
        try:
            self._known.update(self._streams.read(missing) if missing else {})
        except PersistenceError:
            raise
        except Exception:  # noqa: BLE001 - some stream cannot be read: each finds out for itself
            for one in reading:
                one.alone = True
        for one in reading:
            one.missing = {}

    def _answer(self, asking: Sequence[Decision]) -> None:
        asked = [one.question for one in asking if one.question is not None]
        try:
            answers = asked[0][1]([question for question, _ in asked])
        except PersistenceError:
            raise
        except LedgerError as error:
            for one in asking:
                one.error = error
        except Exception:  # noqa: BLE001 - some cannot be answered: each finds out for itself
            for one in asking:
                one.alone = True
        else:
            for one, (question, _), answer in zip(asking, asked, answers, strict=True):
                one.answers[question] = answer
        for one in asking:
            one.question = None


@dataclass(slots=True)
class _Known:
    """The source of one run: what is known to all, and what this command was answered."""

    streams: Mapping[str, Stream]
    decision: Decision

    def read(self, stream_ids: Collection[str]) -> Mapping[str, Stream]:
        missing = [one for one in stream_ids if one not in self.streams]
        if missing:
            self.decision.missing.update(dict.fromkeys(missing))
            raise _Unanswered
        return {one: self.streams[one] for one in stream_ids}

    def prefetch(self, stream_ids: Collection[str]) -> Mapping[str, Stream]:
        known = {one: self.streams[one] for one in stream_ids if one in self.streams}
        self.decision.missing.update((one, None) for one in stream_ids if one not in known)
        return known

    def version(self, stream_id: str) -> int:
        return self.read([stream_id])[stream_id].version

    def ask(self, question: Any, answer_all: Any) -> Any:
        if question not in self.decision.answers:
            self.decision.question = (question, answer_all)
            raise _Unanswered
        return self.decision.answers[question]


def independent(decisions: Sequence[Decision]) -> tuple[list[Decision], list[Decision]]:
    """Those that may be appended as one, and those that must be decided again after that.

    It has to be as if they came one after the other, in their order: one that has read a stream to
    which an earlier one appends has not seen that yet.
    """
    together: list[Decision] = []
    later: list[Decision] = []
    written: set[str] = set()
    held: set[str] = set()
    for one in decisions:
        writes = one.writes
        if one.alone or not written.isdisjoint(one.reads) or not held.isdisjoint(writes):
            later.append(one)
            held.update(one.reads)
        else:
            together.append(one)
        written |= writes
    return together, later
