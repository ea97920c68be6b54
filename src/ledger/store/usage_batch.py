"""A batch of usage records on its way into the log, and what became of each."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from ledger.kernel.events import Cause
from ledger.store.outcomes import IdempotencyRow

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """The record stands in the log now, at this place."""

    position: int
    ordinal: int


class Seen(msgspec.Struct, frozen=True, gc=False):
    """The identifier was recorded before, at this place, with the same content or with other."""

    position: int
    ordinal: int
    same: bool


class ClaimTaken(msgspec.Struct, frozen=True, gc=False):
    """The request's idempotency key was used before."""

    key: str


UsageOutcome = Recorded | Seen | ClaimTaken


@dataclass(slots=True)
class UsageBatch:
    """Records to append, with the key, fingerprint, idempotency row and cause of each."""

    records: list[bytes] = field(default_factory=list[bytes])
    keys: list[bytes] = field(default_factory=list[bytes])
    fingerprints: list[bytes] = field(default_factory=list[bytes])
    claims: list[IdempotencyRow | None] = field(default_factory=list[IdempotencyRow | None])
    causes: list[Cause | None] = field(default_factory=list[Cause | None])

    def __len__(self) -> int:
        return len(self.records)

    def add(
        self,
        identifier: str,
        record: bytes,
        claim: IdempotencyRow | None = None,
        cause: Cause | None = None,
    ) -> None:
        """Add a record in its canonical bytes. `cause` is None where the event's own says it."""
        self.records.append(record)
        self.keys.append(usage_key(identifier))
        self.fingerprints.append(fingerprint(record))
        self.claims.append(claim)
        self.causes.append(cause)

    def subset(self, chosen: Sequence[int]) -> "UsageBatch":
        """The records of these indexes, in this order."""
        if len(chosen) == len(self.records):
            return self
        return UsageBatch(
            [self.records[i] for i in chosen],
            [self.keys[i] for i in chosen],
            [self.fingerprints[i] for i in chosen],
            [self.claims[i] for i in chosen],
            [self.causes[i] for i in chosen],
        )


def usage_key(identifier: str) -> bytes:
    """The 16 bytes under which an identifier is unique.

    A canonical lower-case UUID of versions 1 to 8 stands for itself, so that time-ordered ones
    (version 7) are added at one end of the index. Any other text is hashed, and the four bits
    that hold the version of a UUID are cleared: no text can be chosen whose key is that of a
    UUID.
    """
    if len(identifier) == 36 and _UUID.fullmatch(identifier):
        return bytes.fromhex(identifier.replace("-", ""))
    hashed = bytearray(hashlib.blake2b(identifier.encode(), digest_size=16).digest())
    hashed[6] &= 0x0F
    return bytes(hashed)


def fingerprint(record: bytes) -> bytes:
    """64 bits that tell a repeated record from another one with its identifier."""
    return hashlib.blake2b(record, digest_size=8).digest()


def first_of_each(batch: UsageBatch, pending: list[int]) -> list[int]:
    """The first record of each usage key and of each idempotency key."""
    if len(set(batch.keys)) == len(pending) == len(batch) and not any(batch.claims):
        return pending
    keys: set[bytes] = set()
    claims: set[str] = set()
    firsts: list[int] = []
    for i in pending:
        key, claim = batch.keys[i], batch.claims[i]
        if key in keys or (claim and claim.key in claims):
            continue
        keys.add(key)
        if claim:
            claims.add(claim.key)
        firsts.append(i)
    return firsts


def repeats(
    batch: UsageBatch, pending: list[int], firsts: list[int], position: int
) -> dict[int, UsageOutcome]:
    """What became of the records that repeat one that was recorded just now."""
    claims = {claim.key for i in firsts if (claim := batch.claims[i])}
    ordinals = {batch.keys[i]: n for n, i in enumerate(firsts)}
    recorded = set(firsts)
    outcomes: dict[int, UsageOutcome] = {}
    for i in pending:
        if i in recorded:
            continue
        claim, ordinal = batch.claims[i], ordinals.get(batch.keys[i])
        if claim and claim.key in claims:
            outcomes[i] = ClaimTaken(claim.key)
        elif ordinal is not None:
            same = batch.fingerprints[firsts[ordinal]] == batch.fingerprints[i]
            outcomes[i] = Seen(position, ordinal, same)
    return outcomes
