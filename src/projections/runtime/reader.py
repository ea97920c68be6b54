"""Queries over the read models of one ledger, fresh by default."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, LiteralString, Protocol, TypeVar, cast

import msgspec

from ledger.kernel.errors import NotFound, Unavailable
from ledger.store.datastore import Datastore
from projections.runtime.checkpoints import Checkpoints
from projections.runtime.log import Log
from projections.runtime.tables import Table

R = TypeVar("R", bound=msgspec.Struct)

FRESH_WITHIN_SECONDS = 2.0
_POLL_SECONDS = 0.002
_SIGNS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class Paging(Protocol):
    """A page of a list, by the wire's cursors (contract §2). `created` holds gt, gte, lt, lte."""

    @property
    def limit(self) -> int: ...
    @property
    def starting_after(self) -> str | None: ...
    @property
    def ending_before(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Page:
    """The plainest paging: the first `limit` rows after or before an id."""

    limit: int = 10
    starting_after: str | None = None
    ending_before: str | None = None


@dataclass(slots=True)
class Reader:
    """Reads one ledger as it stood when the reader was made, or later.

    A read waits until its projection has reached the log's head of that moment. Raises
    Unavailable when it does not within two seconds, or at once when the projection is stopped.
    `log` answers what the read models no longer hold.
    """

    datastore: Datastore
    ledger_id: int
    projection_of: Mapping[str, str]
    head: int
    wake: Callable[[int], object] | None = None
    log: Log | None = None
    _fresh: set[str] = field(default_factory=set[str])

    def get(self, table: Table[R], *key: Any) -> R | None:
        """A row by its key."""
        self.wait_for(table)
        parameters = dict(zip(table.key, key, strict=True)) | {"ledger_id": self.ledger_id}
        with self.datastore.get_connection() as conn:
            record = conn.execute(table.select_statement(), parameters, prepare=True).fetchone()
        return None if record is None else table.from_record(record)

    def require(self, table: Table[R], what: str, row_id: str, *, param: str | None = None) -> R:
        """A row that must exist. Raises NotFound."""
        row = self.get(table, row_id)
        if row is None:
            raise NotFound(what, row_id, param=param)
        return row

    def many(self, table: Table[R], row_ids: Collection[str]) -> dict[str, R]:
        """Rows by their ids, as far as there are any."""
        if not row_ids:
            return {}
        found = self.fetch_rows(
            table,
            "ledger_id = %(ledger_id)s AND id = ANY(%(ids)s::text[])",
            {"ids": list(row_ids)},
        )
        return {getattr(row, "id"): row for row in found}  # noqa: B009

    def page(
        self,
        table: Table[R],
        paging: Paging,
        where: Mapping[str, Any] | None = None,
        created: Mapping[str, int] | None = None,
        **ranges: Mapping[str, int],
    ) -> tuple[list[R], bool]:
        """Rows newest first, and whether more follow in the direction of the page.

        `where` compares columns: a list means any of its values, None is left out. `created` and
        other columns named by `ranges` are bounded by gt, gte, lt and lte. Raises NotFound when a
        cursor names no row.
        """
        ranges["created"] = created or {}
        conditions, parameters = self._conditions(table, where or {}, ranges)
        cursor_id = paging.starting_after or paging.ending_before
        backwards = paging.starting_after is None and paging.ending_before is not None
        if cursor_id is not None:
            param = "ending_before" if backwards else "starting_after"
            row = self.require(table, table.name.removesuffix("s"), cursor_id, param=param)
            conditions.append(f"(sequence, id) {'>' if backwards else '<'} (%(seq)s, %(cursor)s)")
            parameters |= {"seq": getattr(row, "sequence"), "cursor": cursor_id}  # noqa: B009
        order = "ASC" if backwards else "DESC"
        found = self.fetch_rows(
            table,
            cast(
                "LiteralString",
                f"{' AND '.join(conditions)} ORDER BY sequence {order}, id {order} LIMIT %(limit)s",
            ),
            parameters | {"limit": paging.limit + 1},
        )
        more, rows = len(found) > paging.limit, found[: paging.limit]
        return (rows[::-1] if backwards else rows), more

    def _conditions(
        self,
        table: Table[Any],
        where: Mapping[str, Any],
        ranges: Mapping[str, Mapping[str, int]],
    ) -> tuple[list[str], dict[str, Any]]:
        conditions = ["ledger_id = %(ledger_id)s"]
        parameters: dict[str, Any] = {}
        for name, value in where.items():
            if value is None:
                continue
            _check_column(table, name)
            many = isinstance(value, list)
            conditions.append(f"{name} = ANY(%({name})s)" if many else f"{name} = %({name})s")
            parameters[name] = value
        for name, bounds in ranges.items():
            for bound, limit in bounds.items():
                _check_column(table, name)
                conditions.append(f"{name} {_SIGNS[bound]} %({name}_{bound})s")
                parameters[f"{name}_{bound}"] = limit
        return conditions, parameters

    def fetch_rows(
        self, table: Table[R], condition: LiteralString, parameters: Mapping[str, Any]
    ) -> list[R]:
        """Rows of a table by an SQL condition, which must begin with the ledger."""
        self.wait_for(table)
        what: LiteralString = "data::text AS data" if table.document else "*"
        records = self.fetch(
            f"SELECT {what} FROM {table.relation()} WHERE {condition}",
            parameters,
        )
        return [table.from_record(record) for record in records]

    def fetch(
        self, statement: LiteralString, parameters: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Records of a statement; `ledger_id` is given. Call `wait_for` with its tables first."""
        with self.datastore.get_connection() as conn:
            return conn.execute(
                statement, {**parameters, "ledger_id": self.ledger_id}, prepare=True
            ).fetchall()

    def wait_for_topics(self, *tables: Table[Any], topics: Collection[str], through: int) -> None:
        """Wait until the projections of these tables have applied every event of these topics up
        to a position; those that are behind are not waited for if none of them lies ahead."""
        names = {self.projection_of[table.name] for table in tables}
        found = Checkpoints(self.datastore, sorted(names)).of_ledger(self.ledger_id).values()
        reached = min((one.position for one in found), default=0)
        if reached >= through:
            return
        if self.log is None or self.log.has(topics, after=reached, through=through):
            self.wait_for(*tables, through=through)

    def wait_for(self, *tables: Table[Any], through: int | None = None) -> None:
        """Wait until the projections of these tables have reached the head, or `through`."""
        target = self.head if through is None else through
        names = {self.projection_of[table.name] for table in tables}
        if through is None:
            names -= self._fresh
        if not names:
            return
        checkpoints = Checkpoints(self.datastore, sorted(names))
        deadline = time.monotonic() + FRESH_WITHIN_SECONDS
        while True:
            found = checkpoints.of_ledger(self.ledger_id).values()
            behind = [c for c in found if c.position < target]
            if not behind:
                if target >= self.head:
                    self._fresh |= names
                return
            for checkpoint in behind:
                if checkpoint.stopped_at is not None:
                    raise Unavailable(
                        f"The read model {checkpoint.projection} stopped at position "
                        f"{checkpoint.stopped_at}: {checkpoint.error}",
                        retry_after=30,
                    )
            if time.monotonic() > deadline:
                lag = max(target - c.position for c in behind)
                raise Unavailable(
                    f"The read model {behind[0].projection} is {lag} events behind. Try again."
                )
            if self.wake is not None:
                self.wake(self.ledger_id)
            time.sleep(_POLL_SECONDS)


def _check_column(table: Table[Any], name: str) -> None:
    if name not in table.types:
        raise ValueError(f"{table.name} has no column {name}")
