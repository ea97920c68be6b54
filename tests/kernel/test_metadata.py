"""Metadata: what a change leaves of it."""

import pytest

from ledger.kernel.errors import InvalidRequest
from ledger.kernel.metadata import merge_metadata


def test_metadata_merges() -> None:
    old = {"a": "1", "b": "2"}
    assert merge_metadata(old, {}) == old
    assert merge_metadata(old, {"b": "3", "c": "4"}) == {"a": "1", "b": "3", "c": "4"}
    assert merge_metadata(old, {"a": ""}) == {"b": "2"}
    assert merge_metadata(old, None) == {}


def test_merged_metadata_keeps_within_fifty_keys() -> None:
    old = {f"k{n}": "x" for n in range(50)}
    assert len(merge_metadata(old, {"k0": "", "new": "x"})) == 50
    with pytest.raises(InvalidRequest) as caught:
        merge_metadata(old, {"new": "x"})
    assert caught.value.param == "metadata"
