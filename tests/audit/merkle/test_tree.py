"""The tree of RFC 6962 against its definition, written out, and against known hashes."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.merkle import tree

ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The entries that implementations of Certificate Transparency are tried with."""

ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots of the trees of the first entries, from none to all eight."""

SIZES = st.integers(min_value=1, max_value=300)


def leaves(size: int) -> list[bytes]:
    return [tree.leaf_hash(b"entry %d" % number) for number in range(size)]


def defined_root(of: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over leaves."""
    if not of:
        return hashlib.sha256(b"").digest()
    if len(of) == 1:
        return of[0]
    split = largest_power_below(len(of))
    return hashlib.sha256(b"\x01" + defined_root(of[:split]) + defined_root(of[split:])).digest()


def defined_path(index: int, of: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(of) == 1:
        return []
    split = largest_power_below(len(of))
    if index < split:
        return [*defined_path(index, of[:split]), defined_root(of[split:])]
    return [*defined_path(index - split, of[split:]), defined_root(of[:split])]


def defined_proof(first: int, of: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2."""
    if first == len(of):
        return [] if whole else [defined_root(of)]
    split = largest_power_below(len(of))
    if first <= split:
        return [*defined_proof(first, of[:split], whole=whole), defined_root(of[split:])]
    return [*defined_proof(first - split, of[split:], whole=False), defined_root(of[:split])]


def largest_power_below(number: int) -> int:
    power = 1
    while power * 2 < number:
        power *= 2
    return power


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_that_others_compute(size: int) -> None:
    hashed = tree.leaf_hashes(ENTRIES[:size])

    assert tree.root_of(hashed).hex() == ROOTS[size]
    assert [tree.leaf_hash(one) for one in ENTRIES[:size]] == hashed


def test_proofs_are_those_that_others_compute() -> None:
    hashed = tree.leaf_hashes(ENTRIES)

    assert [one.hex() for one in tree.inclusion_proof(hashed, 0)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [one.hex() for one in tree.consistency_proof(hashed, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        ROOTS[4],
    ]


@given(SIZES)
def test_a_root_is_as_defined_however_it_is_computed(size: int) -> None:
    hashed = leaves(size)
    growing = tree.GrowingTree()
    for leaf in hashed:
        growing.add(leaf)

    root = defined_root(hashed)
    assert tree.root_of(hashed) == root
    assert growing.root() == root
    assert tree.span_hash(tree.Span(0, size), tree.hashes_over(hashed)) == root


@given(st.data(), SIZES)
def test_a_leaf_is_proved_as_defined(data: st.DataObject, size: int) -> None:
    hashed = leaves(size)
    index = data.draw(st.integers(0, size - 1))

    proof = tree.inclusion_proof(hashed, index)

    assert proof == defined_path(index, hashed)
    assert tree.verify_inclusion(hashed[index], index, size, proof, defined_root(hashed))


@given(st.data(), SIZES)
def test_growth_is_proved_as_defined(data: st.DataObject, size: int) -> None:
    hashed = leaves(size)
    first = data.draw(st.integers(1, size))

    proof = tree.consistency_proof(hashed, first)

    assert proof == defined_proof(first, hashed)
    roots = defined_root(hashed[:first]), defined_root(hashed)
    assert tree.verify_consistency(first, size, proof, *roots)


@given(st.data(), SIZES)
def test_an_altered_proof_of_a_leaf_is_refused(data: st.DataObject, size: int) -> None:
    hashed = leaves(size)
    root = tree.root_of(hashed)
    index = data.draw(st.integers(0, size - 1))
    proof = tree.inclusion_proof(hashed, index)

    for altered in altered_proofs(data, proof):
        assert not tree.verify_inclusion(hashed[index], index, size, altered, root)
    assert not tree.verify_inclusion(tree.leaf_hash(b"other"), index, size, proof, root)
    assert not tree.verify_inclusion(hashed[index], index, size, proof, tree.leaf_hash(root))
    for elsewhere in {index - 1, index + 1, size}:
        assert not tree.verify_inclusion(hashed[index], elsewhere, size, proof, root)


@given(st.data(), SIZES)
def test_an_altered_proof_of_growth_is_refused(data: st.DataObject, size: int) -> None:
    hashed = leaves(size)
    first = data.draw(st.integers(1, size))
    roots = tree.root_of(hashed[:first]), tree.root_of(hashed)
    proof = tree.consistency_proof(hashed, first)
    rewritten = [tree.leaf_hash(b"other"), *hashed[1:]]

    for altered in altered_proofs(data, proof):
        assert not tree.verify_consistency(first, size, altered, *roots)
    assert not tree.verify_consistency(
        first, size, tree.consistency_proof(rewritten, first), roots[0], tree.root_of(rewritten)
    )
    assert not tree.verify_consistency(first, size, proof, tree.leaf_hash(b"other"), roots[1])
    assert not tree.verify_consistency(size + 1, size, proof, *roots)
    assert not tree.verify_consistency(0, size, proof, *roots)


def altered_proofs(data: st.DataObject, proof: list[bytes]) -> list[list[bytes]]:
    """Longer, shorter, and with one bit of one hash turned."""
    altered = [[*proof, tree.EMPTY_ROOT]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        bit = data.draw(st.integers(0, 255))
        turned = (int.from_bytes(proof[at]) ^ 1 << bit).to_bytes(32)
        altered += [proof[:-1], [*proof[:at], turned, *proof[at + 1 :]]]
    return altered


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        tree.inclusion_proof(leaves(size), index)


@pytest.mark.parametrize(("first", "size"), [(0, 3), (4, 3)])
def test_a_tree_that_does_not_grow_has_no_proof(first: int, size: int) -> None:
    with pytest.raises(ValueError, match="cannot extend"):
        tree.consistency_proof(leaves(size), first)
