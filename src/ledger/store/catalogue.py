"""Which class stands behind a stored topic."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol, Self, cast

import msgspec
from pydantic import BaseModel

from ledger.kernel.personal import Path, personal_paths
from ledger.store.upcasting import Upcasters


class UnknownTopic(LookupError):
    """A stored event has a topic that this release does not know."""

    def __init__(self, topic: str) -> None:
        super().__init__(f"no event class for topic {topic}")


class SelfCoding(Protocol):
    """An event class that encodes itself, for payloads too many for the common path."""

    TOPIC: str

    def encode_payload(self) -> bytes: ...

    @classmethod
    def decode_payload(cls, payload: bytes) -> Self: ...


class EventCatalogue:
    """Event classes by topic, with the upcasters that lead to them."""

    def __init__(self, classes: Iterable[type[Any]], upcasters: Upcasters | None = None) -> None:
        self.upcasters = upcasters or Upcasters()
        self._classes: dict[str, type[Any]] = {}
        for cls in classes:
            if cls.TOPIC in self._classes:
                raise ValueError(f"two event classes have the topic {cls.TOPIC}")
            if self.upcasters.knows(cls.TOPIC):
                raise ValueError(f"{cls.TOPIC} is current and has an upcaster")
            self._classes[cls.TOPIC] = cls

    def __iter__(self) -> Iterator[type[Any]]:
        return iter(self._classes.values())

    def topics(self) -> list[str]:
        return sorted(self._classes)

    def has_field(self, topic: str, field: str) -> bool:
        """Whether the events that a stored topic leads to have a field."""
        cls = self._classes.get(self.upcasters.current_topic(topic))
        return cls is not None and field in getattr(cls, "model_fields", ())

    def texts_of(self, topic: str) -> tuple[Path, ...]:
        """The fields of free text that the events have that a stored topic leads to."""
        cls = self._classes.get(self.upcasters.current_topic(topic))
        return () if cls is None else personal_paths(cls)

    def may_be_sealed(self, topic: str) -> bool:
        """Whether there may be sealed fields in events of a stored topic: not in those that encode
        themselves, which are long to look through."""
        cls = self._classes.get(self.upcasters.current_topic(topic))
        return not hasattr(cls, "encode_payload")

    def decode(self, topic: str, payload: bytes) -> Any:
        """The event of a stored payload, upcast to the newest version. Raises UnknownTopic."""
        cls = self._classes.get(self.upcasters.current_topic(topic))
        if cls is None:
            raise UnknownTopic(topic)
        if self.upcasters.knows(topic):
            payload = encode_canonical(self.upcasters.upcast(topic, msgspec.json.decode(payload)))
        if hasattr(cls, "decode_payload"):
            return cls.decode_payload(payload)
        return cls.model_validate_json(payload)


_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string")


def encode_canonical(value: object) -> bytes:
    """JSON without spaces, keys sorted: the stored form of every payload."""
    return _canonical.encode(value)


def payload_of(event: BaseModel) -> dict[str, Any]:
    """What an event that does not encode itself is stored as, before it is encoded."""
    return event.model_dump(mode="json")


def encode_event(event: Any) -> bytes:
    """The canonical payload of an event."""
    if isinstance(event, BaseModel) and not hasattr(event, "encode_payload"):
        return encode_canonical(payload_of(event))
    return cast("SelfCoding", event).encode_payload()
