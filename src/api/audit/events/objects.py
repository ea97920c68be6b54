"""An event of the log as it is shown: its place, what it says, and who caused it."""

import zlib
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from eventsourcing.persistence import Notification
from pydantic import ValidationError

from api.audit.usage import written
from ledger.kernel.events import Metadata
from ledger.meter_events.events import UsageRecorded
from ledger.store.mapper import LedgerMapper
from projections.runtime.log import UnreadableEvent

SHOWN_RECORDS: Final = 100
"""Meter events of a batch that are shown with it; an export has all of them."""

_USAGE = UsageRecorded.TOPIC.rpartition(".")[0] + "."


class _Usage(msgspec.Struct):
    records: list[msgspec.Raw]


_usage = msgspec.json.Decoder(_Usage)


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """A stored event with its metadata; what it says is unsealed when it is asked for."""

    stored: Notification
    meta: Metadata
    sealed_data: bytes
    mapper: LedgerMapper

    @property
    def position(self) -> int:
        return self.stored.id

    @property
    def is_usage(self) -> bool:
        """Whether it is a batch of meter events."""
        return self.stored.topic.startswith(_USAGE)

    def asked_by(self, actor: str) -> bool:
        """Whether one of the requests that a batch answers is an actor's."""
        return any(cause.actor == actor for cause in self.meta.requests or ())

    def data(self, *, sealed: bool = False) -> bytes:
        """The payload in the stored shape, canonical JSON; personal fields as they can be read."""
        return self.sealed_data if sealed else self.mapper.opened(self.stored).data


def open_event(mapper: LedgerMapper, stored: Notification) -> OpenedEvent:
    """Read a stored event. Raises UnreadableEvent where it was damaged."""
    try:
        state = mapper.opened(stored, sealed=True)
        meta = Metadata.model_validate_json(state.meta)
    except (msgspec.MsgspecError, ValidationError, zlib.error) as damage:
        raise UnreadableEvent(stored.id, damage) from damage
    return OpenedEvent(stored, meta, state.data, mapper)


def event_object(event: OpenedEvent, *, sealed: bool = False) -> dict[str, Any]:
    """An event in a list: a batch of meter events says how many there are."""
    return _place(event) | {"data": _data(event, 0, sealed=sealed)}


def whole_event_object(event: OpenedEvent, *, sealed: bool = False) -> dict[str, Any]:
    """One event by itself: of a batch the first meter events, and the request of each."""
    shown = _place(event) | {"data": _data(event, SHOWN_RECORDS, sealed=sealed)}
    if event.meta.requests is not None:
        shown["requests"] = [
            {**cause._asdict(), "actor": cause.actor or event.meta.actor}
            for cause in event.meta.requests[:SHOWN_RECORDS]
        ]
    return shown


def exported_event(event: OpenedEvent, *, sealed: bool = False) -> dict[str, Any]:
    """All of it, the payload exactly as it is stored but for personal fields."""
    return _place(event) | {"data": msgspec.Raw(event.data(sealed=sealed))}


def _place(event: OpenedEvent) -> dict[str, Any]:
    stored, meta = event.stored, event.meta
    return {
        "object": "ledger_event",
        "position": stored.id,
        "type": stored.topic,
        "stream": stored.originator_id,
        "version": stored.originator_version,
        "recorded_at": written(meta.recorded_at),
        "actor": meta.actor,
        "request_id": meta.request_id,
        "idempotency_key": meta.idempotency_key,
        "correlation_id": meta.correlation_id,
        "causation_id": meta.causation_id,
    }


def _data(event: OpenedEvent, records: int, *, sealed: bool) -> dict[str, Any]:
    if not event.is_usage:
        return msgspec.json.decode(event.data(sealed=sealed))
    found = _usage.decode(event.sealed_data).records
    data: dict[str, Any] = msgspec.json.decode(event.sealed_data) if records else {}
    shown: dict[str, Any] = {"meter_events": len(found)}
    if records:
        shown["backfill"] = data["backfill"]
        shown["records"] = [_record(one) for one in data["records"][:records]]
    return shown


def _record(values: list[Any]) -> dict[str, Any]:
    names = ("identifier", "meter", "customer", "timestamp", "value", "payload")
    return dict(zip(names, values, strict=True))
