"""Personal fields lie sealed in the log, and are gone with their customer's key."""

import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import ClassVar

import msgspec
import pytest

from ledger.kernel.events import DomainEvent, Fact, Metadata, RecordedEvent
from ledger.kernel.personal import PersonalText
from ledger.store import sealing
from ledger.store.catalogue import EventCatalogue
from ledger.store.datastore import Datastore
from ledger.store.mapper import LedgerMapper, inflate
from ledger.store.recorder import LedgerRecorder
from ledger.store.sealing import KeyRing

NOW = datetime(2026, 11, 21, tzinfo=UTC)
META = Metadata(recorded_at=NOW, actor="key:key_1", correlation_id="req_1")


class Person(Fact):
    name: str
    email: str


class Registered(DomainEvent):
    TOPIC: ClassVar[str] = "test.registered.v1"

    credit: str
    personal: Person | None


class Forgotten(DomainEvent):
    TOPIC: ClassVar[str] = "customer.forgotten.v1"


EVENT = Registered(credit="12.50", personal=Person(name="Zoë Fjord", email="zoe@fjord.example"))


def recorded(customer: str = "cus_1", version: int = 1, event: Registered = EVENT) -> RecordedEvent:
    return RecordedEvent(customer, version, event, META)


@pytest.fixture
def new_mapper(datastore: Datastore, recorder: LedgerRecorder) -> Callable[[], LedgerMapper]:
    """Mappers of one ledger, as different processes have them."""
    return lambda: LedgerMapper(
        EventCatalogue([Registered]), KeyRing(datastore, recorder.ledger_id)
    )


def destroy_key(recorder: LedgerRecorder, customer: str = "cus_1") -> None:
    with recorder.datastore.get_connection() as conn:
        deleted = conn.execute(
            "DELETE FROM ledger.customer_keys WHERE ledger_id = %s AND customer_id = %s",
            (recorder.ledger_id, customer),
        )
        assert deleted.rowcount == 1


def test_stored_bytes_show_amounts_and_no_person(
    recorder: LedgerRecorder, new_mapper: Callable[[], LedgerMapper]
) -> None:
    recorder.append([new_mapper().to_stored_event(recorded())])
    [stored] = recorder.select_events("cus_1")
    state = inflate(stored.state)
    assert b'"credit":"12.50"' in state
    # Long enough, or with letters foreign to base64, not to stand in sealed text by chance.
    for text in ("Zoë", "Fjord", "zoe@", "fjord", "example"):
        assert text.encode() not in state
        assert base64.b64encode(text.encode()).rstrip(b"=") not in state
    assert new_mapper().to_domain_event(stored) == recorded()


def test_without_the_key_the_person_is_gone_and_the_amount_stays(
    recorder: LedgerRecorder, new_mapper: Callable[[], LedgerMapper]
) -> None:
    stored = new_mapper().to_stored_event(recorded())
    destroy_key(recorder)
    assert new_mapper().to_domain_event(stored).event == Registered(credit="12.50", personal=None)


