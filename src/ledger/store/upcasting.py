"""Old event payloads, brought to the newest shape while they are read.

Stored bytes never change. An upcaster takes the payload of one topic and gives the payload of
the next version: `@upcaster("meter.created.v1", "meter.created.v2")`.
"""

from collections.abc import Callable
from typing import Any

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]


def unchanged(payload: Payload) -> Payload:
    """A step between versions that differ in how they are stored, and not in what they say."""
    return payload


class Upcasters:
    """A chain of steps from old topics to current ones."""

    def __init__(self) -> None:
        self._steps: dict[str, tuple[str, Upcaster]] = {}

    def register(self, old: str, new: str) -> Callable[[Upcaster], Upcaster]:
        """Declare the step from one topic to the next. Raises ValueError on a second one."""
        if old in self._steps:
            raise ValueError(f"{old} has an upcaster already")

        def add(step: Upcaster) -> Upcaster:
            self._steps[old] = (new, step)
            return step

        return add

    def knows(self, topic: str) -> bool:
        return topic in self._steps

    def topics(self) -> list[str]:
        """The topics of earlier releases."""
        return sorted(self._steps)

    def current_topic(self, topic: str) -> str:
        """The topic at the end of the chain."""
        while topic in self._steps:
            topic = self._steps[topic][0]
        return topic

    def topics_of(self, topic: str) -> list[str]:
        """A current topic, and the old ones whose payloads are read as it."""
        return [topic, *(old for old in self._steps if self.current_topic(old) == topic)]

    def upcast(self, topic: str, payload: Payload) -> Payload:
        """The payload as the newest version of the topic would hold it."""
        while topic in self._steps:
            topic, step = self._steps[topic]
            payload = step(payload)
        return payload
