"""Two versions of a projection side by side: rows and digests of each table, as of one moment."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, LiteralString, NamedTuple, cast

from psycopg import Connection, IsolationLevel

from ledger.kernel.clock import system_now
from projections.runtime.projection import Projection, checkpoint_name
from projections.runtime.rebuild.builds import Positions, live_positions
from projections.runtime.rebuild.digests import Contents, contents_of, digest_of
from projections.runtime.rebuild.filling import Filling, connected
from projections.runtime.rebuild.sides import LIVE
from projections.runtime.tables import Table

_SHOWN: Final = 5
_NEAR: Final = 200
"""So few events may be left to apply when the live tables are held where they are."""
_ROUNDS: Final = 20


_Both = tuple[Mapping[int, Contents], Mapping[int, Contents]]
"""What a side and the live tables hold, ledger by ledger."""

_NOTHING: Final = Contents(0, "")

_KEEP: Final[LiteralString] = """
INSERT INTO projections.digests
    (ledger_id, projection, table_name, position, rows, digest, is_equal, taken_at)
SELECT f.ledger, %(projection)s, %(table)s, f.position, f.rows, f.digest, f.equal, %(now)s
FROM unnest(%(ledgers)s::integer[], %(positions)s::bigint[], %(rows)s::bigint[],
    %(digests)s::text[], %(equal)s::boolean[]) AS f (ledger, position, rows, digest, equal)
ON CONFLICT (ledger_id, projection, table_name) DO UPDATE SET
    position = excluded.position, rows = excluded.rows, digest = excluded.digest,
    is_equal = excluded.is_equal, taken_at = excluded.taken_at
"""


@dataclass(frozen=True, slots=True)
class TableComparison:
    """A table of both versions: rows and digest in all ledgers that were compared.

    `live_rows` and `live_digest` are None where the live table stands nowhere yet. `differing` are
    the keys of some rows that are not the same.
    """

    table: str
    rows: int
    digest: str
    live_rows: int | None
    live_digest: str | None
    differing: tuple[str, ...] = ()

    @property
    def equal(self) -> bool | None:
        return None if self.live_digest is None else self.digest == self.live_digest


class Beside(NamedTuple):
    """Connections beside that which fills a side: one looks at both sides as of one moment, the
    other holds the live tables where they are."""

    looking: Connection[dict[str, Any]]
    holding: Connection[dict[str, Any]]


@contextmanager
def beside(owner_url: str) -> Generator[Beside]:
    """Such connections, for the block."""
    with connected(owner_url) as looking, connected(owner_url) as holding:
        looking.isolation_level = IsolationLevel.REPEATABLE_READ
        yield Beside(looking, holding)


def compare(there: Beside, filling: Filling, projection: Projection) -> list[TableComparison]:
    """Bring a side to where the live tables stand, and compare each table as of that moment.

    The live tables are held there only while the last few events are applied.
    """
    follow(filling, projection)
    name, conn = checkpoint_name(projection), there.looking
    with conn.transaction():
        held = _hold(there, filling, projection)
        found = [
            (table, (contents_of(conn, table, filling.side), contents_of(conn, table, LIVE)))
            for table in projection.tables
        ]
        compared = [_compared(conn, table, filling.side, held, both) for table, both in found]
    with filling.conn.transaction():
        for table, both in found:
            _keep(filling.conn, (name, table), held, both)
    return compared


def follow(filling: Filling, projection: Projection) -> None:
    """Bring a side near to where the live tables stand, which go on meanwhile."""
    name = checkpoint_name(projection)
    for _ in range(_ROUNDS):
        live = live_positions(filling.conn, name)
        left = sum(max(0, at - filling.reached[name].get(n, 0)) for n, at in live.items())
        if left <= _NEAR:
            return
        filling.bring_to({name: live})


def _hold(there: Beside, filling: Filling, projection: Projection) -> Positions:
    """Take the snapshot of a transaction when both sides stand at the same positions; these, of
    the ledgers of which that is so."""
    name = checkpoint_name(projection)
    with there.holding.transaction():
        held = live_positions(there.holding, name, locked=True)
        filling.bring_to({name: held})
        there.looking.execute("SELECT 1")
    reached = filling.reached[name]
    return {ledger: at for ledger, at in held.items() if at and reached.get(ledger) == at}


def _compared(
    conn: Connection[dict[str, Any]], table: Table[Any], side: str, held: Positions, both: _Both
) -> TableComparison:
    there, live = both
    rows, digest = _together(there, held)
    if not held:
        return TableComparison(table.name, rows, digest, None, None)
    unequal = [n for n in held if there.get(n, _NOTHING) != live.get(n, _NOTHING)]
    differing = _differing(conn, table, side, unequal) if unequal else ()
    return TableComparison(table.name, rows, digest, *_together(live, held), differing)


def _together(found: Mapping[int, Contents], held: Positions) -> Contents:
    """The contents of some ledgers as one."""
    those = {ledger: found[ledger] for ledger in sorted(held) if ledger in found}
    digest = digest_of(*((ledger, *one) for ledger, one in those.items()))
    return Contents(sum(one.rows for one in those.values()), digest)


def _differing(
    conn: Connection[dict[str, Any]], table: Table[Any], side: str, ledgers: list[int]
) -> tuple[str, ...]:
    """The keys of the first rows that are not the same, each after its ledger."""
    key = ("ledger_id", *table.key)
    names = ", ".join(key)
    one, other = (
        f"(SELECT * FROM {table.relation(of)} AS t "
        f"WHERE ledger_id = ANY(%(ledgers)s) AND {table.counting('t', of)})"
        for of in (LIVE, side)
    )
    found = conn.execute(
        cast(
            "LiteralString",
            f"SELECT concat_ws(' ', {names}) AS row FROM {one} AS l FULL JOIN {other} AS o "
            # As they are stored: 1.0 is not 1.00. A row that is missing is unlike any other.
            f"USING ({names}) WHERE coalesce(l *<> o, true) ORDER BY {names} LIMIT {_SHOWN}",
        ),
        {"ledgers": ledgers},
    )
    return tuple(record["row"] for record in found.fetchall())


def _keep(
    conn: Connection[dict[str, Any]],
    of: tuple[str, Table[Any]],
    held: Positions,
    both: _Both,
) -> None:
    """Take down what the live rows of each ledger were found to be."""
    name, table = of
    there, live = both
    found = [(n, at, live.get(n, _NOTHING), there.get(n, _NOTHING)) for n, at in held.items()]
    conn.execute(
        _KEEP,
        {
            "projection": name,
            "table": table.name,
            "now": system_now(),
            "ledgers": [ledger for ledger, _, _, _ in found],
            "positions": [at for _, at, _, _ in found],
            "rows": [one.rows for _, _, one, _ in found],
            "digests": [one.digest for _, _, one, _ in found],
            "equal": [one == other for _, _, one, other in found],
        },
    )
