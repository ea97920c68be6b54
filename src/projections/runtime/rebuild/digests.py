"""What the rows of a table amount to: how many there are, and a digest that knows no order.

The digest of a ledger's rows is a sum over hashes of rows, so that it takes neither order nor
memory and PostgreSQL computes it with several processes. It tells whether two builds are the same;
it is no evidence against somebody who makes rows up (decision 30).
"""

import hashlib
from typing import Any, Final, LiteralString, NamedTuple, cast

from psycopg import Connection
from psycopg.rows import tuple_row

from projections.runtime.partitions import all_count
from projections.runtime.tables import Table

_METHOD: Final = "2"
"""Rises with what is hashed: digests of two methods say nothing about each other."""

# The hash of a value `x` goes into that of the next one as its seed `s`. Called by name they take
# a third of the time that PostgreSQL takes to make a record of a row and to hash that.
_HASHES: Final = {
    "bigint": "hashint8extended({x}, {s})",
    "integer": "hashint4extended({x}, {s})",
    "boolean": "hashint4extended({x}::integer, {s})",
    "text": "hashtextextended({x}, {s})",
    "uuid": "uuid_hash_extended({x}, {s})",
    "jsonb": "jsonb_hash_extended({x}, {s})",
    # Equal numbers hash alike, however many decimals they are written with; rows do not.
    "numeric": "hash_numeric_extended({x}, {s} # scale({x}))",
}
_ANY_OTHER: Final = "hash_record_extended(ROW({x}), {s})"

_NOTHING: Final = {
    "bigint": "0",
    "integer": "0",
    "boolean": "false",
    "text": "''",
    "uuid": "'00000000-0000-0000-0000-000000000000'",
    "jsonb": "'null'",
    "numeric": "0",
}
"""Stands for a NULL: the hash says which values are."""
_WHOLE_NUMBERS: Final = ("bigint", "integer")


class Contents(NamedTuple):
    """How many rows a table has in a ledger, and their digest."""

    rows: int
    digest: str


def contents_of(conn: Connection[Any], table: Table[Any], side: str = "") -> dict[int, Contents]:
    """What the rows of a table that count amount to, ledger by ledger."""
    relation = table.relation(side)
    counting = "true" if all_count(conn, table, side) else table.counting("t", side)
    measured = f"count(*), sum({row_hash(table, 't')}) FROM {relation} AS t WHERE {counting}"
    [(first, last)] = _rows(conn, f"SELECT min(ledger_id), max(ledger_id) FROM {relation}")
    if first == last:  # a sum of all rows takes a third less than one for each ledger
        found = _rows(conn, f"SELECT {'NULL' if first is None else first}::integer, {measured}")
    else:
        found = _rows(conn, f"SELECT t.ledger_id, {measured} GROUP BY t.ledger_id")
    return {ledger: Contents(rows, digest_of(rows, total)) for ledger, rows, total in found if rows}


def digest_of(*parts: object) -> str:
    """A digest of some parts, after the number of the method."""
    return f"{_METHOD}:{hashlib.sha256(repr(parts).encode()).hexdigest()}"


def row_hash(table: Table[Any], alias: str) -> str:
    """SQL for 64 bits that say what a row is, but for its ledger."""
    keys = [name for name in table.types if name in table.key]
    number = next((name for name in keys if table.types[name] in _WHOLE_NUMBERS), None)
    seed = "0"
    if number is not None and len(keys) > 1:
        keys.remove(number)
        seed = f"{alias}.{number}::bigint"
    for n, name in enumerate(keys):
        seed = _hashed(table.types[name], f"{alias}.{name}", seed)
        if n == 0:
            seed += _nulls(table, alias)
    for name, kind in table.types.items():
        if name not in table.key:
            value = f"{alias}.{name}"
            if kind in _NOTHING:
                value = f"coalesce({value}, {_NOTHING[kind]})"
            seed = _hashed(kind, value, seed)
    return _hashed("jsonb", f"{alias}.data", seed) if table.document else seed


def _hashed(kind: str, value: str, seed: str) -> str:
    return _HASHES.get(kind, _ANY_OTHER).format(x=value, s=seed)


def _nulls(table: Table[Any], alias: str) -> str:
    """SQL that changes a hash by which of the values are NULL, which few are."""
    nulls = [f"{alias}.{name} IS NULL" for name in table.types if name not in table.key]
    bits = [f"({null})::integer::bigint << {n % 64}" for n, null in enumerate(nulls)]
    if not nulls:
        return ""
    which = " | ".join(f"({bit})" for bit in bits)
    return f" # CASE WHEN {' OR '.join(nulls)} THEN {which} ELSE 0 END"


def _rows(conn: Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(cast("LiteralString", statement)).fetchall()
