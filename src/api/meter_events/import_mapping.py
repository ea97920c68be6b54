"""From a row of a usage file to the meter events that it stands for."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Final, NamedTuple

from ledger.kernel.clock import to_microseconds
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.validation import LONGEST_IDENTIFIER, UsageReport

_INTEGER = re.compile(r"[0-9]{1,19}")
_SECONDS = re.compile(r"([0-9]{1,11})\.([0-9]{1,9})")
_UNIT_BY_DIGITS: Final = ((11, MICROSECONDS, 1), (14, 1_000, 1), (17, 1, 1), (19, 1, 1_000))
"""Up to so many digits an epoch time is in seconds, milli-, micro- or nanoseconds: factor and
divisor to microseconds."""


class Row(NamedTuple):
    """A row's values by column, and the line it ends on, counted from 1."""

    line: int
    values: Mapping[str, str]


class ValueColumn(NamedTuple):
    """A column of values. With a token type its events carry it in their payload."""

    column: str
    token_type: str | None = None


@dataclass(frozen=True)
class ColumnMapping:
    """Which columns make which events.

    Each row makes one event a value column, or one without a value where there is no such column.
    `source` is the part of identifiers that tells one file from another.
    """

    event_name: str
    source: str
    customer_key: str
    value_key: str
    timestamp_column: str
    value_columns: tuple[ValueColumn, ...]
    token_type_key: str = "token_type"  # noqa: S105 - a payload key
    customer: str | None = None
    customer_column: str | None = None
    identifier_column: str | None = None
    dimensions: tuple[tuple[str, str], ...] = ()

    @cached_property
    def columns(self) -> list[str]:
        """Every column that is read."""
        found = [self.timestamp_column, *(v.column for v in self.value_columns)]
        found += [column for column, _ in self.dimensions]
        return found + [c for c in (self.customer_column, self.identifier_column) if c]

    def reports_of(self, row: Row) -> Iterator[UsageReport]:
        """The events of a row; an empty value makes none. Raises InvalidRequest for a row that
        lacks a column or has no readable time."""
        for column in self.columns:
            if column not in row.values:
                raise InvalidRequest(f"There is no column {column} with a plain value.")
        timestamp = parse_time(row.values[self.timestamp_column])
        if not self.value_columns:
            yield self._report(row, timestamp, None)
        for value_column in self.value_columns:
            if row.values[value_column.column] != "":
                yield self._report(row, timestamp, value_column)

    def _report(self, row: Row, timestamp: int, value: ValueColumn | None) -> UsageReport:
        values = row.values
        payload = {key: values[column] for column, key in self.dimensions if values[column]}
        payload[self.customer_key] = self.customer or values[self.customer_column or ""]
        token_type = value.token_type if value else None
        if value:
            payload[self.value_key] = values[value.column]
        if token_type:
            payload[self.token_type_key] = token_type
        identifier = self._identifier(row, token_type)
        return UsageReport(self.event_name, identifier, payload, timestamp)

    def _identifier(self, row: Row, token_type: str | None) -> str:
        """The same for the same line of the same source, whenever it is imported."""
        own = row.values[self.identifier_column] if self.identifier_column else ""
        parts = [own] if own else [self.source, str(row.line)]
        return fitting(":".join([*parts, token_type] if token_type else parts))


def fitting(identifier: str) -> str:
    """The identifier itself, or a hash of one that is too long to be one."""
    if len(identifier) <= LONGEST_IDENTIFIER:
        return identifier
    return hashlib.sha256(identifier.encode("utf-8", "surrogateescape")).hexdigest()


def parse_time(text: str) -> int:
    """Epoch microseconds of a time: ISO 8601 (UTC where it names no offset), or epoch seconds,
    milli-, micro- or nanoseconds, told by the number of digits. What is finer than a microsecond
    is cut off. Raises InvalidRequest."""
    if _INTEGER.fullmatch(text):
        for digits, factor, divisor in _UNIT_BY_DIGITS:
            if len(text) <= digits:
                return int(text) * factor // divisor
    if fraction := _SECONDS.fullmatch(text):
        return int(fraction[1]) * MICROSECONDS + int(fraction[2][:6].ljust(6, "0"))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"The time {text[:40]!r} cannot be read.") from None
    microseconds = to_microseconds(moment.replace(tzinfo=moment.tzinfo or UTC))
    if microseconds < 0:
        raise InvalidRequest(f"The time {text[:40]!r} is before 1970.")
    return microseconds


def value_columns(texts: list[str]) -> tuple[ValueColumn, ...]:
    """Value columns as the command line gives them: `COLUMN` or `COLUMN=TOKEN_TYPE`."""
    return tuple(ValueColumn(*_split(text)) for text in texts)


def key_pairs(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Columns and the payload keys they are kept under: `COLUMN` or `COLUMN=KEY`."""
    pairs = [_split(text) for text in texts]
    return tuple((column, key or column) for column, key in pairs)


def _split(text: str) -> tuple[str, str | None]:
    """What stands before and after the last equals sign."""
    column, equals, after = text.rpartition("=")
    return (column, after or None) if equals else (text, None)
