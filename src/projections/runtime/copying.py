"""Rows as PostgreSQL's COPY takes them in its binary format, packed by who makes many of them."""

import struct
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar, runtime_checkable

import msgspec

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"

NULL: Final = b"\xff\xff\xff\xff"
"""The field of no value."""

_GROUP: Final = 4
_MOST_KEPT: Final = 50_000
_POSITIVE, _NEGATIVE = 0x0000, 0x4000

Row_co = TypeVar("Row_co", bound=msgspec.Struct, covariant=True)


@runtime_checkable
class PackedRows(Protocol[Row_co]):
    """Rows that write themselves: a table takes them without looking at each."""

    def rows(self) -> Iterable[Row_co]:
        """The same as rows, for who cannot take them packed."""
        ...

    def packed(self, ledger_id: int) -> Iterable[bytes]:
        """One after another, each with the ledger and all columns in the order of the table; in
        pieces."""
        ...


class NumericFields(dict[str | None, bytes]):
    """The field of a `numeric` by its canonical decimal text. Those seen last are kept."""

    def __missing__(self, text: str | None) -> bytes:
        if len(self) >= _MOST_KEPT:
            self.clear()
        field = self[text] = NULL if text is None else _numeric(text)
        return field


class TextFields(dict[bytes, bytes]):
    """The field of a text by its bytes. Those seen last are kept."""

    def __missing__(self, text: bytes) -> bytes:
        if len(self) >= _MOST_KEPT:
            self.clear()
        field = self[text] = struct.pack("!i", len(text)) + text
        return field


def _numeric(text: str) -> bytes:
    """Groups of four decimal digits, the first of weight 0 just before the point."""
    magnitude = text.removeprefix("-")
    whole, _, fraction = magnitude.partition(".")
    before = -len(whole) % _GROUP + len(whole)
    after = -len(fraction) % _GROUP + len(fraction)
    digits = whole.rjust(before, "0") + fraction.ljust(after, "0")
    groups = [int(digits[at : at + _GROUP]) for at in range(0, len(digits), _GROUP)]
    weight = before // _GROUP - 1
    while groups and groups[0] == 0:
        groups.pop(0)
        weight -= 1
    while groups and groups[-1] == 0:
        groups.pop()
    sign = _NEGATIVE if groups and text.startswith("-") else _POSITIVE
    number = struct.pack(
        f"!HhHH{len(groups)}H",
        len(groups),
        weight if groups else 0,
        sign,
        len(fraction),
        *groups,
    )
    return struct.pack("!i", len(number)) + number
