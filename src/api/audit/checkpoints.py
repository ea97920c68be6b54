"""Signing checkpoints of ledgers, when they are due or when somebody asks for one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

import structlog

from api.audit.signing_key import VARIABLE, Signer
from api.audit.usage import written
from api.services import Services
from ledger.audit.merkle.notes import Checkpoint, sign_note
from ledger.checkpoints.aggregate import has_news
from ledger.checkpoints.commands import SignCheckpoint
from ledger.kernel.clock import from_epoch, to_epoch
from ledger.kernel.commands import Circumstances, LedgerIdentity
from ledger.kernel.errors import InvalidRequest, LedgerError
from ledger.kernel.ids import new_id
from projections.audit.merkle.proofs import Tree
from projections.audit.merkle.queries import last_checkpoint, ledgers_to_sign
from projections.audit.merkle.rows import TILES, CheckpointRow
from projections.registry import PROJECTION_OF_TABLE

_log = structlog.get_logger("checkpoints")

CLOSING_GATHERS_SECONDS: Final = 60
"""Periods that close within this time of a checkpoint share the next one."""


class OtherKey(InvalidRequest):
    """Checkpoints of the ledger were signed by another key, and this one was not given."""

    def __init__(self) -> None:
        super().__init__(
            "This ledger's checkpoints were signed by another key than the one in the data folder, "
            f"which does not take over by itself. Set {VARIABLE}_FILE to the file with the key."
        )


def origin_of(identity: LedgerIdentity) -> str:
    """The name of a ledger's log in checkpoints, which is that of its key too."""
    return f"tallybook/{identity.account_id}/{identity.ledger_id}"


def sign_checkpoint(
    services: Services, identity: LedgerIdentity, signer: Signer, now: datetime, actor: str
) -> bool:
    """Sign and record a checkpoint of the tree as far as it has come; whether it said anything new.

    Raises OtherKey.
    """
    reader = services.reader(identity.ledger_id)
    tree = Tree(reader)
    size, last = tree.reached(), last_checkpoint(reader)
    if not has_news(size, last.size if last else 0):
        return False
    origin = origin_of(identity)
    key = str(signer.key.public(origin))
    if last is not None and last.key != key and not signer.given:
        raise OtherKey
    root = tree.root(size)
    command = SignCheckpoint(
        size=size,
        root=root.hex(),
        note=sign_note(Checkpoint(origin, size, root), signer.key),
        key=key,
    )
    circumstances = Circumstances(now, actor=actor, correlation_id=new_id("run"))
    outcome = services.application(identity).execute(command, circumstances)
    if outcome.events:
        services.wake(identity.ledger_id)
    return bool(outcome.events)


class DueCheckpoints:
    """Signs checkpoints at intervals, and soon after a period was closed."""

    def __init__(self, services: Services, signer: Signer, interval_seconds: int) -> None:
        self._services = services
        self._signer = signer
        self._interval = interval_seconds
        self._refused: set[int] = set()

    def sign(self, now: datetime, stopping: Callable[[], bool]) -> int:
        """Sign those that are due; how many. What is refused in one ledger, which is said once,
        holds up none of the others."""
        at, done = to_epoch(now), 0
        ledgers = ledgers_to_sign(
            self._services.datastore,
            PROJECTION_OF_TABLE[TILES.name],
            signed_before=at - self._interval,
            closing_signed_before=at - min(CLOSING_GATHERS_SECONDS, self._interval),
        )
        for ledger_id in ledgers:
            if not stopping():
                done += self._sign_one(ledger_id, now)
        return done

    def _sign_one(self, ledger_id: int, now: datetime) -> bool:
        identity = self._services.identity(ledger_id)
        try:
            return sign_checkpoint(self._services, identity, self._signer, now, "system:scheduler")
        except LedgerError as error:
            if ledger_id not in self._refused:
                self._refused.add(ledger_id)
                _log.warning("no checkpoint was signed", ledger=ledger_id, reason=error.message)
            return False


def checkpoint_object(row: CheckpointRow) -> dict[str, Any]:
    """A checkpoint as JSON; `position` is that of the event that recorded it."""
    return {
        "object": "checkpoint",
        "id": row.id,
        "size": row.size,
        "root": row.root,
        "note": row.note,
        "key": row.key,
        "position": row.sequence,
        "created": written(from_epoch(row.created)),
    }