def test_a_process_that_knew_the_key_forgets_it_within_a_minute(
    recorder: LedgerRecorder,
    new_mapper: Callable[[], LedgerMapper],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 600.0
    monkeypatch.setattr(sealing, "monotonic", lambda: now)
    mapper = new_mapper()
    stored = mapper.to_stored_event(recorded())
    assert mapper.to_domain_event(stored).event == EVENT
    destroy_key(recorder)
    now += sealing.FORGOTTEN_SECONDS
    assert mapper.to_domain_event(stored).event.model_dump()["personal"] is None


def test_a_process_that_reads_of_it_forgets_the_key_at_once(
    recorder: LedgerRecorder, datastore: Datastore
) -> None:
    catalogue = EventCatalogue([Registered, Forgotten])
    mapper = LedgerMapper(catalogue, KeyRing(datastore, recorder.ledger_id))
    stored = mapper.to_stored_event(recorded())
    forgotten = mapper.to_stored_event(RecordedEvent("cus_1", 2, Forgotten(), META))
    assert mapper.to_domain_event(stored).event == EVENT
    destroy_key(recorder)
    assert mapper.to_domain_event(stored).event == EVENT
    mapper.to_domain_event(forgotten)
    assert mapper.to_domain_event(stored).event.model_dump()["personal"] is None


def test_a_new_key_does_not_bring_back_what_the_old_one_sealed(
    recorder: LedgerRecorder, new_mapper: Callable[[], LedgerMapper]
) -> None:
    mapper = new_mapper()
    old = mapper.to_stored_event(recorded())
    destroy_key(recorder)
    new = mapper.to_stored_event(recorded(version=2))
    for reader in (mapper, new_mapper()):
        assert reader.to_domain_event(new).event == EVENT
        assert reader.to_domain_event(old).event == Registered(credit="12.50", personal=None)


def test_the_key_of_one_customer_opens_no_other_and_no_other_ledger(
    datastore: Datastore,
    new_recorder: Callable[[], LedgerRecorder],
) -> None:
    ours, theirs = (KeyRing(datastore, new_recorder().ledger_id) for _ in range(2))
    text = ours.seal("cus_1", b"secret")
    ours.seal("cus_2", b"other")
    theirs.seal("cus_1", b"other")
    assert ours.unseal("cus_2", text) is None
    assert theirs.unseal("cus_1", text) is None
    assert ours.unseal("cus_1", text) == b"secret"


def test_altered_text_is_an_alarm_not_an_absence(
    recorder: LedgerRecorder, datastore: Datastore
) -> None:
    ring = KeyRing(datastore, recorder.ledger_id)
    sealed = bytearray(base64.b64decode(ring.seal("cus_1", b"secret")))
    sealed[-1] ^= 1
    with pytest.raises(ValueError, match="altered"):
        ring.unseal("cus_1", base64.b64encode(sealed).decode())


def test_the_same_person_is_sealed_differently_each_time(
    recorder: LedgerRecorder, datastore: Datastore
) -> None:
    ring = KeyRing(datastore, recorder.ledger_id)
    assert ring.seal("cus_1", b"secret") != ring.seal("cus_1", b"secret")


def test_processes_that_make_a_key_at_once_make_one(
    recorder: LedgerRecorder, datastore: Datastore
) -> None:
    rings = [KeyRing(datastore, recorder.ledger_id) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda ring: ring.seal("cus_1", b"secret"), rings))
    assert [rings[0].unseal("cus_1", text) for text in texts] == [b"secret"] * 8


def test_an_event_without_a_person_needs_no_key(
    recorder: LedgerRecorder, new_mapper: Callable[[], LedgerMapper], datastore: Datastore
) -> None:
    event = Registered(credit="1", personal=None)
    stored = new_mapper().to_stored_event(recorded("cus_nobody", event=event))
    assert new_mapper().to_domain_event(stored).event == event
    with datastore.get_connection() as conn:
        found = conn.execute(
            "SELECT 1 FROM ledger.customer_keys WHERE ledger_id = %s AND customer_id = %s",
            (recorder.ledger_id, "cus_nobody"),
        ).fetchall()
    assert found == []


def test_text_that_looks_sealed_is_not_taken_for_it(
    new_mapper: Callable[[], LedgerMapper],
) -> None:
    event = Registered(credit='"personal":{"sealed":"x"}', personal=None)
    stored = new_mapper().to_stored_event(recorded(event=event))
    assert new_mapper().to_domain_event(stored).event == event
    assert msgspec.json.decode(inflate(stored.state))["data"]["credit"] == event.credit


class Noted(DomainEvent):
    TOPIC: ClassVar[str] = "test.noted.v1"

    customer: str
    credit: str
    note: PersonalText


@pytest.fixture
def lookups(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The customers whose keys were looked up, a list for each time."""
    asked: list[list[str]] = []
    look_up = KeyRing._select_many  # pyright: ignore[reportPrivateUsage]

    def counted(ring: KeyRing, customer_ids: list[str]) -> dict[str, bytes]:
        asked.append(customer_ids)
        return look_up(ring, customer_ids)

    monkeypatch.setattr(KeyRing, "_select_many", counted)
    return asked


def test_events_that_are_stored_or_read_together_take_one_look_at_the_keys(
    datastore: Datastore, recorder: LedgerRecorder, lookups: list[list[str]]
) -> None:
    def new_mapper() -> LedgerMapper:
        return LedgerMapper(EventCatalogue([Noted]), KeyRing(datastore, recorder.ledger_id))

    customers = [f"cus_{number}" for number in range(5)]
    KeyRing(datastore, recorder.ledger_id).keys(customers)
    notes = [Noted(customer=one, credit="1", note=f"For {one}") for one in customers]
    events = [RecordedEvent(f"in_{n}", 1, note, META) for n, note in enumerate(notes)]
    lookups.clear()
    stored = new_mapper().to_stored_events(events)
    assert lookups == [customers]
    lookups.clear()
    reader = new_mapper()
    reader.expect(stored)
    assert [reader.to_domain_event(one).event for one in stored] == notes
    assert [sorted(asked) for asked in lookups] == [customers]
