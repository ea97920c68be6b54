"""Exchange the live tables of a projection with those of the version beside it."""

from functools import partial
from typing import Any, Final

from psycopg import Connection, Cursor

from ledger.kernel.errors import Conflict
from ledger.store import crash_points
from ledger.store.migrate import only_rebuild
from projections.runtime.partitions import retrying
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rebuild import builds, sides
from projections.runtime.rebuild.builds import Positions
from projections.runtime.rebuild.filling import (
    Filling,
    LogOf,
    Progress,
    connected,
    telling,
)
from projections.runtime.rebuild.sides import OTHER

SWITCH: Final = "rebuild.switch"
"""The name of the switch for fault tests (`ledger.store.crash_points`)."""

_ROUNDS: Final = 20
_NEAR: Final = 50
"""So few events may be left to apply when the projector is held."""


def switch(owner_url: str, projection: Projection, log_of: LogOf, progress: Progress) -> None:
    """Catch the version beside the live one up, and exchange them: also to switch back.

    Raises Conflict where there is none that is complete, where another process builds it, or where
    the live tables are read for too long to be exchanged.
    """
    name = checkpoint_name(projection)
    with only_rebuild(owner_url, name), connected(owner_url) as conn:
        found = builds.find(conn, [name], OTHER)
        if not found or not sides.are_there(conn, projection, OTHER):
            raise Conflict(f"There is no other version of {name} to switch to.")
        if found[0].state == "building":
            raise Conflict(
                f"The other version of {name} is not complete: run 'projections rebuild' to go on."
            )
        if found[0].shape != sides.shape_of(projection):
            raise Conflict(f"The other version of {name} has other tables than this release knows.")
        filling = Filling(conn, [projection], OTHER, log_of)
        filling.tell = telling(filling, progress, sum(builds.heads(conn).values()))
        with connected(owner_url) as other:
            exchange(other, filling, projection)


def exchange(conn: Connection[dict[str, Any]], filling: Filling, projection: Projection) -> None:
    """The same for a side that is known to be complete, over another connection than that which
    fills it. Raises Conflict."""
    retrying(partial(_exchange, conn, filling, projection))


def _exchange(conn: Connection[dict[str, Any]], filling: Filling, projection: Projection) -> None:
    _come_near(filling, projection)
    _begin_checkpoints(conn, checkpoint_name(projection))
    with conn.transaction(), conn.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', '5s', true)")
        sides.keep_from_vacuum(cursor, projection, filling.side)
        # Shorter than PostgreSQL waits before it looks for a deadlock: a reader never loses.
        cursor.execute("SELECT set_config('lock_timeout', '500ms', true)")
        _put_in_place(cursor, filling, projection)
        crash_points.reach("before_commit", (SWITCH,))
    crash_points.reach("after_commit", (SWITCH,))


def _come_near(filling: Filling, projection: Projection) -> None:
    """Apply what is in the log, until next to nothing comes while that is done."""
    name = checkpoint_name(projection)
    for _ in range(_ROUNDS):
        heads = builds.heads(filling.conn)
        reached = filling.reached[name]
        if sum(at - reached.get(ledger, 0) for ledger, at in heads.items()) <= _NEAR:
            return
        filling.bring_to({name: heads})


def _put_in_place(
    cursor: Cursor[dict[str, object]], filling: Filling, projection: Projection
) -> None:
    """Hold the live tables where they are, apply what is left, and exchange.

    While the checkpoints are locked no projector applies an event of their ledgers. A ledger that
    began since then has a checkpoint that is not: its rows are taken along as they stand once the
    live tables are set aside, and its checkpoint is left alone.
    """
    name = checkpoint_name(projection)
    held = builds.live_positions(cursor, name, locked=True)
    heads = builds.heads(cursor)
    filling.bring_to({name: {ledger: heads[ledger] for ledger in held}})
    sides.set_aside(cursor, projection)
    standing = builds.live_positions(cursor, name)
    begun = {ledger: at for ledger, at in standing.items() if ledger not in held}
    filling.bring_to({name: begun})
    sides.put_in_place(cursor, projection, filling.side)
    _move_checkpoints(cursor, name, held, filling.reached[name])
    builds.set_state(cursor, name, filling.side, "replaced")
    builds.set_positions(cursor, name, filling.side, standing)
    filling.reached[name] = dict(standing)


def _begin_checkpoints(conn: builds.Connected, name: str) -> None:
    """Give every ledger a checkpoint that can be locked."""
    conn.execute(
        "INSERT INTO projections.checkpoints (ledger_id, projection, position) "
        "SELECT ledger_id, %s, 0 FROM ledger.heads ON CONFLICT DO NOTHING",
        (name,),
    )


def _move_checkpoints(
    cursor: Cursor[dict[str, object]], name: str, held: Positions, reached: Positions
) -> None:
    cursor.execute(
        "UPDATE projections.checkpoints AS c SET position = r.position, stopped_at = NULL, "
        "error = NULL FROM unnest(%s::integer[], %s::bigint[]) AS r (ledger, position) "
        "WHERE c.ledger_id = r.ledger AND c.projection = %s",
        ([*held], [reached.get(ledger, 0) for ledger in held], name),
    )
