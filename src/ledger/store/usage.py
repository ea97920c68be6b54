"""Usage in the log: each identifier once, for ever, whatever is lost, repeated or raced.

The keys of a batch, its one event and the idempotency rows of its requests are written by one call
(`ledger.append_usage`), which is one transaction. A batch whose keys are all new stays; of any
other nothing does, what was there already is read back, and the rest is sent again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eventsourcing.persistence import InternalError, Notification

from ledger.kernel.clock import to_microseconds
from ledger.store import crash_points, statements
from ledger.store.arrays import ByteaArray, Int8Array, TextArray, UuidArray
from ledger.store.recorder import LedgerRecorder
from ledger.store.usage_batch import (
    ClaimTaken,
    Recorded,
    Seen,
    UsageBatch,
    UsageOutcome,
    first_of_each,
    repeats,
    usage_key,
)

STREAM = "usage"
"""The stream of every usage event; its version is the position."""

_ROUNDS = 100


class CatalogMoved(Exception):
    """The catalogue changed since the batch was validated, in a way that may matter to it."""


class UsageLog:
    """The usage of one ledger."""

    def __init__(self, recorder: LedgerRecorder, topic: str) -> None:
        self._recorder = recorder
        self._topic = topic

    def append(
        self,
        batch: UsageBatch,
        encode: Callable[[UsageBatch], bytes],
        *,
        validated_at: int,
        disturbed_by: Sequence[str],
        look_first: bool = False,
    ) -> list[UsageOutcome]:
        """Record what is new of the batch as one event; what became of each record, in order.

        `encode` gives the stored state of the event that holds a part of the batch.
        `validated_at` is the catalogue position that the batch was validated at. `look_first` is
        quicker for a batch that was probably recorded before.
        Raises CatalogMoved, with nothing recorded, when an event of a topic in `disturbed_by` was
        appended after it.
        """
        check = _Validation(validated_at, disturbed_by)
        outcomes = self.seen(batch) if look_first else {}
        for _ in range(_ROUNDS):
            pending = [i for i in range(len(batch)) if i not in outcomes]
            if not pending:
                break
            firsts = first_of_each(batch, pending)
            chosen = batch.subset(firsts)
            position = self._commit(chosen, encode(chosen), check)
            if position is not None:
                if len(firsts) == len(batch):
                    return [Recorded(position, ordinal) for ordinal in range(len(batch))]
                outcomes |= {i: Recorded(position, n) for n, i in enumerate(firsts)}
                if len(firsts) < len(pending):
                    outcomes |= repeats(batch, pending, firsts, position)
            else:
                found = self.seen(batch.subset(pending))
                outcomes |= {pending[n]: outcome for n, outcome in found.items()}
        else:
            raise InternalError("usage keys were refused and could not be read back")
        return [outcomes[i] for i in range(len(batch))]

    def seen(self, batch: UsageBatch) -> dict[int, UsageOutcome]:
        """What was there before, by its index in the batch: first of all the claims, since their
        requests have an answer already."""
        if not batch.records:
            return {}
        taken = self._select_claims([claim.key for claim in batch.claims if claim])
        rows = {row["key"].bytes: row for row in self._select_keys(batch.keys)}
        outcomes: dict[int, UsageOutcome] = {}
        for i, (claim, key) in enumerate(zip(batch.claims, batch.keys, strict=True)):
            row = rows.get(key)
            if claim and claim.key in taken:
                outcomes[i] = ClaimTaken(claim.key)
            elif row:
                same = row["fingerprint"] == int.from_bytes(batch.fingerprints[i], signed=True)
                outcomes[i] = Seen(row["position"], row["ordinal"], same)
        return outcomes

    def find(self, identifier: str) -> tuple[int, int] | None:
        """Position and ordinal of the meter event with an identifier."""
        found = self._select_keys([usage_key(identifier)])
        return (found[0]["position"], found[0]["ordinal"]) if found else None

    def at(self, position: int) -> Notification:
        """The stored event at a position. Raises LookupError when the log is shorter."""
        found = self._recorder.select_notifications(position, 1, stop=position)
        if not found:
            raise LookupError(f"the log holds no event at position {position}")
        return found[0]

    def _commit(self, batch: UsageBatch, state: bytes, check: "_Validation") -> int | None:
        """The position of the appended event, None when a key or claim was there before."""

        def attempt() -> int:
            crash_points.reach("before_commit", (self._topic,))
            return self._append(batch, state, check)

        try:
            position = self._recorder.with_retries(attempt, lambda: self._own_commit(batch, state))
        except _Refused:
            return None
        crash_points.reach("after_commit", (self._topic,))
        return position

    def _append(self, batch: UsageBatch, state: bytes, check: "_Validation") -> int:
        claims = [claim for claim in batch.claims if claim]
        answers = [claim.answer for claim in claims]
        call = {
            "ledger_id": self._recorder.ledger_id,
            "stream": STREAM,
            "topic": self._topic,
            "state": state,
            "keys": UuidArray.of(batch.keys),
            "fingerprints": Int8Array.packed(batch.fingerprints),
            "claims": TextArray.of([claim.key for claim in claims]),
            "hashes": ByteaArray.of([claim.request_hash for claim in claims]),
            "created": Int8Array.of([to_microseconds(claim.created_at) for claim in claims]),
            "statuses": Int8Array.of([answer.status if answer else 0 for answer in answers]),
            "bodies": ByteaArray.of([answer.body if answer else None for answer in answers]),
            "validated_at": check.validated_at,
            "disturbing": TextArray.of(check.disturbed_by),
        }
        with self._recorder.datastore.get_connection() as conn:
            row = conn.execute(statements.APPEND_USAGE, call, prepare=True).fetchone()
        match row["position"] if row else None:
            case None:
                raise InternalError("an append returned no row")
            case 0:
                raise _Refused
            case -1:
                raise CatalogMoved
            case position:
                return position

    def _own_commit(self, batch: UsageBatch, state: bytes) -> int | None:
        """Where exactly this event stands, if a commit whose answer was lost succeeded."""
        found = self._select_keys(batch.keys[:1])
        if not found or bytes(self.at(found[0]["position"]).state) != state:
            return None
        return found[0]["position"]

    def _select_keys(self, keys: Sequence[bytes]) -> list[dict[str, Any]]:
        with self._recorder.datastore.get_connection() as conn:
            return conn.execute(
                statements.SELECT_USAGE_KEYS,
                {"ledger": self._recorder.ledger_id, "keys": UuidArray.of(keys)},
                prepare=True,
            ).fetchall()

    def _select_claims(self, keys: list[str]) -> set[str]:
        if not keys:
            return set()
        with self._recorder.datastore.get_connection() as conn:
            rows = conn.execute(
                statements.SELECT_CLAIMED_KEYS,
                {"ledger": self._recorder.ledger_id, "keys": keys},
            ).fetchall()
        return {row["key"] for row in rows}


class _Refused(Exception):
    """A key or claim was there before, and nothing was recorded."""


@dataclass(frozen=True, slots=True)
class _Validation:
    validated_at: int
    disturbed_by: Sequence[str]
