"""How far the projector is behind while usage comes in, looked at many times a second."""

import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.support.served import TEST_LEDGER

_EVERY_SECONDS = 0.05
_LOOK = """
SELECT h.position, coalesce(min(c.position), 0) FROM ledger.heads AS h
LEFT JOIN projections.checkpoints AS c
    ON c.ledger_id = h.ledger_id AND c.projection LIKE 'meter\\_events\\_v%%'
WHERE h.ledger_id = %s GROUP BY h.position
"""


@dataclass(slots=True)
class Lag:
    """Readings of the log's head and of the usage read model's position."""

    _heads: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    readings: list[float] = field(default_factory=list[float])
    """Age in seconds of the oldest event that was not yet in the read model, each time."""

    def look(self, connection: "psycopg.Connection[tuple[int, int]]") -> None:
        row = connection.execute(_LOOK, (TEST_LEDGER,)).fetchone()
        assert row is not None
        self.note(*row)

    def note(self, head: int, reached: int) -> None:
        """Take a reading down."""
        now = time.monotonic()
        self._heads.append((now, head))
        while self._heads and self._heads[0][1] <= reached:
            self._heads.pop(0)
        self.readings.append(now - self._heads[0][0] if self._heads else 0.0)


@contextmanager
def lag_watched(database_url: str) -> Generator[Lag]:
    """Readings for as long as the block runs."""
    lag, ended = Lag(), threading.Event()

    def watch() -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            while not ended.wait(_EVERY_SECONDS):
                lag.look(connection)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield lag
    finally:
        ended.set()
        thread.join()
