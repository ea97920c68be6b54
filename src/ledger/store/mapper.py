"""Domain events to stored bytes and back.

The stored state of an event is JSON, `{"data": payload, "meta": metadata}`, deflated when that
saves space (deflated bytes begin with 0x78, JSON with 0x7b).

Personal fields are sealed under the key of their customer and read as None once that key is gone:

- of a customer's own stream, the field `personal`, stored as `{"sealed": …}`;
- of other events, free text wherever it stands (`ledger.kernel.personal`). It is taken out and
  stored as `"personal": {"of": customer, "sealed": …}` beside the event's fields, if there is any.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, StoredEvent
from isal import isal_zlib

from ledger.kernel.events import Metadata, RecordedEvent, StoredForm
from ledger.kernel.personal import Text, personal_paths, put_texts, take_texts
from ledger.store.catalogue import EventCatalogue, encode_canonical, encode_event, payload_of
from ledger.store.sealing import FORGETTING, KeyRing

_DEFLATED = 0x78
_WORTH_DEFLATING = 400
_INFLATES = 6
"""How many times as long most states are inflated: room for them at once is half the work."""
_PERSONAL = "personal"
_SEALED = re.compile(rb'"personal":\{(?:"of":"([^"]+)",)?"sealed":')
"""Cannot stand inside of a JSON string, where its quotation marks would be escaped."""

# Half the time of the standard library, which has the last word on what cannot be inflated.
_decompress = cast("Callable[..., bytes]", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
_Undecompressed = cast("type[Exception]", isal_zlib.error)


class _State(msgspec.Struct):
    data: msgspec.Raw
    meta: msgspec.Raw


class _Written(NamedTuple):
    """A payload, and what of it is to be sealed, for whom. It is empty where there is no more to it
    than the event encodes itself."""

    payload: dict[str, Any]
    holder: str | None = None
    personal: dict[str, Any] | list[Text] | None = None
    envelope: Mapping[str, str] = MappingProxyType({})


class OpenedState(NamedTuple):
    """The two parts of a stored state: payload and metadata, both canonical JSON."""

    data: bytes
    meta: bytes


_states = msgspec.json.Decoder(_State)


class LedgerMapper(Mapper[str]):
    """Maps the events of one ledger."""

    def __init__(self, catalogue: EventCatalogue, keyring: KeyRing) -> None:
        super().__init__(transcoder=JSONTranscoder())
        self.catalogue = catalogue
        self._keyring = keyring

    def key_holder(self, stored: StoredEvent) -> str | None:
        """The customer whose key an event is read with; None if nothing in it is sealed."""
        if self.catalogue.has_field(stored.topic, _PERSONAL):
            return str(stored.originator_id)
        if not self.catalogue.texts_of(stored.topic):
            return None
        try:
            found = _SEALED.search(inflate(stored.state))
        except zlib.error:
            return None
        return found[1].decode() if found and found[1] else None

    @property
    def keyring(self) -> KeyRing:
        """The keys that personal fields are sealed under."""
        return self._keyring

    def expect(self, stored: Iterable[StoredEvent]) -> None:
        """Find the keys of events that are about to be decoded, all at once."""
        if self._keyring.opens:
            holders = {holder for one in stored if (holder := self.key_holder(one)) is not None}
            self._keyring.expect(holders)

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        [stored] = self.to_stored_events([domain_event])
        return stored

    def to_stored_events(self, events: Sequence[RecordedEvent]) -> list[StoredEvent]:
        """Events as they are stored; the keys that they need are found together."""
        written = [self._written(recorded) for recorded in events]
        holders = {one.holder for one in written if one.holder is not None}
        keys = self._keyring.keys(holders) if holders else {}
        return [self._stored(*one, keys) for one in zip(events, written, strict=True)]

    def _written(self, recorded: RecordedEvent) -> _Written:
        """What is to be stored of an event, personal fields apart from the others."""
        event = recorded.event
        if getattr(event, _PERSONAL, None) is not None:
            payload = payload_of(event)
            return _Written(payload, recorded.originator_id, payload[_PERSONAL], {})
        paths = personal_paths(type(event))
        payload = payload_of(event) if paths else {}
        texts = take_texts(payload, paths)
        if not texts:
            return _Written(payload)
        holder = recorded.customer or getattr(event, "customer", None)
        if not holder:
            raise ValueError(f"{event.TOPIC} has free text, and is of no customer")
        return _Written(payload, holder, texts, {"of": holder})

    def _stored(
        self, recorded: RecordedEvent, written: _Written, keys: Mapping[str, bytes]
    ) -> StoredEvent:
        payload, holder = written.payload, written.holder
        if holder is not None:
            plain = encode_canonical(written.personal)
            sealed = self._keyring.seal(holder, plain, keys[holder])
            payload = {**payload, _PERSONAL: {**written.envelope, "sealed": sealed}}
        data = encode_canonical(payload) if payload else encode_event(recorded.event)
        meta = encode_canonical(recorded.metadata.model_dump(mode="json", exclude_none=True))
        return StoredEvent(
            recorded.originator_id,
            recorded.originator_version,
            recorded.event.TOPIC,
            deflate(b'{"data":' + data + b',"meta":' + meta + b"}"),
        )

    def opened(self, stored: StoredEvent, *, sealed: bool = False) -> OpenedState:
        """What a stored event says in the shape in which it was stored, old versions too.

        Personal fields are unsealed, None once their key is gone, or left `sealed`.
        """
        state = _states.decode(inflate(stored.state))
        data = bytes(state.data)
        if not sealed and self._has_sealed(stored.topic, data):
            data = encode_canonical(self._unsealed(stored.originator_id, data))
        return OpenedState(data, bytes(state.meta))

    def to_domain_event(self, stored_event: StoredEvent) -> RecordedEvent:  # type: ignore[override]
        return self._recorded(stored_event, inflate(stored_event.state))

    def to_domain_event_with_form(self, stored_event: StoredEvent) -> RecordedEvent:
        """The same, with what the event was decoded from."""
        state = inflate(stored_event.state)
        return self._recorded(stored_event, state, StoredForm(stored_event.topic, state))

    def _recorded(
        self, stored_event: StoredEvent, inflated: bytes, form: StoredForm | None = None
    ) -> RecordedEvent:
        state = _states.decode(inflated)
        data = bytes(state.data)
        if self._has_sealed(stored_event.topic, data):
            payload = self._unsealed(stored_event.originator_id, data)
            if not self.catalogue.has_field(stored_event.topic, _PERSONAL):
                payload.pop(_PERSONAL, None)
            data = encode_canonical(payload)
        if stored_event.topic.startswith(FORGETTING):
            self._keyring.forget(str(stored_event.originator_id))
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        return RecordedEvent(
            str(stored_event.originator_id),
            stored_event.originator_version,
            self.catalogue.decode(stored_event.topic, data),
            Metadata.model_validate_json(bytes(state.meta)),
            position,
            form,
        )

    def _has_sealed(self, topic: str, data: bytes) -> bool:
        return self.catalogue.may_be_sealed(topic) and _SEALED.search(data) is not None

    def _unsealed(self, stream_id: Any, data: bytes) -> dict[str, Any]:
        """The payload with what can be read of its personal fields, None where that is nothing."""
        payload: dict[str, Any] = msgspec.json.decode(data)
        envelope = payload.get(_PERSONAL)
        if not isinstance(envelope, dict):
            return payload
        sealed: dict[str, str] = cast("dict[str, str]", envelope)
        plain = self._keyring.unseal(sealed.get("of", str(stream_id)), sealed["sealed"])
        personal = None if plain is None else msgspec.json.decode(plain)
        if personal is None or "of" not in sealed:
            return {**payload, _PERSONAL: personal}
        put_texts(payload, personal)
        del payload[_PERSONAL]
        return payload


def deflate(state: bytes) -> bytes:
    """The state as it is stored: deflated when it is long enough to gain."""
    if len(state) < _WORTH_DEFLATING:
        return state
    deflated = zlib.compress(state, 1)
    return deflated if len(deflated) < len(state) else state


def inflate(state: bytes) -> bytes:
    """The JSON of a stored state. Raises zlib.error for a damaged one."""
    if state[0] != _DEFLATED:
        return state
    try:
        return _decompress(state, bufsize=_INFLATES * len(state))
    except _Undecompressed:
        return zlib.decompress(state)
