"""What is stored never changes; old versions are brought to the newest shape when read."""

import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from ledger.kernel.events import DomainEvent, Metadata, RecordedEvent
from ledger.store.catalogue import EventCatalogue, UnknownTopic
from ledger.store.datastore import Datastore
from ledger.store.mapper import LedgerMapper, deflate, inflate
from ledger.store.recorder import LedgerRecorder
from ledger.store.sealing import KeyRing
from ledger.store.upcasting import Upcasters

NOW = datetime(2026, 11, 21, 9, 30, 0, 125_000, tzinfo=UTC)
META = Metadata(recorded_at=NOW, actor="key:key_1", correlation_id="req_1", request_id="req_1")

UPCASTERS = Upcasters()


class Named(DomainEvent):
    """The third version: it has an amount, and the first version's `title` is `name`."""

    TOPIC: ClassVar[str] = "test.named.v3"

    name: str
    amount: Decimal


@UPCASTERS.register("test.named.v1", "test.named.v2")
def _title_became_name(payload: dict[str, Any]) -> dict[str, Any]:
    return {"name": payload["title"]}


@UPCASTERS.register("test.named.v2", "test.named.v3")
def _amount_was_always_one(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "amount": "1.0"}


STORED_V1 = (
    b'{"data":{"title":"Tokens"},"meta":{"actor":"key:key_1","correlation_id":"req_1",'
    b'"recorded_at":"2026-11-21T09:30:00.125000Z","request_id":"req_1"}}'
)


@pytest.fixture
def mapper(datastore: Datastore, recorder: LedgerRecorder) -> LedgerMapper:
    catalogue = EventCatalogue([Named], UPCASTERS)
    return LedgerMapper(catalogue, KeyRing(datastore, recorder.ledger_id))


def test_a_first_version_reads_as_the_newest_and_its_bytes_stay(
    recorder: LedgerRecorder, mapper: LedgerMapper
) -> None:
    recorder.append([StoredEvent("s", 1, "test.named.v1", STORED_V1)])
    [stored] = recorder.select_events("s")
    recorded = mapper.to_domain_event(stored)
    assert recorded.event == Named(name="Tokens", amount=Decimal("1.0"))
    assert recorded.metadata == META
    assert (stored.topic, stored.state) == ("test.named.v1", STORED_V1)


def test_a_version_in_between_takes_the_steps_that_are_left(mapper: LedgerMapper) -> None:
    state = STORED_V1.replace(b'"title"', b'"name"')
    stored = StoredEvent("s", 1, "test.named.v2", state)
    assert mapper.to_domain_event(stored).event == Named(name="Tokens", amount=Decimal("1.0"))


def test_new_events_are_stored_canonically_under_the_newest_topic(mapper: LedgerMapper) -> None:
    event = Named(name="Tøkens", amount=Decimal("0.10"))
    stored = mapper.to_stored_event(RecordedEvent("s", 1, event, META))
    assert stored.topic == "test.named.v3"
    assert (
        stored.state
        == (
            '{"data":{"amount":"0.10","name":"Tøkens"},"meta":{"actor":"key:key_1",'
            '"correlation_id":"req_1","recorded_at":"2026-11-21T09:30:00.125000Z",'
            '"request_id":"req_1"}}'
        ).encode()
    )
    assert mapper.to_domain_event(stored) == RecordedEvent("s", 1, event, META)


def test_the_position_comes_with_an_event_of_the_log(
    recorder: LedgerRecorder, mapper: LedgerMapper
) -> None:
    event = Named(name="a", amount=Decimal(1))
    recorder.append([mapper.to_stored_event(RecordedEvent("s", 1, event, META))])
    [notification] = recorder.select_notifications(None, 10)
    assert mapper.to_domain_event(notification).position == 1


def test_long_states_are_deflated_and_told_from_json_by_their_first_byte() -> None:
    long = msgspec.json.encode({"data": "x" * 1_000})
    assert deflate(long)[0] == 0x78
    assert len(deflate(long)) < 100
    assert inflate(deflate(long)) == long
    assert deflate(STORED_V1[:100]) == STORED_V1[:100]
    assert inflate(STORED_V1) == STORED_V1


def test_a_damaged_state_is_read_or_refused_as_the_standard_library_does() -> None:
    stored = deflate(msgspec.json.encode({"data": [[n, f"{n * n}"] for n in range(100)]}))
    flipped = (_flipped(stored, bit) for bit in range(8, 8 * len(stored)))
    cut = (stored[:length] for length in range(1, len(stored)))
    for damaged in (*flipped, *cut):
        try:
            known = zlib.decompress(damaged)
        except zlib.error:
            with pytest.raises(zlib.error):
                inflate(damaged)
        else:
            assert inflate(damaged) == known


def _flipped(stored: bytes, bit: int) -> bytes:
    return bytes(byte ^ (bit // 8 == at) << bit % 8 for at, byte in enumerate(stored))


def test_a_topic_of_a_newer_release_is_named(mapper: LedgerMapper) -> None:
    with pytest.raises(UnknownTopic, match=r"test\.named\.v4"):
        mapper.to_domain_event(StoredEvent("s", 1, "test.named.v4", STORED_V1))


def test_no_topic_has_two_classes_and_no_step_two_ways() -> None:
    with pytest.raises(ValueError, match="two event classes"):
        EventCatalogue([Named, Named])
    with pytest.raises(ValueError, match="has an upcaster already"):
        UPCASTERS.register("test.named.v1", "test.named.v9")
    onward = Upcasters()
    onward.register("test.named.v3", "test.named.v4")(lambda payload: payload)
    with pytest.raises(ValueError, match="current and has an upcaster"):
        EventCatalogue([Named], onward)
