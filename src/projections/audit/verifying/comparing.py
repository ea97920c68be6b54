"""The rows of a table, held against those that the log leads to; each that differs is named."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

import msgspec
from psycopg.rows import dict_row

from ledger.audit.verifying.findings import Findings
from ledger.audit.verifying.moment import Moment
from ledger.audit.verifying.walk import described
from projections.audit.verifying.packing import columns, packed_by
from projections.runtime.tables import Table

Expected = Mapping[tuple[Any, ...], msgspec.Struct]
"""Rows by their keys."""

_PAGE: Final = 1_000

_json = msgspec.json.Decoder()


def compare(
    moment: Moment, ledger_id: int, table: Table[Any], expected: Expected, findings: Findings
) -> int:
    """Every row that counts with what it has to be; how many there are.

    Rows without documents are looked at one by one only where any of them differs.
    """
    if not table.document and _same(moment, ledger_id, table, expected):
        return len(expected)
    differs = _document_differs(table) if table.document else _columns_differ(table)
    left, looked_at = dict(expected), 0
    for record in _records(moment, ledger_id, table):
        looked_at += 1
        key = tuple(record[name] for name in table.key)
        named = " ".join(map(str, key))
        row = left.pop(key, None)
        why = "nothing in the log leads to this row" if row is None else differs(row, record)
        if why is not None:
            findings.add(table.relation(), why, None, named)
    for key in left:
        findings.add(table.relation(), "the row is missing", None, " ".join(map(str, key)))
    return looked_at


def _same(moment: Moment, ledger_id: int, table: Table[Any], expected: Expected) -> bool:
    pack = packed_by(table)
    left = {pack(row) for row in expected.values()}
    query = f"SELECT {columns(table)} FROM {table.relation()} WHERE ledger_id = {ledger_id}"
    for row in moment.copied(query):
        if row not in left:
            return False
        left.remove(row)
    return not left


def _records(moment: Moment, ledger_id: int, table: Table[Any]) -> Iterator[dict[str, Any]]:
    what = f"{columns(table)}, data::text AS data" if table.document else columns(table)
    statement = f"SELECT {what} FROM {table.relation()} WHERE ledger_id = %s"
    with moment.conn.cursor(name="compared", row_factory=dict_row) as cursor:
        cursor.itersize = _PAGE
        cursor.execute(cast("Any", statement), (ledger_id,))
        yield from cursor


_Differs = Callable[[msgspec.Struct, dict[str, Any]], str | None]


def _columns_differ(table: Table[Any]) -> _Differs:
    def differs(expected: msgspec.Struct, record: dict[str, Any]) -> str | None:
        found = table.from_record(record)
        same = all(_written(getattr(expected, n)) == _written(record[n]) for n in table.types)
        return None if same else differing_field(expected, found)

    return differs


def _written(value: object) -> object:
    """A value as it is stored: numbers with as many decimals as they are given with."""
    return format(value, "f") if isinstance(value, Decimal) else value


def _document_differs(table: Table[Any]) -> _Differs:
    def differs(expected: msgspec.Struct, record: dict[str, Any]) -> str | None:
        try:
            found = table.decode(record["data"])
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            return f"the row cannot be read: {described(error)}"
        if found != expected:
            return differing_field(expected, found)
        for name in table.types:
            if record[name] != getattr(expected, name):
                return f"column {name} is {record[name]}, not {getattr(expected, name)}"
        if _json.decode(record["data"]) != _json.decode(table.document_of(expected)):
            return "the document says more than it has to"
        return None

    return differs


def differing_field(expected: msgspec.Struct, found: msgspec.Struct) -> str:
    """The first field that differs."""
    for name in expected.__struct_fields__:
        should, stands = getattr(expected, name), getattr(found, name)
        if should != stands:
            return f"{name} is {_short(stands)}, not {_short(should)}"
    return "it is written otherwise"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
