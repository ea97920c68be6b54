"""Packed bodies: in whatever cuts they come, and how far they may grow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.meter_events.bulk_framing import BrokenBody
from api.meter_events.bulk_unpacking import (
    OF_FILES,
    OF_REQUESTS,
    PIECE,
    Bounds,
    Gzip,
    Unpacking,
    Zstd,
    unpacking_of,
)
from tests.support.packing import PACKERS, zstd_packed

CLASSES = {"gzip": Gzip, "zstd": Zstd}
ENCODINGS = st.sampled_from(sorted(PACKERS))
SKIPPABLE = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"any"


def unpacked(
    packed: bytes, encoding: str, at_once: int = 1 << 20, bounds: Bounds = OF_REQUESTS
) -> bytes:
    """All of it, given so many bytes at once."""
    return from_pieces(CLASSES[encoding](bounds), packed, at_once)


def from_pieces(unpacking: Unpacking, packed: bytes, at_once: int = 1 << 20) -> bytes:
    pieces = [
        piece
        for start in range(0, len(packed), at_once)
        for piece in unpacking.feed(packed[start : start + at_once])
    ]
    unpacking.finish()
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    return b"".join(pieces)


@given(ENCODINGS, st.lists(st.binary(max_size=300), max_size=4), st.integers(1, 700))
def test_members_are_unpacked_one_after_the_other(
    encoding: str, members: list[bytes], at_once: int
) -> None:
    packed = b"".join(PACKERS[encoding](member) for member in members)
    assert unpacked(packed, encoding, at_once) == b"".join(members)


@given(ENCODINGS, st.binary(min_size=1, max_size=300), st.data())
def test_what_is_cut_off_is_told(encoding: str, content: bytes, data: st.DataObject) -> None:
    packed = PACKERS[encoding](content)
    length = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(BrokenBody, match="cut off"):
        unpacked(packed[:length], encoding)
    with pytest.raises(BrokenBody, match="cut off"):
        unpacked(packed + packed[:length], encoding)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_long_body_comes_in_pieces(encoding: str) -> None:
    content = bytes(range(256)) * 20_000
    assert unpacked(PACKERS[encoding](content), encoding) == content


@pytest.mark.parametrize("encoding", PACKERS)
def test_other_bytes_are_told(encoding: str) -> None:
    with pytest.raises(BrokenBody, match="The compressed body"):
        unpacked(b"these are other bytes", encoding)
    with pytest.raises(BrokenBody, match="The compressed body"):
        unpacked(PACKERS[encoding](b"x") + b"these are other bytes", encoding)


@pytest.mark.parametrize("encoding", PACKERS)
def test_a_request_may_grow_so_far_and_a_file_as_it_likes(encoding: str) -> None:
    packed = PACKERS[encoding](bytes(40_000_000))
    with pytest.raises(BrokenBody, match="unpacks to more than"):
        unpacked(packed, encoding)
    assert len(unpacked(packed, encoding, bounds=OF_FILES)) == 40_000_000


def test_no_request_grows_beyond_its_bound_however_large_it_is() -> None:
    bounds = OF_REQUESTS._replace(always=1000, ratio=1000, most=5000)
    with pytest.raises(BrokenBody, match="more than 5000 bytes"):
        unpacked(PACKERS["gzip"](bytes(5001)), "gzip", bounds=bounds)


def test_zstd_asks_for_a_bounded_window() -> None:
    packed = zstd_packed(bytes(10_000_000) + b"end", window=24)
    with pytest.raises(BrokenBody, match="memory"):
        unpacked(packed, "zstd")
    assert unpacked(packed, "zstd", bounds=OF_FILES).endswith(b"end")


def test_zstd_skips_what_says_so_and_counts_frames() -> None:
    packed = zstd_packed(b"one") + SKIPPABLE + zstd_packed(b"two")
    assert unpacked(packed, "zstd") == b"onetwo"
    with pytest.raises(BrokenBody, match="more than 100 frames"):
        unpacked(zstd_packed(b"") * 101, "zstd", bounds=OF_REQUESTS._replace(frames=100))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("packed", [None, "gzip", "zstd"])
def test_another_encoding_of_text_is_told(encoding: str, packed: str | None) -> None:
    text = '{"event_name": 1}'.encode(encoding)
    body = text if packed is None else PACKERS[packed](text)
    with pytest.raises(BrokenBody, match="not UTF-8"):
        from_pieces(unpacking_of(packed, body), body)


def test_the_mark_of_utf_8_is_left_out() -> None:
    body = "{}".encode("utf-8-sig")
    assert from_pieces(unpacking_of(None, body), body) == b"{}"
    packed = zstd_packed(body)
    assert from_pieces(unpacking_of(None, packed), packed) == b"{}"
