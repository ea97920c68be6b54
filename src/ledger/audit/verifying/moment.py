"""One moment of the database, looked at over several connections.

What is compared was stored by then, however long it takes and whatever is written meanwhile. The
transactions only read.
"""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString

import psycopg
from psycopg import Connection, IsolationLevel, sql
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn
from psycopg.rows import tuple_row

from ledger.store import arrays

# Who reads a page first after it was written marks its rows as committed, and where pages have
# checksums the whole page goes to the WAL. To compress it there takes longer than to read it.
_UNCOMPRESSED: Final[LiteralString] = (
    "SELECT set_config('wal_compression', 'off', true) "
    "WHERE has_parameter_privilege('wal_compression', 'SET')"
)
# It waits for processes that look at the same moment, for as long as they take.
_PATIENT: Final[LiteralString] = (
    "SELECT set_config('idle_in_transaction_session_timeout', '0', true)"
)
_COPY_HEADER_BYTES: Final = 19
_COPY_TRAILER: Final = b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Moment:
    """A connection that sees the database as it was at the moment with the name `snapshot`."""

    conn: Connection[Any]
    url: str
    snapshot: str

    def rows(self, statement: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a statement selects."""
        with self.conn.cursor(row_factory=tuple_row, binary=True) as cursor:
            return cursor.execute(statement, parameters).fetchall()

    def row(self, statement: LiteralString, **parameters: Any) -> tuple[Any, ...]:
        """The one row that a statement selects. Raises LookupError when there is none."""
        found = self.rows(statement, **parameters)
        if not found:
            raise LookupError("a statement that always has a row has none")
        return found[0]

    def copied(self, query: str) -> Iterator[bytes]:
        """The rows of a query as COPY sends them in its binary format, one after the other.

        The server sends a message for each row, and these are read one by one without the driver's
        waiting in between, which takes longer than all else that is done to a row.
        """
        server = self.conn.pgconn
        begun = server.exec_(f"COPY ({query}) TO STDOUT (FORMAT binary)".encode())
        if begun.status != ExecStatus.COPY_OUT:
            raise psycopg.errors.error_from_result(begun)
        skip, (size, sent) = _COPY_HEADER_BYTES, server.get_copy_data(0)
        try:
            while size > 0:
                row = bytes(sent)
                if skip:
                    row, skip = row[skip:], 0
                if row and row != _COPY_TRAILER:
                    yield row
                size, sent = server.get_copy_data(0)
        finally:
            _end_of_copy(server, size)


def _end_of_copy(server: PGconn, size: int) -> None:
    """Read what was left, so that the connection can be used again. Raises what went wrong."""
    while size > 0:
        size, _ = server.get_copy_data(0)
    while (ended := server.get_result()) is not None:
        if ended.status != ExecStatus.COMMAND_OK:
            raise psycopg.errors.error_from_result(ended)


@contextmanager
def moment(url: str, snapshot: str | None = None) -> Generator[Moment]:
    """The moment that has a name, or now. One that was named lasts while it is looked at."""
    with psycopg.connect(url, autocommit=True, application_name="tallybook verify") as conn:
        arrays.register(conn.adapters)
        conn.isolation_level = IsolationLevel.REPEATABLE_READ
        conn.read_only = True
        with conn.transaction():
            if snapshot is not None:
                name = sql.Literal(snapshot)
                conn.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(name))
            else:
                found = conn.execute("SELECT pg_export_snapshot()").fetchone()
                snapshot = str(found[0]) if found else ""
            conn.execute(_PATIENT)
            conn.execute(_UNCOMPRESSED)
            yield Moment(conn, url, snapshot)
