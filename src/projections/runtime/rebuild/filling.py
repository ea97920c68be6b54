"""Apply the log to the tables of a side, page by page, from wherever they stand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.rows import dict_row

from ledger.kernel.errors import Conflict, LedgerError
from ledger.store import arrays, crash_points
from projections.runtime.log import Log, UnreadableEvent
from projections.runtime.projection import (
    PreparedProjection,
    Projection,
    apply_page,
    checkpoint_name,
)
from projections.runtime.rebuild import keys
from projections.runtime.rebuild.ahead import LogOf, LogRange, Page, Pages, by_thread
from projections.runtime.rebuild.builds import Positions, advance, positions, set_error
from projections.runtime.rebuild.pace import Pace, Throttle
from projections.runtime.sql_rows import SqlRows
from projections.runtime.unkeyed import KeyWanted, Unkeyed

PAGE = "rebuild.page"
"""The name of a page's commit for fault tests (`ledger.store.crash_points`)."""

Tell = Callable[[], None]
"""Called after each page."""

Progress = Callable[[int, int], None]
"""Called with events done and events in all."""


class Orphaned(Exception):
    """Nobody waits any more for what this process does."""


@dataclass(slots=True)
class Filling:
    """Fills the tables of some projections on one side.

    Those that stand at the same position of a ledger share its pages. A page's rows and the
    positions it leads to are one transaction, so that what is cut off goes on where it was.
    """

    conn: Connection[dict[str, Any]]
    projections: Sequence[Projection]
    side: str
    log_of: LogOf
    throttle: Throttle = field(default_factory=Throttle)
    tell: Tell = lambda: None
    pages: Pages | None = None
    reached: dict[str, Positions] = field(default_factory=dict[str, Positions])
    _pace: Pace = field(init=False)
    _unkeyed: Unkeyed | None = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.throttle)
        for projection in self.projections:
            name = checkpoint_name(projection)
            self.reached[name] = positions(self.conn, name, self.side)
        self._unkeyed = keys.unkeyed(self.conn, self.projections, self.side)

    def bring_to(self, targets: Mapping[str, Positions]) -> None:
        """Apply the events of each ledger up to a position, which each projection has its own of.

        Raises Conflict where an event cannot be read or applied, or where another process goes on
        with the same tables.
        """
        ledgers = sorted({ledger for of_one in targets.values() for ledger in of_one})
        for ledger_id in ledgers:
            while behind := self._behind(targets, ledger_id):
                self._step(ledger_id, *behind)

    def make_keys(self) -> None:
        """Make the keys that are still missing: from here on there is more to do than to add."""
        keys.make(self.conn, self.projections, self.side)
        self._unkeyed = None

    def _behind(
        self, targets: Mapping[str, Positions], ledger_id: int
    ) -> tuple[list[Projection], int, int] | None:
        """Those furthest back of the projections that are behind, where they stand, and how far
        they may go together."""
        at = {
            name: self.reached[name].get(ledger_id, 0)
            for name, of_one in targets.items()
            if self.reached[name].get(ledger_id, 0) < of_one.get(ledger_id, 0)
        }
        if not at:
            return None
        since = min(at.values())
        lowest = [name for name, position in at.items() if position == since]
        bounds = [targets[name][ledger_id] for name in lowest]
        through = min(bounds + [position for position in at.values() if position > since])
        found = [one for one in self.projections if checkpoint_name(one) in lowest]
        return found, since, through

    def _step(self, ledger_id: int, projections: list[Projection], since: int, to: int) -> None:
        log = self.log_of(ledger_id)
        names = [checkpoint_name(projection) for projection in projections]
        if self._unkeyed is not None:
            self._unkeyed.memory.clear()
        try:
            self._pace.begin()
            read = self.pages or by_thread(self.log_of)
            for page in read(projections, LogRange(ledger_id, since, to)):
                self._apply(log, ledger_id, projections, page)
                since = page.past
                self.tell()
                self._pace.begin()
        except (psycopg.Error, LedgerError):
            raise
        except UnreadableEvent as error:
            self._give_up(names, ledger_id, f"the event at position {error.position}: {error}")
        except Orphaned:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with an event, it is said
            what = f"an event after position {since}: {type(error).__name__}: {error}"
            self._give_up(names, ledger_id, what)

    def _apply(self, log: Log, ledger_id: int, projections: list[Projection], page: Page) -> None:
        try:
            self._write(log, ledger_id, projections, page)
        except KeyWanted:
            self.make_keys()
            self._write(log, ledger_id, projections, page)
        for projection in projections:
            self.reached[checkpoint_name(projection)][ledger_id] = page.past
        self._pace.rest(page.records)

    def _write(self, log: Log, ledger_id: int, projections: list[Projection], page: Page) -> None:
        """A page's rows and positions, all or nothing."""
        names = [checkpoint_name(projection) for projection in projections]
        since, past, records = page.since, page.past, page.records
        with self.conn.transaction(), self.conn.cursor() as cursor:
            # A page that a crash of PostgreSQL takes back is applied again: its rows and positions
            # are one. So nobody waits until each is on the disk.
            cursor.execute("SELECT set_config('synchronous_commit', 'off', true)")
            advance(cursor, names, self.side, ledger_id, since=since, to=past, records=records)
            rows = SqlRows(cursor, ledger_id, self.side, log, self._unkeyed)
            for projection, prepared in zip(projections, page.prepared, strict=True):
                if isinstance(projection, PreparedProjection):
                    projection.apply_prepared(page.events, prepared, rows)
                else:
                    apply_page(projection, page.events, rows)
            rows.flush()
            crash_points.reach("before_commit", (PAGE,))
        crash_points.reach("after_commit", (PAGE,))

    def _give_up(self, names: list[str], ledger_id: int, what: str) -> None:
        message = f"{', '.join(names)} cannot be built: in ledger {ledger_id}, {what}"
        set_error(self.conn, names, self.side, message)
        raise Conflict(message)


def connected(url: str) -> Connection[dict[str, Any]]:
    """A connection of its own for a build."""
    conn = Connection[dict[str, Any]].connect(url, autocommit=True, row_factory=dict_row)
    arrays.register(conn.adapters)
    return conn


def telling(filling: Filling, progress: Progress, total: int) -> Tell:
    """What a filling is to call so that its progress is seen; `total` is of all projections."""

    def tell() -> None:
        done = sum(at for of_one in filling.reached.values() for at in of_one.values())
        progress(done, max(done, total))

    return tell
