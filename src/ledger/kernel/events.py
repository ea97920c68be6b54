"""The base of every domain event, and the envelope in which one is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, NamedTuple, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ledger.kernel.commands import Circumstances


class Fact(BaseModel):
    """An immutable value inside an event. Unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_bytes="base64")


class DomainEvent(Fact):
    """A past-tense fact. `TOPIC` is its stored name and version, for ever: `meter.created.v1`."""

    TOPIC: ClassVar[str]


class Cause(NamedTuple):
    """One of the requests that an event answers together, stored as a JSON array.

    `actor` is None where it is the event's own.
    """

    request_id: str | None
    idempotency_key: str | None
    actor: str | None


class Metadata(Fact):
    """Who caused an event, when and how it is linked.

    `recorded_at` is the system time of the append in UTC, even for a customer on a test clock.
    `actor` is `key:<id>`, `user:<name>` or `system:<process>`. `correlation_id` is the request's or
    the run's that recorded it, `causation_id` the position of the event that the command was issued
    for, if it was one. `requests` says for each record of
    a usage event which request reported it, where they came with several.
    """

    recorded_at: AwareDatetime
    actor: str
    request_id: str | None = None
    idempotency_key: str | None = None
    correlation_id: str
    causation_id: str | None = None
    requests: tuple[Cause, ...] | None = None

    @classmethod
    def of(cls, circumstances: Circumstances) -> Self:
        """What is recorded of the circumstances in which a command was executed."""
        claim = circumstances.idempotency
        return cls(
            recorded_at=circumstances.now,
            actor=circumstances.actor,
            request_id=circumstances.request_id,
            idempotency_key=claim.key if claim else None,
            correlation_id=circumstances.correlation_id,
            causation_id=circumstances.causation_id,
        )

    def of_requests(self, causes: Sequence[Cause | None]) -> Self:
        """The same for an event that answers several requests, if it is one."""
        known = tuple(cause for cause in causes if cause is not None)
        return self.model_copy(update={"requests": known}) if known else self


class StoredForm(NamedTuple):
    """An event as it stands in the store: the topic of its release, and its state, inflated."""

    topic: str
    state: bytes


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event with its place: stream, version in the stream, position in the ledger's log.

    `stored` is what it was decoded from, where that was kept for who has to vouch for it.
    `customer` is the one whom the stream is about, as far as someone who writes it needs to know.
    """

    originator_id: str
    originator_version: int
    event: DomainEvent
    metadata: Metadata
    position: int = 0
    stored: StoredForm | None = field(default=None, compare=False, repr=False)
    customer: str | None = field(default=None, compare=False, repr=False)

    @property
    def recorded_at(self) -> datetime:
        return self.metadata.recorded_at
