"""Rows of a usage file as records of the bulk door's own kind, each with the line it came from."""

from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from api.meter_events.bulk_formats import FORMATS, Format, FormatName
from api.meter_events.bulk_framing import Cut, Framing, Table
from api.meter_events.bulk_records import read_record
from api.meter_events.import_mapping import ColumnMapping, Row, ValueColumn
from ledger.kernel.errors import InvalidRequest
from ledger.meter_events.aggregation import MICROSECONDS
from ledger.meter_events.validation import UsageReport
from ledger.meters.aggregate import Meter

_TOO_LARGE: Final = 10**40


@dataclass(slots=True)
class MappedRows:
    """Cuts a file as `rows` does and gives the records that the mapping makes of each row."""

    rows: Framing
    mapping: ColumnMapping

    def feed(self, data: bytes) -> list[Cut]:
        return self._records(self.rows.feed(data))

    def finish(self) -> list[Cut]:
        return self._records(self.rows.finish())

    def _records(self, rows: list[Cut]) -> list[Cut]:
        return [record for row in rows for record in self._of(row)]

    def _of(self, row: Cut) -> list[Cut]:
        if row.fault is not None:
            return [row]
        try:
            values = _texts(row.raw)
            return [
                Cut(row.line, _encoded(report))
                for report in self.mapping.reports_of(Row(row.line, values))
            ]
        except InvalidRequest as error:
            return [Cut(row.line, b"", error.message)]


class Mapped(Protocol):
    """A mapping but for what the meter says."""

    def __call__(self, *, customer_key: str, value_key: str) -> ColumnMapping: ...


def mapped_format(kind: FormatName, meter: Meter, mapped: Mapped, delimiter: str = ",") -> Format:
    """The format of a file of rows: CSV with a header, or JSON objects. Without a value column
    the meter's own key is one."""
    mapping = mapped(customer_key=meter.customer_key, value_key=meter.value_key)
    if not mapping.value_columns and meter.formula != "count":
        mapping = replace(mapping, value_columns=(ValueColumn(meter.value_key),))
    return rows_format(kind, mapping, delimiter)


def rows_format(kind: FormatName, mapping: ColumnMapping, delimiter: str = ",") -> Format:
    """The same for a whole mapping."""

    def framing() -> Framing:
        if kind == "csv":
            return MappedRows(Table(msgspec.json.encode, mapping.columns, delimiter), mapping)
        return MappedRows(FORMATS[kind].framing(), mapping)

    return Format(FORMATS[kind].content_type, framing, read_record)


class _Number(NamedTuple):
    """A JSON number that is no integer, as it was written."""

    text: str


_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=_Number)


def _texts(raw: bytes) -> dict[str, str]:
    """The plain values of a JSON object as text; a number keeps its digits."""
    try:
        values = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"This is no valid JSON object: {error}.") from None
    texts = {key: _text(value) for key, value in values.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _text(value: object) -> str | None:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value) if abs(value) < _TOO_LARGE else None
        case _Number():
            return value.text
        case _:
            return None


def _encoded(report: UsageReport) -> bytes:
    second, rest = divmod(report.timestamp or 0, MICROSECONDS)
    return msgspec.json.encode(
        {
            "event_name": report.event_name,
            "identifier": report.identifier,
            "timestamp": f"{second}.{rest:06}",
            "payload": report.payload,
        }
    )
