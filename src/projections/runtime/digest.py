"""One value for all rows of a table, to tell whether two builds of it are the same."""

from typing import Any, LiteralString, cast

from psycopg import Connection

from projections.runtime.tables import Table


def digest_of(
    conn: Connection[dict[str, Any]], table: Table[Any], suffix: str = ""
) -> tuple[int, str]:
    """(number of rows, SHA-256 in hex over every row that counts, in key order), of all ledgers."""
    order = ", ".join(("ledger_id", *table.key))
    statement = cast(
        "LiteralString",
        "SELECT count(*) AS rows, encode(sha256(coalesce(string_agg("
        f"sha256(convert_to(t::text, 'UTF8')), ''::bytea ORDER BY {order}), ''::bytea)), 'hex') "
        f"AS digest FROM {table.relation(suffix)} AS t WHERE {table.counting('t', suffix)}",
    )
    record = conn.execute(statement).fetchone()
    if record is None:
        raise LookupError(f"no digest of {table.name}")
    return record["rows"], record["digest"]
