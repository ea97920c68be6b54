"""How usage is stored: canonical bytes that never change meaning."""

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.meter_events import events
from ledger.meter_events.events import EVENTS, UsageRecord, UsageRecorded, record_bytes
from ledger.store.catalogue import EventCatalogue, encode_event

STORED = Path(__file__).parents[1] / "events"

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
RECORDS = st.builds(
    UsageRecord,
    TEXT,
    TEXT,
    TEXT,
    st.integers(0, 2**53),
    st.none() | st.just("1.5"),
    st.dictionaries(TEXT, TEXT, max_size=4),
)


def test_a_record_is_an_array_without_spaces_with_sorted_payload_keys() -> None:
    record = UsageRecord("e-1", "mtr_1", "cus_1", 1700158623979960, "7.5", {"b": "é", "a": "\n"})
    expected = '["e-1","mtr_1","cus_1",1700158623979960,"7.5",{"a":"\\n","b":"é"}]'
    assert record_bytes(record) == expected.encode()


def test_the_leaf_of_a_record_as_the_decision_gives_it() -> None:
    record = UsageRecord("e-1", "mtr_1", "cus_1", 1700158623979960, "7.5", {"model": "large"})
    leaf = hashlib.sha256(b"\0" + record_bytes(record)).hexdigest()
    assert leaf == "a9a2e93434c2411ce87b1b8ffc17d8eb153531bf0942dd74193568a664a8e7af"


@given(st.lists(RECORDS, min_size=1, max_size=5), st.none() | TEXT)
def test_records_are_read_back_as_written(records: list[UsageRecord], backfill: str | None) -> None:
    raw = [record_bytes(record) for record in records]
    event = UsageRecorded.of(raw, backfill)
    again = UsageRecorded.decode_payload(event.encode_payload())
    assert again == event
    assert again.records() == tuple(records)
    assert again.raw_records() == raw
    assert [record_bytes(record) for record in again.records()] == raw


@given(st.lists(RECORDS, max_size=8), st.integers(0, 400))
@example([UsageRecord("}],[", "}],[", "c", 1, None, {"a": "}],[", "b": '"}],["'})] * 3, 0)
def test_records_are_the_same_in_whatever_portions_they_are_decoded(
    records: list[UsageRecord], portion: int
) -> None:
    event = UsageRecorded.of([record_bytes(record) for record in records])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "_PORTION_BYTES", portion)
        found = [
            (msgspec.json.decode(identifier), *named, msgspec.json.decode(payload))
            for identifier, *named, payload in event.undecoded_records()
        ]
    assert found == [msgspec.structs.astuple(record) for record in records]


def test_a_damaged_record_is_told_after_those_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_PORTION_BYTES", 0)
    raw = record_bytes(UsageRecord("e-1", "mtr_1", "cus_1", 1, "7.5", {"model": "large"}))
    reading = UsageRecorded.of([raw, raw.replace(b",1,", b",x,"), raw]).undecoded_records()
    assert next(reading)[3] == 1
    with pytest.raises(msgspec.DecodeError):
        next(reading)


def test_a_payload_of_another_shape_is_refused() -> None:
    with pytest.raises(msgspec.DecodeError):
        UsageRecorded.decode_payload(b'{"backfill":null}')


@pytest.mark.parametrize("topic", [event.TOPIC for event in EVENTS])
def test_stored_bytes_of_every_version_are_still_read_and_written_alike(topic: str) -> None:
    catalogue = EventCatalogue(EVENTS)
    fixtures = sorted(STORED.glob(f"{topic}*.json"))
    assert fixtures
    for path in fixtures:
        payload = path.read_bytes().rstrip(b"\n")
        assert encode_event(catalogue.decode(topic, payload)) == payload
