"""Unpacks the body of a bulk request as it arrives, in pieces of bounded size."""

import zlib
from collections.abc import Iterator
from typing import Any, Final, Protocol

from api.meter_events.bulk_framing import BrokenBody

PIECE: Final = 256 * 1024
"""Bytes that are unpacked at once."""

LARGEST_UNPACKED: Final = 1024 * 1024 * 1024
LARGEST_RATIO: Final = 100
"""Usage shrinks to a tenth or a twentieth; what shrinks a hundredfold is made to exhaust us."""

_ALWAYS_ALLOWED: Final = 16 * 1024 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = zlib.MAX_WBITS | 16


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


class Gzip:
    """One or more gzip members, one after the other."""

    def __init__(self) -> None:
        self._member: Any = zlib.decompressobj(_GZIP)
        self._begun = False
        self._received = 0
        self._unpacked = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._received += len(data)
        while data:
            if self._member.eof:
                self._member = zlib.decompressobj(_GZIP)
            self._begun = True
            try:
                piece = self._member.decompress(data, PIECE)
            except zlib.error as error:
                raise BrokenBody(f"The compressed body is damaged: {error}.") from None
            self._check(len(piece))
            data = self._member.unused_data or self._member.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        if self._begun and not self._member.eof:
            raise BrokenBody("The compressed body is cut off.")

    def _check(self, unpacked: int) -> None:
        self._unpacked += unpacked
        allowed = min(self._received * LARGEST_RATIO + _ALWAYS_ALLOWED, LARGEST_UNPACKED)
        if self._unpacked > allowed:
            raise BrokenBody(
                f"The compressed body unpacks to more than {allowed} bytes. Send it in parts."
            )


def unpacking_of(content_encoding: str | None, first: bytes) -> Unpacking:
    """How a body is unpacked: by its header, or by its first bytes for a file sent as it is."""
    packed = content_encoding in {"gzip", "x-gzip"} or first.startswith(_GZIP_MAGIC)
    return Gzip() if packed else Plain()
