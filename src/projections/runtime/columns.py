"""The values of rows, column by column, as statements take them."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

from ledger.store.arrays import ByteaArray, Int8Array, TextArray, UuidArray

_NUMBERS: Final = frozenset({"bigint", "integer"})

SENT_AS_TEXT: Final = frozenset({"numeric", "jsonb", "boolean"})
"""Types of columns whose values are sent as an array of texts."""


def array_of(kind: str, values: list[Any]) -> Any:
    """The values of a column as an array, packed where that is possible."""
    if kind == "uuid":
        return UuidArray.of([value.bytes for value in values])
    if kind in _NUMBERS:
        return Int8Array.of(values)
    if kind == "bytea":
        return ByteaArray.of(values)
    if kind == "text":
        return TextArray.of(values)
    if kind in SENT_AS_TEXT:
        return TextArray.of([None if value is None else str(value) for value in values])
    return values


def values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Reads some attributes of a row, always as a tuple."""
    if len(names) == 1:
        name = names[0]
        return lambda row: (getattr(row, name),)
    return attrgetter(*names)
