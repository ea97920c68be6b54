"""How the body of a bulk request is read: which formats there are, and how fast it must come."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Final

import anyio
from litestar.exceptions import HTTPException

from api.http.errors import ApiError
from api.meter_events.bulk_formats import FORMATS, Format

LARGEST_BODY: Final = 64 * 1024 * 1024
"""Bytes of one body as it is sent, packed or not."""

PIECE: Final = 512 * 1024
PIECE_SECONDS: Final = 60
"""So long a piece may take to arrive; whoever sends slower holds a place that others need."""


_FORMATS: Final[Mapping[str, Format]] = {
    **{one.content_type: one for one in FORMATS.values()},
    "application/ndjson": FORMATS["ndjson"],
    "application/jsonl": FORMATS["ndjson"],
}
_ENCODINGS: Final = frozenset({"", "identity", "gzip", "x-gzip", "zstd"})


def format_of(headers: Mapping[str, str]) -> tuple[Format, str]:
    """Format and content encoding of a request. Raises ApiError 413 or 415 for any other."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = headers.get("content-encoding", "").strip().lower()
    if kind not in _FORMATS:
        raise ApiError(
            f"Invalid content type: {kind[:80] or 'none'}. This endpoint takes "
            f"{', '.join(_FORMATS)}.",
            status=415,
        )
    if encoding not in _ENCODINGS:
        raise ApiError(
            f"Invalid content encoding: {encoding[:80]}. Send the body packed "
            "with gzip or zstd, or plain.",
            status=415,
            headers={"Accept-Encoding": "gzip, zstd, identity"},
        )
    length = headers.get("content-length", "")
    if length.isdecimal() and len(length) < 20 and int(length) > LARGEST_BODY:
        raise _too_large()
    return _FORMATS[kind], encoding


async def pieces(stream: AsyncIterator[bytes]) -> AsyncGenerator[tuple[bytes, bool]]:
    """The body in pieces of some size, each with whether it is the last.

    Raises ApiError: 408 for a client that sends too slowly, 413 for a body that is too large, 400
    for one that was cut off.
    """
    total, ended = 0, False
    while not ended:
        held = bytearray()
        with anyio.move_on_after(PIECE_SECONDS) as scope:
            while len(held) < PIECE:
                try:
                    held += await anext(stream)
                except StopAsyncIteration:
                    ended = True
                    break
                except HTTPException as error:
                    raise ApiError(f"The body is cut off: {error.detail}.") from None
        if scope.cancelled_caught:
            raise ApiError(
                f"The body comes too slowly: {PIECE} bytes took more than {PIECE_SECONDS} "
                "seconds. Send it in parts.",
                status=408,
                headers={"Connection": "close"},
            )
        total += len(held)
        if total > LARGEST_BODY:
            raise _too_large()
        yield bytes(held), ended


def _too_large() -> ApiError:
    return ApiError(
        f"The request is too large: at most {LARGEST_BODY} bytes are accepted. Send it in parts.",
        status=413,
    )
