"""Packs bytes as clients do."""

import gzip
import sys
from collections.abc import Callable, Mapping
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_WINDOW: Final = int(zstd.CompressionParameter.window_log)
_CHECKSUM: Final = int(zstd.CompressionParameter.checksum_flag)


def zstd_packed(data: bytes, window: int | None = None) -> bytes:
    """One zstd frame with a checksum, as the `zstd` program makes it; `window` is the power of
    two of the memory that it asks for."""
    options = {_CHECKSUM: 1} | ({} if window is None else {_WINDOW: window})
    return zstd.compress(data, options=options)


PACKERS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": gzip.compress,
    "zstd": zstd_packed,
}
"""By the name of the content encoding."""
