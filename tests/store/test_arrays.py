"""Packed arrays arrive as what they were packed from."""

import uuid
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.store.arrays import Int8Array, TextArray, UuidArray
from ledger.store.datastore import Datastore

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.none()

several = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def sent(datastore: Datastore, packed: bytes) -> list[Any]:
    with datastore.get_connection() as conn:
        row = conn.execute("SELECT %s AS array", (packed,)).fetchone()
    assert row is not None
    return row["array"]


@several
@given(st.lists(TEXTS))
def test_texts(datastore: Datastore, texts: list[str | None]) -> None:
    assert sent(datastore, TextArray.of(texts)) == texts


@several
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_numbers(datastore: Datastore, numbers: list[int]) -> None:
    assert sent(datastore, Int8Array.of(numbers)) == numbers


@several
@given(st.lists(st.uuids()))
def test_uuids(datastore: Datastore, uuids: list[uuid.UUID]) -> None:
    assert sent(datastore, UuidArray.of([one.bytes for one in uuids])) == uuids
