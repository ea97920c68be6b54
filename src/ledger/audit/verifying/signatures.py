"""Signed checkpoints, those in the log and one that an outsider kept, held against the log."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from ledger.audit.merkle.notes import (
    Checkpoint,
    NoteRefused,
    PublicKey,
    keys_named,
    open_note,
    read_note,
)
from ledger.audit.verifying.findings import SIGNED, Findings
from ledger.checkpoints.events import CheckpointSigned

RootAt = Callable[[int], bytes]
"""The root over the first so many events, as they are stored now."""


class Signed(NamedTuple):
    """A checkpoint that the log holds."""

    position: int
    event: CheckpointSigned


def check_signed(
    ledger_id: int,
    signed: Sequence[Signed],
    root_at: RootAt,
    trusted: Sequence[PublicKey],
    findings: Findings,
) -> None:
    """Each signature, and each root. Where there are keys that are trusted, only those count."""
    good = 0
    origins: set[str] = set()
    for one in signed:
        checkpoint = _opened(one, trusted, findings)
        if checkpoint is None:
            continue
        origins.add(checkpoint.origin)
        wrong = _contradiction(ledger_id, one, checkpoint, origins)
        if wrong is not None:
            findings.add(SIGNED, wrong, one.position, _named(checkpoint.size))
        elif _holds(checkpoint, root_at, good, findings):
            good = max(good, checkpoint.size)


def check_kept(
    kept: str,
    head: int,
    root_at: RootAt,
    known: Sequence[PublicKey],
    findings: Findings,
) -> None:
    """A note that somebody outside kept: does the log still begin with what it is about?

    Raises NoteRefused for a text that is none, or whose signature by a key that is known is wrong.
    """
    signers = keys_named(kept, known)
    checkpoint = open_note(kept, signers) if signers else read_note(kept)
    if checkpoint.size > head:
        what = f"the one that was kept is about {checkpoint.size} events, and the log has {head}"
        findings.add(SIGNED, what, head + 1, _named(checkpoint.size))
    else:
        _holds(checkpoint, root_at, 0, findings)


def keys_of(signed: Iterable[Signed]) -> list[PublicKey]:
    """The keys that checkpoints of the log say they are signed by."""
    keys: dict[str, PublicKey] = {}
    for one in signed:
        with suppress(NoteRefused):
            keys[one.event.key] = PublicKey.parse(one.event.key)
    return [*keys.values()]


def _opened(one: Signed, trusted: Sequence[PublicKey], findings: Findings) -> Checkpoint | None:
    try:
        return open_note(one.event.note, trusted or [PublicKey.parse(one.event.key)])
    except NoteRefused as refused:
        findings.add(SIGNED, f"it is not signed: {refused}", one.position, _named(one.event.size))
        return None


def _contradiction(
    ledger_id: int, one: Signed, checkpoint: Checkpoint, origins: set[str]
) -> str | None:
    """What a checkpoint says that its event, its place or its ledger do not."""
    event = one.event
    if (event.size, event.root) != (checkpoint.size, checkpoint.root.hex()):
        return "its note says another size or root than its event"
    if checkpoint.origin.rpartition("/")[2] != str(ledger_id) or len(origins) > 1:
        return f"it is of {checkpoint.origin}"
    if event.size >= one.position:
        return f"it stands at {one.position}, within what it is about"
    return None


def _holds(checkpoint: Checkpoint, root_at: RootAt, good: int, findings: Findings) -> bool:
    """Whether the first events are those that were signed. Where none of them is known to be wrong,
    the first is named that no earlier checkpoint vouches for."""
    if root_at(checkpoint.size) == checkpoint.root:
        return True
    first = findings.first_cause(good + 1, checkpoint.size) or good + 1
    what = f"of the events {good + 1} through {checkpoint.size} any is not what was signed"
    findings.add(SIGNED, what, first, _named(checkpoint.size))
    return False


def _named(size: int) -> str:
    return f"ckpt_{size}"
