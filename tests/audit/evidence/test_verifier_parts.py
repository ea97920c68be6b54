"""The parts of the one-file verifier, held against the ledger's own and against libraries."""

import ast
import hashlib
import sys
from decimal import Decimal
from importlib.resources import files as resources
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.evidence import verify
from ledger.audit.evidence.multiproof import multiproof
from ledger.audit.merkle.entries import content_of_usage, entry
from ledger.audit.merkle.tree import hashes_over, leaf_hash, root_of
from ledger.meter_events.aggregation import MeterDefinition, MeteredEvent, tally
from ledger.meter_events.events import UsageRecord, record_bytes
from ledger.meters.events import Formula, TimeWindow

SOURCE = resources("ledger.audit.evidence").joinpath("verify.py").read_text()


def test_it_imports_nothing_but_the_standard_library() -> None:
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(SOURCE))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= set(sys.stdlib_module_names)
    assert not imported & {"socket", "subprocess", "urllib", "http", "os", "shutil"}


def test_it_is_python_3_9() -> None:
    ast.parse(SOURCE, feature_version=(3, 9))
    calls = [node for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.Call)]
    assert not [call for call in calls for word in call.keywords if word.arg == "strict"]


def test_it_knows_the_instructions_of_its_release() -> None:
    readme = resources("ledger.audit.evidence").joinpath("README.txt").read_bytes()
    assert hashlib.sha256(readme).hexdigest() == verify.README_SHA256
    for name in verify.READ - {verify.README}:
        assert name in readme.decode()


# -- Signatures ------------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_signatures_of_a_library_are_verified(seed: bytes, message: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert verify.is_signed(public, message, signature)
    assert not verify.is_signed(public, message + b".", signature)
    assert not verify.is_signed(public, message, signature[:-1])
    other = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
    assert not verify.is_signed(other.public_key().public_bytes_raw(), message, signature)


def test_every_bit_of_a_signature_and_a_key_counts() -> None:
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"root")
    for place in range(0, 512, 5):
        bit = (1 << place).to_bytes(64, "little")
        altered = bytes(a ^ b for a, b in zip(signature, bit, strict=True))
        assert not verify.is_signed(public, b"root", altered)
    for place in range(0, 256, 5):
        bit = (1 << place).to_bytes(32, "little")
        altered = bytes(a ^ b for a, b in zip(public, bit, strict=True))
        assert not verify.is_signed(altered, b"root", signature)


def test_a_signature_has_one_form() -> None:
    """Its second half below the order of the group, points below the prime (RFC 8032, 5.1.7)."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, signature = private.public_key().public_bytes_raw(), private.sign(b"root")
    scalar = int.from_bytes(signature[32:], "little") + verify.ORDER
    assert not verify.is_signed(public, b"root", signature[:32] + scalar.to_bytes(32, "little"))
    assert verify.point_of(verify.P.to_bytes(32, "little")) is None
    assert verify.point_of((1 + (1 << 255)).to_bytes(32, "little")) is None
    assert verify.point_of((2).to_bytes(32, "little")) is None


# -- Trees -----------------------------------------------------------------------------------------


@given(st.data())
def test_many_leaves_have_one_proof(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    indexes = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    proof = multiproof(indexes, size, hashes_over(leaves))
    known = [leaves[index] for index in indexes]
    assert verify.rebuilt_root(size, indexes, known, proof) == root_of(leaves)
    assert len(proof) <= len(indexes) * size.bit_length()
    forged = [leaf_hash(b"forged"), *known[1:]]
    assert verify.rebuilt_root(size, indexes, forged, proof) != root_of(leaves)
    for other in (proof[1:], [*proof, bytes(32)]) if proof else ([bytes(32)],):
        with pytest.raises(ValueError, match="too"):
            verify.rebuilt_root(size, indexes, known, other)


@pytest.mark.parametrize("indexes", [[], [-1], [4], [0, 9]])
def test_leaves_outside_of_the_tree_have_no_proof(indexes: list[int]) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(4)]
    with pytest.raises(ValueError, match="tree"):
        multiproof(indexes, 4, hashes_over(leaves))
    with pytest.raises(ValueError, match="tree"):
        verify.rebuilt_root(4, indexes, leaves[:1] * len(indexes), [])


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(texts, texts)
def test_leaves_are_those_of_the_ledger(stream: str, backfill: str) -> None:
    event = {"position": 7, "stream": stream, "version": 3, "topic": "meter.created.v2"}
    assert verify.event_leaf(2, event, "c0") == leaf_hash(
        entry(2, 7, stream, 3, "meter.created.v2", "c0")
    )
    usage = {"backfill": backfill, "count": 5, "meta": "ab"}
    assert verify.usage_content(usage, "cd") == content_of_usage(backfill, 5, "cd", "ab")
    record = UsageRecord(stream, "mtr", "cus", 1, "0.5", {backfill: stream, "b\u2028": "ü"})
    raw = record_bytes(record)
    assert verify.plain_json(verify.json.loads(raw)) == raw


# -- Usage -----------------------------------------------------------------------------------------

HOUR = 3_600_000_000
values = st.decimals(-1_000, 1_000, places=3).map(lambda value: format(value.normalize(), "f"))
records = st.lists(
    st.tuples(st.integers(0, 60 * HOUR), values, st.sampled_from(["x", "y", "ü", ""])), max_size=12
)


@given(
    records,
    st.sampled_from(["sum", "count", "last", "max", "min", "average", "unique_count"]),
    st.sampled_from([None, "hour", "day"]),
)
def test_usage_amounts_to_what_the_ledger_says(
    given_records: list[tuple[int, str, str]], formula: Formula, window: TimeWindow | None
) -> None:
    meter = MeterDefinition("mtr", formula, window)
    start, end = HOUR // 2, 50 * HOUR + 17
    counts_texts = formula == "unique_count"
    rows: list[tuple[int, int, list[Any]]] = [
        (place // 3 + 1, place % 3, ["id", "mtr", "cus", time, value, {"value": text}])
        for place, (time, value, text) in enumerate(given_records)
    ]
    first, last = meter.reach(start, end)
    usage = tally(
        meter,
        start,
        end,
        (
            MeteredEvent(position, ordinal, row[3], row[5]["value"] if counts_texts else row[4])
            for position, ordinal, row in rows
            if first <= row[3] < last
        ),
    )
    definition = {"formula": formula, "event_time_window": window, "value_key": "value"}
    counting = verify.Counting(definition, start, end)
    counted = sum(counting.take(*row) for row in rows) + len(counting.finish())
    assert counted == usage.meter_events
    assert counting.amount() == usage.quantity
    assert counting.evidence() == {
        "meter_events": usage.meter_events,
        "first_position": usage.first_position,
        "last_position": usage.last_position,
        "digest": usage.digest,
    }


@pytest.mark.parametrize(
    ("numbers", "mean"),
    [
        (["1", "2"], "1.5"),
        (["1", "1", "0"], "0.666666666667"),
        (["-1", "-1", "0"], "-0.666666666667"),
    ],
)
def test_an_average_is_rounded_as_amounts_are(numbers: list[str], mean: str) -> None:
    assert verify.average(sum(map(Decimal, numbers), Decimal(0)), len(numbers)) == Decimal(mean)
