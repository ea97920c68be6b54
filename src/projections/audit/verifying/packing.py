"""Rows without documents, as COPY sends them in its binary format."""

import struct
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger.kernel.quantities import decimal_text
from projections.runtime.copying import NULL, NumericFields
from projections.runtime.tables import Table

Packed = Callable[[msgspec.Struct], bytes]

_LENGTH: Final = struct.Struct("!i")
_BIGINT: Final = struct.Struct("!iq")
_INTEGER: Final = struct.Struct("!ii")
_COUNT: Final = struct.Struct("!h")


def columns(table: Table[Any]) -> str:
    """The columns of a table, in the order in which they are packed."""
    return ", ".join(table.types)


def packed_by(table: Table[Any]) -> Packed:
    """Packs rows of a table with all its columns, without the ledger."""
    numbers = NumericFields()

    kinds: dict[str, Callable[[Any], bytes]] = {
        "bigint": lambda value: _BIGINT.pack(8, value),
        "integer": lambda value: _INTEGER.pack(4, value),
        "boolean": lambda value: _sized(b"\1" if value else b"\0"),
        "numeric": lambda value: numbers[decimal_text(value)],
        "text": lambda value: _sized(value.encode()),
        "uuid": _uuid,
    }
    values_of, packers = table.values_of, [kinds[kind] for kind in table.types.values()]
    count = _COUNT.pack(len(packers))

    def pack(row: msgspec.Struct) -> bytes:
        values = zip(values_of(row), packers, strict=True)
        return count + b"".join([NULL if v is None else packed(v) for v, packed in values])

    return pack


def _uuid(value: UUID) -> bytes:
    return _sized(value.bytes)


def _sized(value: bytes) -> bytes:
    return _LENGTH.pack(len(value)) + value
