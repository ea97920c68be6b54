"""The two tables with a row for each meter event: what differs is looked for once more, by row."""

import struct
from collections.abc import Iterator, Sequence
from itertools import chain

from ledger.audit.verifying import usage_keys
from ledger.audit.verifying.findings import Findings
from ledger.audit.verifying.rows import Sides, differing
from ledger.audit.verifying.usage_keys import KeyRow
from ledger.audit.verifying.walk import Stretch
from projections.audit.verifying import single_rows
from projections.audit.verifying.single_rows import SingleRow
from projections.audit.verifying.tasks import Side, Slice, Verifying
from projections.meter_events.rows import METER_EVENTS


def name_differing(
    verifying: Verifying, side: Side, slices: Sequence[Slice], head: int, findings: Findings
) -> None:
    """Name the rows of a table that make its sum differ."""
    mine = [one for one in slices if one.side == side]

    def there() -> Iterator[bytes]:
        return chain.from_iterable(map(verifying.slice_rows, mine))

    def expected(first: int, last: int) -> Iterator[bytes]:
        return verifying.expected_rows(side, Stretch(first, last))

    if side == "keys":
        found = differing(Sides(there, expected, usage_keys.position_of, head))
        _name_keys(found.missing, found.surplus, findings)
    else:
        found = differing(Sides(there, expected, single_rows.position_of, head))
        _name_singles(found.missing, found.surplus, findings)


def _name_keys(missing: list[bytes], surplus: list[bytes], findings: Findings) -> None:
    standing = {row.key: row for row in _key_rows(surplus)}
    for row in _key_rows(missing):
        place = f"record {row.ordinal} there"
        other = standing.pop(row.key, None)
        what = (
            f"{place} has no key"
            if other is None
            else f"{place} has a key that says {_said(other)}"
        )
        findings.add(usage_keys.TABLE, what, row.position, str(row.key))
    for row in standing.values():
        what = f"no record has this key, which says {_said(row)}"
        findings.add(usage_keys.TABLE, what, max(row.position, 1), str(row.key))
    unreadable = sum(usage_keys.unpacked(row) is None for row in surplus)
    if unreadable:
        findings.add(usage_keys.TABLE, f"{unreadable} keys say no position or no fingerprint")


def _key_rows(rows: list[bytes]) -> list[KeyRow]:
    return [row for row in map(usage_keys.unpacked, rows) if row is not None]


def _said(row: KeyRow) -> str:
    return f"record {row.ordinal} at {row.position}, fingerprint {row.fingerprint.hex()}"


def _name_singles(missing: list[bytes], surplus: list[bytes], findings: Findings) -> None:
    table = METER_EVENTS.relation()
    standing = {(row.position, row.ordinal): row for row in _single_rows(surplus, findings)}
    for row in _single_rows(missing, findings):
        other = standing.pop((row.position, row.ordinal), None)
        what = "the row is missing" if other is None else _differing(row, other)
        findings.add(table, what, row.position, _named(row))
    for row in standing.values():
        findings.add(table, "nothing in the log leads to this row", row.position, _named(row))


def _single_rows(rows: list[bytes], findings: Findings) -> list[SingleRow]:
    read: list[SingleRow] = []
    for row in rows:
        try:
            read.append(single_rows.unpacked(row))
        except struct.error:
            findings.add(METER_EVENTS.relation(), "a row lacks what each has")
    return read


def _named(row: SingleRow) -> str:
    return f"{row.series} {row.timestamp} {row.position} {row.ordinal}"


def _differing(expected: SingleRow, found: SingleRow) -> str:
    """The first field that differs."""
    for name in expected.__struct_fields__:
        should, stands = getattr(expected, name), getattr(found, name)
        if should != stands:
            return (
                f"{name} is not that of the record"
                if name == "value"
                else (f"{name} is {stands}, not {should}")
            )
    return "it stands there twice"
