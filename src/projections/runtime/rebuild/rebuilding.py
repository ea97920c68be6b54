"""Rebuild projections from the first event: new tables beside the live ones, then a switch.

Reads and writes of the live tables go on all the while. A rebuild that is cut off, wherever that
is, leaves the live tables as they were, and goes on from there when it is asked for again.
"""

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from psycopg import Connection

from ledger.store import crash_points
from ledger.store.migrate import only_rebuild
from projections.runtime.partitions import clear_lapsed, partitioned
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rebuild import builds, keys, sides
from projections.runtime.rebuild.builds import Positions
from projections.runtime.rebuild.comparing import TableComparison, beside, compare
from projections.runtime.rebuild.filling import Filling, LogOf, Progress, connected, telling
from projections.runtime.rebuild.pace import Throttle
from projections.runtime.rebuild.sides import FRESH, OTHER
from projections.runtime.rebuild.switching import exchange
from projections.runtime.rebuild.workers import Crew, fill_with

TABLES: Final = "rebuild.tables"
BUILT: Final = "rebuild.built"
DROP: Final = "rebuild.drop"
"""Names of further commits for fault tests (`ledger.store.crash_points`)."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of a rebuild. `events` and `records` were applied since it began."""

    projection: str
    events: int
    records: int
    tables: list[TableComparison]
    switched: bool = True

    @property
    def equal(self) -> bool:
        return all(table.equal is not False for table in self.tables)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to build. Without a crew it is done in this process.

    `anew` discards what an earlier rebuild left unfinished. With `switches` the new version takes
    the place of the live one, which is kept unless `drops`.
    """

    throttle: Throttle = field(default_factory=Throttle)
    crew: Crew | None = None
    anew: bool = False
    switches: bool = True
    drops: bool = False


def rebuild(
    owner_url: str,
    projections: Sequence[Projection],
    log_of: LogOf,
    progress: Progress,
    plan: Plan = Plan(),
) -> list[Rebuilt]:
    """Build projections anew for every ledger, compare them, and switch to them one by one.

    Under the owner's role. Raises Conflict while another process rebuilds one of them, and where
    an event cannot be applied.
    """
    with (
        _built(owner_url, projections, OTHER, log_of, progress, plan) as filling,
        beside(owner_url) as others,
    ):
        results: list[Rebuilt] = []
        for projection in projections:
            name = checkpoint_name(projection)
            compared = compare(others, filling, projection)
            sides.take_stock(filling.conn, projection, OTHER)
            builds.set_state(filling.conn, name, OTHER, "built")
            crash_points.reach("after_commit", (BUILT,))
            [build] = builds.find(filling.conn, [name], OTHER)
            if plan.switches:
                exchange(others.holding, filling, projection)
            results.append(Rebuilt(name, build.events, build.records, compared, plan.switches))
            if plan.switches and plan.drops:
                _drop(filling.conn, projection, OTHER)
        return results


def verify(
    owner_url: str,
    projections: Sequence[Projection],
    log_of: LogOf,
    progress: Progress,
    plan: Plan = Plan(),
) -> list[Rebuilt]:
    """Fold the log afresh beside the live tables, compare, and drop what was built for it.

    Under the owner's role; nothing that is read is changed. Raises Conflict as `rebuild` does.
    """
    with (
        _built(owner_url, projections, FRESH, log_of, progress, plan) as filling,
        beside(owner_url) as others,
    ):
        results: list[Rebuilt] = []
        for projection in projections:
            name = checkpoint_name(projection)
            compared = compare(others, filling, projection)
            [build] = builds.find(filling.conn, [name], FRESH)
            results.append(Rebuilt(name, build.events, build.records, compared, switched=False))
            _drop(filling.conn, projection, FRESH)
        return results


def drop(owner_url: str, projection: Projection) -> bool:
    """Drop the version beside the live one, and what a verification left behind; whether there
    was any. Raises Conflict while another process builds it."""
    name = checkpoint_name(projection)
    with only_rebuild(owner_url, name), connected(owner_url) as conn:
        found = builds.find(conn, [name])
        for side in (OTHER, FRESH):
            _drop(conn, projection, side)
        return bool(found)


@contextmanager
def _built(
    owner_url: str,
    projections: Sequence[Projection],
    side: str,
    log_of: LogOf,
    progress: Progress,
    plan: Plan,
) -> Generator[Filling]:
    """A side of these projections, filled up to about where the live tables stand."""
    with ExitStack() as stack:
        for projection in projections:
            stack.enter_context(only_rebuild(owner_url, checkpoint_name(projection)))
        conn = stack.enter_context(connected(owner_url))
        for projection in projections:
            _prepare(conn, projection, side, anew=plan.anew)
        targets = {checkpoint_name(one): _target(conn, one) for one in projections}
        filling = Filling(conn, projections, side, log_of, plan.throttle)
        total = sum(at for of_one in targets.values() for at in of_one.values())
        filling.tell = telling(filling, progress, total)
        if plan.crew is not None:
            fill_with(plan.crew, filling, targets)
        filling.bring_to(targets)
        filling.make_keys()
        filling.tell()
        for table in partitioned(projections):
            clear_lapsed(conn, table, side)
        yield filling


def _prepare(conn: Connection[dict[str, Any]], projection: Projection, side: str, *, anew: bool):
    """Go on with what an earlier rebuild left unfinished, or make empty tables."""
    name = checkpoint_name(projection)
    found = builds.find(conn, [name], side)
    if (
        not anew
        and found
        and found[0].state != "replaced"
        and found[0].shape == sides.shape_of(projection)
        and sides.are_there(conn, projection, side)
    ):
        builds.set_state(conn, name, side, "building")
        return
    with conn.transaction():
        sides.drop(conn, projection, side)
        sides.make(conn, projection, side)
        keys.leave_out(conn, projection, side)
        builds.begin(conn, projection, side)
        crash_points.reach("before_commit", (TABLES,))
    crash_points.reach("after_commit", (TABLES,))


def _target(conn: Connection[dict[str, Any]], projection: Projection) -> Positions:
    """Where the live tables stand, or the head of a ledger where they stand nowhere."""
    live = builds.live_positions(conn, checkpoint_name(projection))
    return {ledger: live.get(ledger) or head for ledger, head in builds.heads(conn).items()}


def _drop(conn: Connection[dict[str, Any]], projection: Projection, side: str) -> None:
    with conn.transaction():
        sides.drop(conn, projection, side)
        builds.forget(conn, checkpoint_name(projection), side)
        crash_points.reach("before_commit", (DROP,))
    crash_points.reach("after_commit", (DROP,))
