"""Alters stored events behind the ledger's back, as only the owner of the tables can."""

from collections.abc import Generator
from contextlib import contextmanager

import psycopg

from ledger.store.mapper import deflate, inflate


def rewrite(
    owner_url: str, ledger_id: int, topic: str, old: bytes, new: bytes, *, stream: str | None = None
) -> None:
    """Replace bytes in the one event of a topic, and of a stream if it is named, that has them."""
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(
            "SELECT position, state FROM ledger.events WHERE ledger_id = %s AND topic = %s "
            "AND originator_id = coalesce(%s, originator_id)",
            (ledger_id, topic, stream),
        ).fetchall()
        altered = [
            (deflate(inflate(state).replace(old, new)), ledger_id, position)
            for position, state in rows
            if old in inflate(state)
        ]
        assert len(altered) == 1
        connection.execute(
            "UPDATE ledger.events SET state = %s WHERE ledger_id = %s AND position = %s",
            altered[0],
        )


@contextmanager
def rewritten(
    owner_url: str, ledger_id: int, topic: str, old: bytes, new: bytes, *, stream: str
) -> Generator[None]:
    """The same for as long as the block runs, in a ledger that other tests use too."""
    rewrite(owner_url, ledger_id, topic, old, new, stream=stream)
    try:
        yield
    finally:
        rewrite(owner_url, ledger_id, topic, new, old, stream=stream)
