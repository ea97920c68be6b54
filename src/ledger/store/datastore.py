"""One connection pool for all ledgers of a process."""

import select
from collections.abc import Callable
from typing import Any

from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import make_conninfo
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from ledger.store import arrays

SCHEMA = "ledger"


def _check_if_heard_from(conn: Connection[Any]) -> None:
    """Find out about a connection that the server has closed, without asking the server.

    A connection at rest has nothing to read. Only what can be read from, its end or a message, is
    looked at closer, which saves a round trip whenever a connection is taken from the pool.
    """
    heard = select.poll()
    heard.register(conn.fileno(), select.POLLIN)
    if heard.poll(0):
        ConnectionPool[Connection[dict[str, Any]]].check_connection(conn)


class Datastore(PostgresDatastore):
    """The library's datastore over a connection URL, without any session setting.

    No `SET` is sent on connecting, so it works behind a pooler in transaction mode.
    """

    def __init__(self, url: str, *, pool_size: int = 10, connect_timeout: float = 10.0) -> None:
        self.url = url
        self.idle_in_transaction_session_timeout = 0
        self.pre_ping = True
        self.pool_open_timeout = None
        self.single_row_tracking = True
        self.lock_timeout = 0
        self.schema = SCHEMA
        self.originator_id_type = "text"
        self.enable_db_functions = False
        self.db_type_names = set[str]()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}
        pool: ConnectionPool[Connection[dict[str, Any]]] = ConnectionPool(
            make_conninfo(url, application_name="tallybook"),
            connection_class=Connection[dict[str, Any]],
            kwargs={"row_factory": dict_row},
            min_size=1,
            max_size=pool_size,
            open=False,
            configure=self.after_connect_func(),
            timeout=connect_timeout,
            check=_check_if_heard_from,
        )
        self.pool = pool  # pyright: ignore[reportAttributeAccessIssue]

    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        def after_connect(conn: Connection[Any]) -> None:
            conn.autocommit = True
            arrays.register(conn.adapters)

        return after_connect

    def register_type_adapters(self) -> None:
        """The library's composite types are not used: arrays of plain types are sent instead."""
