"""Free text in events lies sealed, and everything else of them is read without the key."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent

from ledger.event_types import EVENT_CATALOGUE
from ledger.invoices.events import InvoiceDetailsChanged
from ledger.kernel.events import Metadata, RecordedEvent
from ledger.kernel.personal import put_texts, take_texts
from ledger.store.catalogue import payload_of
from ledger.store.datastore import Datastore
from ledger.store.mapper import LedgerMapper, inflate
from ledger.store.sealing import KeyRing
from tests.events.shapes import current_shapes
from tests.events.test_stored_bytes import FIXTURES, topic_of

META = Metadata(
    recorded_at=datetime(2026, 11, 21, tzinfo=UTC), actor="key:key_1", correlation_id="req_1"
)
OF_CUSTOMERS = {"credit_note", "invoice", "invoice_item", "subscription"}
TEXTS = {"comment", "custom_fields", "description", "footer", "memo"}
SEALED = [
    fixture
    for fixture in FIXTURES
    if topic_of(fixture) in EVENT_CATALOGUE.topics() and EVENT_CATALOGUE.texts_of(topic_of(fixture))
]
KEY = bytes(range(32))
STORED_FORM = (
    b'{"data":{"details":{"auto_advance":false,"automatically_finalizes_at":null,'
    b'"collection_method":"send_invoice","custom_fields":null,"days_until_due":7,'
    b'"default_payment_method":null,"default_tax_rates":[],"description":null,"discounts":[],'
    b'"due_date":null,"footer":null,"metadata":{},"settings":{}},"personal":{"of":"cus_a",'
    b'"sealed":"'
    b"YmXgXH0Ycc5Ze8BUph7klYldrbqrkdu3nXN/BW3WQ+TnmnhnLnZfEHPVboOUv31gOtZcak95pUOwN8yN"
    b"XzDpI2px/0egPqz9Cqk3BKnnliNk+g+HjZLgh2fyUIWsS/TVeo0oKMUF7Gn49+CcmuNul5aj1Y2TqeQl"
    b"fP+Rf8IJPb4tgKlQEemSoJlNpJH/gAEds7eY+w15Ewio2KxiZMl270ctF2rqU++YzO+4vt+yRzStRVQZ"
    b"vTjQOnmghFq0kw=="
    b'"}},'
    b'"meta":{"actor":"key:key_1","correlation_id":"req_1","recorded_at":"2026-11-21T00:00:00Z"}}'
)
"""As the first release that seals texts stores them."""


class KeysInMemory(KeyRing):
    """Keys that are in no database."""

    def __init__(self, **held: bytes) -> None:
        super().__init__(cast("Datastore", None), 1)
        self.held = held

    def _create(self, customer_ids: list[str]) -> None:
        self.held |= dict.fromkeys(customer_ids, KEY)

    def _select_many(self, customer_ids: list[str]) -> dict[str, bytes]:
        return {one: self.held[one] for one in customer_ids if one in self.held}


def test_every_field_of_free_text_is_sealed():
    found: list[str] = []
    for topic, shape in current_shapes().items():
        for path in {line.partition(": ")[0] for line in shape}:
            name = path.rpartition(".")[2]
            text = name in TEXTS or name.endswith("metadata")
            if text and topic.partition(".")[0] in OF_CUSTOMERS:
                found.append(f"{topic} {path}")
                assert f"{path}: sealed" in shape, found[-1]
    assert len(found) > 30


@pytest.mark.parametrize("fixture", SEALED, ids=lambda fixture: fixture.stem)
def test_an_event_is_the_same_with_its_key_and_has_no_words_without(fixture: Path):
    topic = topic_of(fixture)
    event = EVENT_CATALOGUE.decode(topic, fixture.read_bytes())
    keys = KeysInMemory()
    mapper = LedgerMapper(EVENT_CATALOGUE, keys)

    stored = mapper.to_stored_event(RecordedEvent("in_1", 1, event, META, customer="cus_a"))

    lying = msgspec.json.decode(inflate(stored.state))["data"]
    texts = take_texts(payload_of(event), paths := EVENT_CATALOGUE.texts_of(topic))
    assert take_texts(lying, paths) == []
    assert lying.pop("personal")["of"] == "cus_a"
    put_texts(lying, texts)
    assert lying == payload_of(event)
    assert mapper.key_holder(stored) == "cus_a"
    assert mapper.to_domain_event(stored).event == event

    keys.held.clear()
    keys.forget("cus_a")
    left = payload_of(cast("Any", mapper.to_domain_event(stored).event))
    assert take_texts(left, paths) == []
    put_texts(left, texts)
    assert left == payload_of(event)


def test_an_event_without_words_takes_no_key():
    event = EVENT_CATALOGUE.decode(
        "subscription.item_details_changed.v2", b'{"item":"si_a","metadata":{}}'
    )
    keys = KeysInMemory()
    stored = LedgerMapper(EVENT_CATALOGUE, keys).to_stored_event(
        RecordedEvent("sub_a", 1, event, META)
    )
    assert b"personal" not in inflate(stored.state)
    assert keys.held == {}


def test_words_that_are_nobodys_are_not_stored():
    event = EVENT_CATALOGUE.decode(
        "subscription.item_details_changed.v2", b'{"item":"si_a","metadata":{"note":"Ada"}}'
    )
    with pytest.raises(ValueError, match="is of no customer"):
        LedgerMapper(EVENT_CATALOGUE, KeysInMemory()).to_stored_event(
            RecordedEvent("sub_a", 1, event, META)
        )


def test_what_the_first_release_sealed_is_read_for_ever():
    stored = StoredEvent("in_a", 1, InvoiceDetailsChanged.TOPIC, STORED_FORM)
    read = LedgerMapper(EVENT_CATALOGUE, KeysInMemory(cus_a=KEY)).to_domain_event(stored).event
    assert isinstance(read, InvoiceDetailsChanged)
    assert read.details.description == "For Ada Lovelace"
    assert [one.value for one in read.details.custom_fields or ()] == ["Order 7"]
    assert read.details.metadata == {"for": "Ada"}
