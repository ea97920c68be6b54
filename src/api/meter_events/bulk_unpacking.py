"""Unpacks the body of a bulk request as it arrives, in pieces of bounded size."""

import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from api.meter_events.bulk_framing import BrokenBody

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE: Final = 256 * 1024
"""Bytes that are unpacked at once."""

_SLICE: Final = 32 * 1024
"""Packed bytes given at once: what follows a member is copied, however short the member is."""

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZSTD_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_GZIP: Final = zlib.MAX_WBITS | 16
_MARK: Final = b"\xef\xbb\xbf"
_OTHER_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class Bounds(NamedTuple):
    """How far packed bytes may grow: always to `always`, then `ratio` times up to `most`.

    `window` is the power of two of the memory that zstd may ask for, `frames` how many of its
    frames there may be: each takes time, even an empty one.
    """

    always: int
    ratio: int
    most: int
    window: int
    frames: int


OF_REQUESTS: Final = Bounds(16 * 1024 * 1024, 100, 1024 * 1024 * 1024, 23, 100_000)
"""Usage shrinks to a tenth or a twentieth; what shrinks a hundredfold is made to exhaust us. The
window is the one that the standard (RFC 9659) allows for HTTP: 8 MiB."""

OF_FILES: Final = Bounds(sys.maxsize, 1, sys.maxsize, 27, sys.maxsize)
"""A person's own file may grow as it likes; the window is what `zstd --long` and `--ultra` use."""


class Unpacking(Protocol):
    """Gives the bytes behind the bytes. Both calls raise BrokenBody."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> None: ...


class Plain:
    """Nothing is packed."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


@dataclass(slots=True)
class _Growth:
    """How much came and how much it became. Raises BrokenBody out of bounds."""

    bounds: Bounds
    received: int = 0
    unpacked: int = 0

    def take(self, piece: bytes) -> None:
        self.unpacked += len(piece)
        allowed = min(self.received * self.bounds.ratio + self.bounds.always, self.bounds.most)
        if self.unpacked > allowed:
            raise BrokenBody(
                f"The compressed body unpacks to more than {allowed} bytes. Send it in parts."
            )


class Gzip:
    """One or more gzip members, one after the other."""

    def __init__(self, bounds: Bounds) -> None:
        self._member: Any = zlib.decompressobj(_GZIP)
        self._begun = False
        self._growth = _Growth(bounds)

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._growth.received += len(data)
        for part in _slices(data):
            yield from self._unpacked(part)

    def finish(self) -> None:
        if self._begun and not self._member.eof:
            raise BrokenBody("The compressed body is cut off.")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as error:
                raise BrokenBody(f"The compressed body is damaged: {error}.") from None
            self._growth.take(piece)
            data = self._member.unused_data or self._member.unconsumed_tail
            if piece:
                yield piece


class Zstd:
    """One or more zstd frames, one after the other."""

    def __init__(self, bounds: Bounds) -> None:
        self._options = {int(zstd.DecompressionParameter.window_log_max): bounds.window}
        self._frame: zstd.ZstdDecompressor | None = None
        self._frames = 0
        self._growth = _Growth(bounds)

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._growth.received += len(data)
        for part in _slices(data):
            yield from self._unpacked(part)

    def finish(self) -> None:
        if self._frame is not None:
            raise BrokenBody("The compressed body is cut off.")

    def _unpacked(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._frame is None or self._frame.needs_input):
            frame = self._frame = self._frame or zstd.ZstdDecompressor(options=self._options)
            try:
                piece = frame.decompress(data, PIECE)
            except zstd.ZstdError as error:
                raise BrokenBody(f"The compressed body cannot be unpacked: {error}.") from None
            self._growth.take(piece)
            data = b""  # what was not read yet is kept by the frame
            if frame.eof:
                data, self._frame = frame.unused_data, None
                self._count()
            if piece:
                yield piece

    def _count(self) -> None:
        self._frames += 1
        if self._frames > self._growth.bounds.frames:
            raise BrokenBody(
                f"The compressed body has more than {self._growth.bounds.frames} frames."
            )


class Utf8:
    """Text behind bytes, without the mark that says it is UTF-8. What shows itself as another
    encoding is refused."""

    def __init__(self, packed: Unpacking) -> None:
        self._packed = packed
        self._begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for piece in self._packed.feed(data):
            if self._begun:
                yield piece
            else:
                self._begun = True
                yield _beginning(piece)

    def finish(self) -> None:
        self._packed.finish()


def unpacking_of(
    content_encoding: str | None, first: bytes, bounds: Bounds = OF_REQUESTS
) -> Unpacking:
    """How a body is unpacked: by its header, or by its first bytes for a file sent as it is."""
    if content_encoding in {"gzip", "x-gzip"} or first.startswith(_GZIP_MAGIC):
        return Utf8(Gzip(bounds))
    if content_encoding == "zstd" or first.startswith(_ZSTD_MAGIC):
        return Utf8(Zstd(bounds))
    return Utf8(Plain())


def _beginning(text: bytes) -> bytes:
    if text.startswith(_OTHER_MARKS) or b"\0" in text[:4]:
        raise BrokenBody("The body is not UTF-8: it seems to be UTF-16 or UTF-32.")
    return text.removeprefix(_MARK)


def _slices(data: bytes) -> Iterator[bytes]:
    return (data[start : start + _SLICE] for start in range(0, len(data), _SLICE))
