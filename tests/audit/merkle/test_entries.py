"""What the leaf of an event commits to."""

import hashlib
import json
import zlib

import pytest
from eventsourcing.persistence import Notification

from ledger.audit.merkle import entries, tree

RECORD = b'["e-1","mtr_1","cus_1",1700158623979960,"7.5",{"model":"large"}]'
OTHER = '["e-2 \u00e9 }],[","mtr_1","cus_2",1700158623979961,null,{}]'.encode()
META = b'{"actor":"key:1","correlation_id":"req_1","recorded_at":"2026-01-01T00:00:00Z"}'


def state_of(*records: bytes, backfill: bytes = b"null", meta: bytes = META) -> bytes:
    data = b'{"backfill":' + backfill + b',"records":[' + b",".join(records) + b"]}"
    return b'{"data":' + data + b',"meta":' + meta + b"}"


def test_a_record_has_the_leaf_that_the_decision_names() -> None:
    assert entries.record_leaves(state_of(RECORD))[0].hex() == (
        "a9a2e93434c2411ce87b1b8ffc17d8eb153531bf0942dd74193568a664a8e7af"
    )


def test_an_event_is_committed_to_with_its_place_and_its_state() -> None:
    state = b'{"data":{"name":"Tokens"},"meta":{}}'
    stored = Notification("mtr_1", 2, "meter.created.v1", state, 7)

    content = hashlib.sha256(state).hexdigest()
    assert entries.entry_of(3, stored).decode() == (
        f'["tallybook/event/1",3,7,"mtr_1",2,"meter.created.v1","{content}"]'
    )
    assert entries.leaf_of(3, stored) == tree.leaf_hash(entries.entry_of(3, stored))


def test_how_a_state_is_deflated_makes_no_difference() -> None:
    state = state_of(*[RECORD] * 50)
    plain = Notification("usage", 7, "usage.recorded.v1", state, 7)

    for level in (1, 9):
        deflated = Notification("usage", 7, "usage.recorded.v1", zlib.compress(state, level), 7)
        assert entries.entry_of(3, deflated) == entries.entry_of(3, plain)


def test_usage_is_committed_to_by_the_tree_of_its_records() -> None:
    state = state_of(RECORD, OTHER, backfill=b'"moved from \\"old\\""')
    root = tree.node_hash(tree.leaf_hash(RECORD), tree.leaf_hash(OTHER)).hex()
    meta = hashlib.sha256(META).hexdigest()

    committed = ["tallybook/usage/1", 'moved from "old"', 2, root, meta]
    text = json.dumps(committed, ensure_ascii=False, separators=(",", ":"))
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert entries.content_of("usage.recorded.v1", state) == expected


@pytest.mark.parametrize(
    "state",
    [
        state_of(RECORD)[:-1],
        state_of(RECORD).replace(b'"data":', b'"data": '),
        state_of(RECORD).replace(b'"records":', b'"note":1,"records":'),
        state_of(RECORD) + b" ",
        state_of(RECORD, b" " + OTHER),
        b'{"data":{"records":[],"backfill":null},"meta":{}}',
        state_of(RECORD).replace(b'"meta"', b'"data":{"backfill":null,"records":[]},"meta"'),
        state_of(RECORD).replace(b"]}", b'],"records":[%b]}' % RECORD),
        state_of(RECORD)[:-1] + b',"meta":%b}' % META,
        state_of(RECORD).replace(b":[[", b":[ ["),
        b"{}",
        b"",
    ],
    ids=[
        "cut",
        "spaced",
        "another field",
        "a space at the end",
        "a space between records",
        "in another order",
        "data twice",
        "records twice",
        "metadata twice",
        "a space before the records",
        "without data",
        "empty",
    ],
)
def test_usage_that_was_never_written_so_is_refused(state: bytes) -> None:
    with pytest.raises(entries.MalformedUsage):
        entries.content_of("usage.recorded.v1", state)


def test_every_byte_of_a_state_counts() -> None:
    state = state_of(RECORD, OTHER)
    known = {entries.content_of("usage.recorded.v1", state)}
    refused = 0

    for at in range(len(state)):
        altered = state[:at] + bytes([state[at] ^ 1]) + state[at + 1 :]
        try:
            content = entries.content_of("usage.recorded.v1", altered)
        except entries.MalformedUsage:
            refused += 1
            continue
        assert content not in known
        known.add(content)
    assert len(known) + refused == len(state) + 1
