"""What the clients of a fault run know: every event they sent, and what they were told."""

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sent:
    """A meter event as a client sent it."""

    identifier: str
    customer: str
    value: int


@dataclass
class Journal:
    """Written by all clients of a run."""

    sent: dict[str, Sent] = field(default_factory=dict[str, Sent])
    acknowledged: set[str] = field(default_factory=set[str])
    unknown: Counter[str] = field(default_factory=Counter[str])
    answers: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def intends(self, event: Sent) -> None:
        with self._lock:
            self.sent[event.identifier] = event

    def was_answered(self, what: str) -> None:
        """An answer that says what became of the request, or that it should be sent again."""
        with self._lock:
            self.answers[what] += 1

    def was_cut_off(self, how: str) -> None:
        """No answer: the request may or may not have been done."""
        with self._lock:
            self.unknown[how] += 1

    def was_acknowledged(self, identifier: str) -> None:
        with self._lock:
            self.acknowledged.add(identifier)

    def was_wrong(self, what: str) -> None:
        """An answer that must never come."""
        with self._lock:
            self.wrong.append(what)

    @property
    def unknown_outcomes(self) -> int:
        return self.unknown.total()
