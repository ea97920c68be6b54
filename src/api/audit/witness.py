"""Whether a log still begins with what an old checkpoint is about."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.audit.checkpoints import origin_of
from api.services import Services
from ledger.audit.merkle.entries import MalformedUsage
from ledger.audit.merkle.log_root import root_of_log
from ledger.audit.merkle.notes import (
    Checkpoint,
    NoteRefused,
    PublicKey,
    keys_named,
    open_note,
    read_note,
)
from ledger.kernel.commands import LedgerIdentity
from ledger.kernel.errors import InvalidRequest
from projections.audit.merkle.queries import log_keys


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A kept checkpoint and the log of now: its last position, and the root over as many events as
    the checkpoint is about, None where they are not there any more.

    `signed_by` is the key whose signature was checked, None where the ledger knows none of the
    note's.
    """

    kept: Checkpoint
    head: int
    root: bytes | None
    sentence: str
    signed_by: str | None

    @property
    def extends(self) -> bool:
        return self.root == self.kept.root

    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "object": "checkpoint_comparison",
            "extends": self.extends,
            "reason": self.sentence,
            "origin": self.kept.origin,
            "size": self.kept.size,
            "head": self.head,
            "kept_root": self.kept.root.hex(),
            "root": self.root.hex() if self.root else None,
            "signed_by": self.signed_by,
        }


def witness(
    services: Services,
    ledger: LedgerIdentity,
    kept: str,
    public_key: str | None,
    progress: Callable[[int, int], None],
) -> Witnessed:
    """Compare a kept note with the log itself.

    Raises InvalidRequest for a text that is no checkpoint of this ledger, or was not signed by the
    key that is asked for, or does not go with a signature by one that the ledger names.
    """
    checkpoint, signed_by = _opened(services, ledger, kept, public_key)
    origin = origin_of(ledger)
    if checkpoint.origin != origin:
        raise InvalidRequest(f"The checkpoint is of {checkpoint.origin}; this ledger is {origin}.")
    recorder = services.log(ledger.ledger_id).recorder
    head, root = recorder.head()[0], None
    try:
        root = root_of_log(recorder, checkpoint.size, progress)
        sentence = "the log begins with the same events as it did then."
        if root != checkpoint.root:
            sentence = "events that were recorded before the checkpoint were changed since."
    except LookupError as missing:
        sentence = f"{missing}."
    except (MalformedUsage, zlib.error) as unreadable:
        sentence = f"an event recorded before the checkpoint cannot be read: {unreadable}."
    return Witnessed(checkpoint, head, root, sentence, signed_by)


def _opened(
    services: Services, ledger: LedgerIdentity, kept: str, public_key: str | None
) -> tuple[Checkpoint, str | None]:
    try:
        if public_key is not None:
            return open_note(kept, [PublicKey.parse(public_key)]), public_key
        known = [PublicKey.parse(one.key) for one in log_keys(services.reader(ledger.ledger_id))]
        signers = keys_named(kept, known)
        if not signers:
            return read_note(kept), None
        return open_note(kept, signers), str(signers[0])
    except NoteRefused as refused:
        raise InvalidRequest(str(refused)) from None
