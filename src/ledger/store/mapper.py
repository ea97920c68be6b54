"""Domain events to stored bytes and back.

The stored state of an event is JSON, `{"data": payload, "meta": metadata}`, deflated when that
saves space (deflated bytes begin with 0x78, JSON with 0x7b). A field named `personal` is sealed
under the key of the customer whose stream it is, and reads as None once that key is gone.
"""

import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, cast

import msgspec
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, StoredEvent
from isal import isal_zlib

from ledger.kernel.events import Metadata, RecordedEvent, StoredForm
from ledger.store.catalogue import EventCatalogue, encode_canonical, encode_event
from ledger.store.sealing import KeyRing

_DEFLATED = 0x78
_WORTH_DEFLATING = 400
_INFLATES = 6
"""How many times as long most states are inflated: room for them at once is half the work."""
_PERSONAL = "personal"

# Half the time of the standard library, which has the last word on what cannot be inflated.
_decompress = cast("Callable[..., bytes]", isal_zlib.decompress)  # pyright: ignore[reportUnknownMemberType]
_Undecompressed = cast("type[Exception]", isal_zlib.error)


class _State(msgspec.Struct):
    data: msgspec.Raw
    meta: msgspec.Raw


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

    def may_be_sealed(self, topic: str) -> bool:
        """Whether an event of this topic may have fields that are sealed."""
        return self.catalogue.has_field(topic, _PERSONAL)

    @property
    def keyring(self) -> KeyRing:
        """The keys that personal fields are sealed under."""
        return self._keyring

    def expect(self, stored: Iterable[StoredEvent]) -> None:
        """Find the keys of events that are about to be decoded, all at once."""
        sealed = {str(e.originator_id) for e in stored if self.may_be_sealed(e.topic)}
        if sealed:
            self._keyring.expect(sealed)

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        recorded: RecordedEvent = domain_event
        data = encode_event(recorded.event)
        if getattr(recorded.event, _PERSONAL, None) is not None:
            data = self._sealed(recorded.originator_id, data)
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
        if not sealed and b'"personal":{"sealed":' in data:
            data = self._unsealed(stored.originator_id, data)
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
        if b'"personal":{"sealed":' in data:
            data = self._unsealed(stored_event.originator_id, data)
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        return RecordedEvent(
            str(stored_event.originator_id),
            stored_event.originator_version,
            self.catalogue.decode(stored_event.topic, data),
            Metadata.model_validate_json(bytes(state.meta)),
            position,
            form,
        )

    def _sealed(self, customer_id: str, data: bytes) -> bytes:
        payload = msgspec.json.decode(data)
        text = self._keyring.seal(customer_id, encode_canonical(payload[_PERSONAL]))
        return encode_canonical({**payload, _PERSONAL: {"sealed": text}})

    def _unsealed(self, customer_id: Any, data: bytes) -> bytes:
        payload = msgspec.json.decode(data)
        plain = self._keyring.unseal(str(customer_id), payload[_PERSONAL]["sealed"])
        personal = None if plain is None else msgspec.json.decode(plain)
        return encode_canonical({**payload, _PERSONAL: personal})


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
