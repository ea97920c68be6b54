"""The one writer of the log: contiguous positions in commit order, one transaction an append.

Positions come from the ledger's head row inside the append itself. The row stays locked until
the commit, so the order of positions is the order of commits, a rollback leaves no gap, and a
reader that follows positions never passes an event that appears later.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, LiteralString, TypeVar

from eventsourcing.persistence import IntegrityError, Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg import Cursor

from ledger.store import crash_points, statements
from ledger.store.arrays import ByteaArray, Int8Array, TextArray
from ledger.store.datastore import Datastore
from ledger.store.outcomes import (
    Appended,
    IdempotencyKeyTaken,
    IdempotencyRow,
    Place,
    StaleRead,
)
from ledger.store.polling import PollingSubscription
from ledger.store.retrying import with_retries
from ledger.store.sealing import destroy_keys_of_forgotten

T = TypeVar("T")


class LedgerRecorder(PostgresApplicationRecorder):
    """Records and selects the events of one ledger. Shares its datastore with other ledgers."""

    datastore: Datastore

    def __init__(self, datastore: Datastore, ledger_id: int) -> None:
        super().__init__(datastore, events_table_name="events")
        self.ledger_id = ledger_id

    def create_table(self) -> None:
        """Tables are made by migrations alone."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """The library's door: positions of the appended events.

        Raises IntegrityError when a version of a stream is taken.
        """
        if not stored_events:
            return None
        return self.append(stored_events, hook_arguments=kwargs).positions

    def append(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        read_versions: dict[str, int] | None = None,
        idempotency: IdempotencyRow | None = None,
        hook_arguments: dict[str, Any] | None = None,
    ) -> Appended:
        """Append events, an idempotency row and nothing else, all or none.

        `read_versions` are the versions of the streams that the decision was made from.
        Raises IntegrityError when a stream has the version already, StaleRead when a stream
        that was read has moved, IdempotencyKeyTaken when the key was used before.
        """

        topics = [event.topic for event in stored_events]

        def attempt() -> Appended:
            with self.datastore.get_connection() as conn, conn.transaction(), conn.cursor() as curs:
                self._insert_events(curs, stored_events, **(hook_arguments or {}))
                base = self._insert_stored(curs, stored_events)
                destroy_keys_of_forgotten(curs, self.ledger_id, stored_events)
                self._check_read_versions(curs, read_versions or {}, before=base)
                if idempotency is not None:
                    self._claim_key(curs, idempotency, base + len(stored_events))
                crash_points.reach("before_commit", topics)
                return Appended(list(range(base + 1, base + len(stored_events) + 1)))

        appended = self.with_retries(attempt, lambda: self._recorded(stored_events, idempotency))
        crash_points.reach("after_commit", topics)
        return appended

    def _insert_stored(self, curs: Cursor[Any], events: Sequence[StoredEvent]) -> int:
        if not events:
            curs.execute(statements.SELECT_HEAD, {"ledger": self.ledger_id}, prepare=True)
            head = curs.fetchone()
            return head["position"] if head else 0
        catalog = [i for i, e in enumerate(events, 1) if not e.topic.startswith("usage.")]
        curs.execute(
            statements.APPEND,
            {
                "ledger": self.ledger_id,
                "count": len(events),
                "catalog": catalog[-1] if catalog else None,
                "ids": TextArray.of([str(e.originator_id) for e in events]),
                "versions": Int8Array.of([e.originator_version for e in events]),
                "topics": TextArray.of([e.topic for e in events]),
                "states": ByteaArray.of([e.state for e in events]),
            },
            prepare=True,
        )
        [row] = curs.fetchall()
        return row["base"]

    def _check_read_versions(
        self, curs: Cursor[Any], read_versions: dict[str, int], *, before: int
    ) -> None:
        if not read_versions:
            return
        curs.execute(statements.MOVED_STREAMS, self._known(read_versions) | {"before": before})
        for row in curs.fetchall():
            raise StaleRead(row["id"])

    def _claim_key(self, curs: Cursor[Any], row: IdempotencyRow, position: int) -> None:
        curs.execute(
            statements.CLAIM_IDEMPOTENCY_KEY,
            {
                "ledger": self.ledger_id,
                "key": row.key,
                "hash": row.request_hash,
                "position": position,
                "created_at": row.created_at,
            },
        )
        if curs.rowcount == 0:
            raise IdempotencyKeyTaken(row.key)

    def with_retries(self, attempt: Callable[[], T], read_back: Callable[[], T | None]) -> T:
        """Try a write again after a lost connection, reading back what the first try left."""
        return with_retries(attempt, read_back)

    def _recorded(
        self, events: Sequence[StoredEvent], idempotency: IdempotencyRow | None
    ) -> Appended | None:
        """What exactly this append left behind, if anything."""
        if events or idempotency is None:
            return self._positions_of(events)
        claim = {
            "ledger": self.ledger_id,
            "key": idempotency.key,
            "hash": idempotency.request_hash,
            "created_at": idempotency.created_at,
        }
        return Appended([]) if self._fetch(statements.FIND_CLAIM, claim) else None

    def _positions_of(self, events: Sequence[StoredEvent]) -> Appended | None:
        """Where exactly these events stand, if they do."""
        positions: list[int] = []
        for event in events:
            place = {
                "ledger": self.ledger_id,
                "id": event.originator_id,
                "version": event.originator_version,
            }
            rows = self._fetch(statements.SELECT_ONE, place)
            if not rows or bytes(rows[0]["state"]) != event.state:
                return None
            positions.append(rows[0]["position"])
        return Appended(positions) if positions else None

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The events of one stream by version."""
        statement = statements.SELECT_STREAM_DESC if desc else statements.SELECT_STREAM
        bounds = {
            "ledger": self.ledger_id,
            "id": str(originator_id),
            "gt": gt,
            "lte": lte,
            "limit": limit,
        }
        return [
            StoredEvent(
                row["originator_id"], row["originator_version"], row["topic"], bytes(row["state"])
            )
            for row in with_retries(lambda: self._fetch(statement, bounds))
        ]

    def select_streams(self, versions: Mapping[str, int]) -> list[Notification]:
        """The events of many streams, stream by stream, each from after a version on."""
        known = self._known(versions)
        rows = with_retries(lambda: self._fetch(statements.SELECT_STREAMS, known))
        return [_notification(row) for row in rows]

    def select_streams_with(self, topics: Sequence[str], after: int, limit: int) -> list[Place]:
        """A page of the places in the log at which events of some topics other than usage stand."""
        bounds = {"ledger": self.ledger_id, "after": after, "topics": list(topics), "limit": limit}
        rows = with_retries(lambda: self._fetch(statements.SELECT_PLACES, bounds))
        return [Place(row["originator_id"], row["position"]) for row in rows]

    def moved(self, versions: Mapping[str, int]) -> set[str]:
        """Which of these streams have grown beyond a version."""
        known = self._known(versions) | {"before": None}
        rows = with_retries(lambda: self._fetch(statements.MOVED_STREAMS, known))
        return {row["id"] for row in rows}

    def _known(self, versions: Mapping[str, int]) -> dict[str, Any]:
        return {
            "ledger": self.ledger_id,
            "ids": TextArray.of([*versions]),
            "versions": Int8Array.of([*versions.values()]),
        }

    def select_stream(self, originator_id: str) -> list[Notification]:
        """The events of one stream by version, each with its position in the log."""
        place = {"ledger": self.ledger_id, "id": originator_id}
        whole = place | {"gt": None, "lte": None, "limit": None}
        rows = with_retries(lambda: self._fetch(statements.SELECT_STREAM, whole))
        return [_notification(row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """A page of the log by position."""
        after = (start or 0) - (1 if start and inclusive_of_start else 0)
        bounds = {
            "ledger": self.ledger_id,
            "after": after,
            "stop": stop,
            "topics": list(topics) or None,
            "limit": limit,
        }
        rows = with_retries(lambda: self._fetch(statements.SELECT_LOG, bounds))
        return [_notification(row) for row in rows]

    def select_batch(
        self, after: int, limit: int, max_bytes: int, stop: int | None = None
    ) -> list[Notification]:
        """A page of the log that ends with the event at which `max_bytes` are reached."""
        bounds = {
            "ledger": self.ledger_id,
            "after": after,
            "stop": stop,
            "limit": limit,
            "max_bytes": max_bytes,
        }
        rows = with_retries(lambda: self._fetch(statements.SELECT_LOG_BY_SIZE, bounds))
        return [_notification(row) for row in rows]

    def select_catalog(
        self, after: int, limit: int, stop: int | None = None, without: Sequence[str] | None = None
    ) -> list[Notification]:
        """A page of the log without usage, or without the topics that are given, by position."""
        bounds: dict[str, Any] = {"ledger": self.ledger_id, "after": after, "stop": stop}
        bounds |= {"limit": limit, "topics": list(without or ())}
        statement = statements.SELECT_OTHER if without else statements.SELECT_CATALOG
        rows = with_retries(lambda: self._fetch(statement, bounds))
        return [_notification(row) for row in rows]

    def max_notification_id(self) -> int | None:
        """The last position, None while the log is empty."""
        return self.head()[0] or None

    def head(self) -> tuple[int, int]:
        """(last position, last position of an event other than usage); zeros when empty."""
        ledger = {"ledger": self.ledger_id}
        rows = with_retries(lambda: self._fetch(statements.SELECT_HEAD, ledger))
        return (rows[0]["position"], rows[0]["catalog_position"]) if rows else (0, 0)

    def _fetch(self, statement: LiteralString, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Rows come in PostgreSQL's binary form, in which states are as long as they are."""
        with self.datastore.get_connection() as conn:
            return conn.execute(statement, parameters, prepare=True, binary=True).fetchall()

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> PollingSubscription:
        """Follow the log by polling: a subscription that waits on a signal can sleep for ever."""
        return PollingSubscription(recorder=self, gt=gt, topics=topics)


def _notification(row: dict[str, Any]) -> Notification:
    return Notification(
        row["originator_id"],
        row["originator_version"],
        row["topic"],
        bytes(row["state"]),
        row["position"],
    )


__all__ = ["IntegrityError", "LedgerRecorder"]
